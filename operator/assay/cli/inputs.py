"""The inputs of the commands: manifests, the study among them, and the store."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.api.errors import InvalidInput, Problem, nearest
from assay.cli.manifest_files import STANDARD_INPUT, in_words, manifest_paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.api.reading.load import Manifests
    from assay.api.resources import ProxyStudy
    from assay.store import Ledger
    from assay_trainer.objects import Objects

DEFAULT_STORE = ".assay/store"
STORES = "a folder, file:///folder, or s3://bucket/prefix"

FileOption = Annotated[
    list[str],
    typer.Option(
        "--file",
        "-f",
        help="Manifests: a YAML file, a folder of them, a pattern in quotes, or - for standard input. May be given "
        "several times; all of them count.",
        show_default=False,
    ),
]
StudyOption = Annotated[
    str | None, typer.Option("--study", help="Name of the study, if the manifests hold several.", show_default=False)
]
StoreOption = Annotated[
    str,
    typer.Option("--store", envvar="ASSAY_STORE", help=f"Where results are kept: {STORES}."),
]
SlotsOption = Annotated[
    int | None,
    typer.Option(
        "--slots",
        min=1,
        help="How many trials run at a time. Default: one per GPU, or one per core without GPUs.",
        show_default=False,
    ),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        help="CPU threads of each process of a trial, whatever spec.trainer.threads says. As many fewer trials run at "
        "a time.",
        show_default=False,
    ),
]
CpuDevicesOption = Annotated[
    bool,
    typer.Option(
        "--cpu-devices",
        help="Without GPUs, run a trial of several devices as so many processes on the CPU: to try such a train "
        "function.",
    ),
]


def load_study(given: Sequence[str], name: str | None) -> tuple[ProxyStudy, Manifests]:
    """Return the study of that name, or the only one, from the files that the `-f` options name. Raises
    InvalidInput."""
    manifests = load_given(given)
    names = [study.name for study in manifests.studies]
    where = in_words(given)
    if name is not None and name not in names:
        raise InvalidInput([Problem(where, "--study", repr(name), _one_of(names), nearest(name, names))])
    if name is None and len(names) != 1:
        found = "several studies, and no --study" if names else "no ProxyStudy"
        raise InvalidInput([Problem(where, "", found, _one_of(names) if names else "one ProxyStudy or more")])
    return manifests.studies[names.index(name) if name else 0], manifests


def load_given(given: Sequence[str]) -> Manifests:
    """Return all manifests from the files that the `-f` options name. Raises InvalidInput."""
    from assay.api.reading.load import load_manifests

    paths = manifest_paths(given)
    if Path(STANDARD_INPUT) in paths and sys.stdin.isatty():
        typer.echo("Reading manifests from standard input; Ctrl-D ends them.", err=True)
    return load_manifests(*paths)


def open_store(store: str, study: ProxyStudy) -> Objects:
    """Open the part of the store that belongs to the study's namespace. Raises InvalidInput."""
    from assay_trainer.objects import open_objects

    uri = store_uri("assay", "--store", store)
    return open_objects(f"{uri.rstrip('/')}/{study.metadata.namespace or 'default'}")


def store_uri(command: str, option: str, given: str) -> str:
    """Return the URI of a place that a command's option gives as a folder or a URI. Raises InvalidInput."""
    from assay_trainer.objects import open_objects

    if given.startswith(("s3:", "file:")) and "://" not in given:  # it would be a folder of that name
        scheme, _, rest = given.partition(":")
        meant = f"{scheme}://{'/' if scheme == 'file' else ''}{rest.lstrip('/')}"
        raise InvalidInput([Problem(command, option, repr(given), STORES, meant)])
    uri = given if "://" in given else Path(given).absolute().as_uri()
    try:
        open_objects(uri)
    except ValueError:
        raise InvalidInput([Problem(command, option, repr(given), STORES)]) from None
    if not given:  # most likely a variable that is not set
        raise InvalidInput([Problem(command, option, "nothing", STORES)])
    return uri


def open_ledger(store: str, study: ProxyStudy) -> Ledger:
    """Open the ledger of the study's namespace. Raises InvalidInput."""
    from assay.store import Ledger

    return Ledger(open_store(store, study))


def log_folder(study: ProxyStudy) -> Path:
    """Return the folder on this machine that the output of the study's trials goes to."""
    return Path(os.environ.get("ASSAY_LOGS", ".assay/logs")) / study.name


def _one_of(names: list[str]) -> str:
    return f"one of {', '.join(names)}"
