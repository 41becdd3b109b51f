"""assay report: what a study has found so far, without running anything."""

from __future__ import annotations

import json
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assay.api.errors import InvalidInput, Problem
from assay.cli.inputs import (
    DEFAULT_STORE,
    FileOption,
    StoreOption,
    StudyOption,
    folder_of,
    load_study,
    log_folder,
    open_ledger,
)
from assay.planning.plan import plan
from assay.reporting.markdown import markdown
from assay.reporting.tables import summary
from assay.runners.gather import gather_study
from assay.runners.processes import ProcessRunner
from assay.runners.reconcile import records_of

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudyStatus
    from assay.planning.records import Records
    from assay.planning.study import Study


class Format(StrEnum):
    """What a report is written as."""

    TABLE = "table"
    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


SUFFIXES = {".html": Format.HTML, ".md": Format.MARKDOWN, ".json": Format.JSON}
"""Formats of files that are named so, unless another is asked for."""

FILE_COLUMNS = 120
"""Width of tables that are written to a file."""


def report(
    file: FileOption,
    store: StoreOption = DEFAULT_STORE,
    study: StudyOption = None,
    output: Annotated[
        Format | None,
        typer.Option(
            "--output",
            "-o",
            help="Tables, one HTML file, Markdown for a pull request, or the study's status as JSON. "
            "Default: what the name after --to says, else tables.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write instead of printing.", show_default=False)
    ] = None,
) -> None:
    """Show what a study has found so far, from the store."""
    resource, manifests = load_study(file, study)
    ledger = open_ledger(store, resource)
    with ProcessRunner(paths=[folder_of(file)], log_folder=log_folder(resource), preload=[]) as runner:
        gathered = gather_study(resource, manifests.hypotheses, runner)
    records = records_of(gathered, ledger, ())
    status = plan(gathered, records, time.time()).status
    chosen = output or (SUFFIXES.get(to.suffix, Format.TABLE) if to else Format.TABLE)
    if to is not None:
        _write(to, _text(chosen, gathered, records, status))
        typer.echo(f"Written: {to}", err=True)
    elif chosen is Format.TABLE:
        Console().print(summary(gathered, status))
    else:
        typer.echo(_text(chosen, gathered, records, status))


def _text(chosen: Format, study: Study, records: Records, status: ProxyStudyStatus) -> str:
    match chosen:
        case Format.HTML:
            from assay.reporting.html import html_report  # imports altair

            return html_report(study, records, status)
        case Format.MARKDOWN:
            return markdown(study, status)
        case Format.JSON:
            return json.dumps(status.to_dict(), indent=2, ensure_ascii=False)
        case Format.TABLE:
            console = Console(record=True, quiet=True, width=FILE_COLUMNS)
            console.print(summary(study, status))
            return console.export_text()


def _write(to: Path, text: str) -> None:
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
    except OSError as error:
        problem = Problem("assay report", "--to", f"{to} ({error.strerror})", "a file that can be written")
        raise InvalidInput([problem]) from error
