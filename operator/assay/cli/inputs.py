"""What the commands are given: manifests, which of their studies, and the store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from assay.api.errors import InvalidInput, Problem, nearest
from assay.api.load import Manifests, load_manifests
from assay.store import Ledger
from assay_trainer.objects import open_objects

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudy
    from assay_trainer.objects import Objects

DEFAULT_STORE = ".assay/store"

FileOption = Annotated[
    Path, typer.Option("--file", "-f", help="Manifests: a YAML file, or a folder of them.", show_default=False)
]
StudyOption = Annotated[
    str | None, typer.Option("--study", help="Name of the study, if the manifests hold several.", show_default=False)
]
StoreOption = Annotated[
    str,
    typer.Option("--store", envvar="ASSAY_STORE", help="Where results are kept: a folder, or file:///folder."),
]
SlotsOption = Annotated[
    int | None,
    typer.Option(
        "--slots", min=1, help="Trials at a time. Default: one per GPU, or else per core.", show_default=False
    ),
]


def load_study(file: Path, name: str | None) -> tuple[ProxyStudy, Manifests]:
    """The study of that name, or the only one. Raises InvalidInput."""
    manifests = load_manifests(file)
    names = [study.name for study in manifests.studies]
    if name is not None and name not in names:
        raise InvalidInput([Problem(str(file), "--study", repr(name), _one_of(names), nearest(name, names))])
    if name is None and len(names) != 1:
        given = "several studies, and no --study" if names else "no ProxyStudy"
        raise InvalidInput([Problem(str(file), "", given, _one_of(names) if names else "one ProxyStudy or more")])
    return manifests.studies[names.index(name) if name else 0], manifests


def open_store(store: str, study: ProxyStudy) -> Objects:
    """The part of the store that belongs to the study's namespace. Raises InvalidInput."""
    uri = store if urlsplit(store).scheme else Path(store).absolute().as_uri()
    try:
        return open_objects(f"{uri.rstrip('/')}/{study.metadata.namespace or 'default'}")
    except ValueError as error:
        raise InvalidInput([Problem("assay", "--store", store, str(error))]) from error


def open_ledger(store: str, study: ProxyStudy) -> Ledger:
    """The ledger of the study's namespace."""
    return Ledger(open_store(store, study))


def folder_of(file: Path) -> Path:
    """Where a team's own modules may be, beside the manifests."""
    return file if file.is_dir() else file.parent


def log_folder(study: ProxyStudy) -> Path:
    """Where what trials print goes, on this machine."""
    return Path(os.environ.get("ASSAY_LOGS", ".assay/logs")) / study.name


def _one_of(names: list[str]) -> str:
    return f"one of {', '.join(names)}"
