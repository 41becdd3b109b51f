"""The program: its commands, and what its exit codes mean.

0 done · 1 the study, its runner or its store failed · 2 bad input · 130 interrupted
"""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

from assay import __version__
from assay.api.errors import InvalidInput
from assay.cli.cluster.logs import logs
from assay.cli.cluster.retry import retry
from assay.cli.cluster.status import status
from assay.cli.crds import crds
from assay.cli.exits import BAD_INPUT, FAILED
from assay.cli.plan import plan
from assay.cli.profile import profile
from assay.cli.replay import replay
from assay.cli.report import report
from assay.cli.run import run
from assay.cli.shards import shards
from assay.cli.validate import validate
from assay.kube.errors import KubeError
from assay.runners.protocol import RunnerFailed
from assay_trainer.objects import StoreError

app = typer.Typer(
    name="assay",
    help="Which cheap comparison of hypotheses may be trusted, what it saves, and where the time goes.",
    epilog="Exit codes: 0 done, 1 the study failed, 2 bad input, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (validate, plan, run, replay, profile, report, status, logs, retry, crds):
    app.command()(command)
app.add_typer(shards, name="shards")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"assay {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_print_version, is_eager=True),
) -> None:
    """Options of the program itself."""


def run_program() -> None:
    """Run the command line and exit with its code. What is wrong with the command itself, Typer says, with code 2."""
    try:
        app()
    except InvalidInput as error:
        _end(str(error), BAD_INPUT)
    except (StoreError, RunnerFailed, KubeError) as error:
        _end(f"assay: {error}", FAILED)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _end(f"assay: {where}{error.strerror or error}", FAILED)


def _end(text: str, code: int) -> NoReturn:
    typer.echo(text, err=True)
    sys.exit(code)
