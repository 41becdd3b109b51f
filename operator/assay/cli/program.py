"""The program: its options, and what its exit codes mean.

0 done · 1 the study, its runner or its store failed · 2 bad input · 130 interrupted
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import typer

from assay.api.version import VERSION
from assay.cli.commands import Commands, program
from assay.cli.exits import BAD_INPUT, FAILED

KUBECTL_PLUGIN = "kubectl assay"

_COMPLETION_OPTIONS = ("--install-completion", "--show-completion")
_SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")


def is_kubectl_plugin() -> bool:
    """Return whether kubectl started the program."""
    return Path(sys.argv[0]).name == "kubectl-assay"


app = program(
    name="assay",
    add_completion=not is_kubectl_plugin(),  # the shell completes kubectl's plug-ins by kubectl_complete-assay
    cls=Commands,
    help="Which cheap comparison of hypotheses may be trusted, what it saves, and where the time goes.",
    epilog="Exit codes: 0 done, 1 the study failed, 2 bad input, 130 interrupted.",
    no_args_is_help=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"assay {VERSION}")
        raise typer.Exit


@app.callback()
def _program(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_print_version, is_eager=True),
) -> None:
    """Take the options that stand before a command."""


def run_program() -> None:
    """Run the command line and exit with its code. Typer reports what is wrong with the command itself, with code 2."""
    _let_shell_be_named()
    try:
        app(prog_name=KUBECTL_PLUGIN if is_kubectl_plugin() else None)
    except Exception as error:
        _explain(error)
        raise


def _let_shell_be_named() -> None:
    """Let the options of completion take the name of a shell.

    By itself Typer takes none, and looks for the shell that started the program: in a container or a pipeline there may
    be none.
    """
    for option, shell in zip(sys.argv[1:], sys.argv[2:], strict=False):
        if option in _COMPLETION_OPTIONS and shell in _SHELLS:
            os.environ["_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"] = "1"  # the only way in that Typer has


def _explain(error: Exception) -> None:
    """Exit with a message if the error is meant for people. The imports cost nothing: whoever raised one of these has
    imported its module already."""
    from assay.api.errors import InvalidInput
    from assay.kube.errors import KubeError
    from assay.runners.protocol import RunnerFailed
    from assay_trainer.objects import StoreError

    match error:
        case InvalidInput():
            _end(str(error), BAD_INPUT)
        case StoreError() | RunnerFailed() | KubeError():
            _end(f"assay: {error}", FAILED)
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            _end(f"assay: {where}{error.strerror or error}", FAILED)


def _end(text: str, code: int) -> NoReturn:
    typer.echo(text, err=True)
    sys.exit(code)
