"""assay report: what a study has found so far, without running anything."""

from __future__ import annotations

import json
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

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
from assay.reporting.markdown import markdown
from assay.reporting.tables import summary
from assay.runners.gather import gather_study
from assay.runners.processes import ProcessRunner


class Format(StrEnum):
    """What a report is written as."""

    TABLE = "table"
    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"


def report(
    file: FileOption,
    store: StoreOption = DEFAULT_STORE,
    study: StudyOption = None,
    output: Annotated[
        Format, typer.Option("--output", "-o", help="Tables, one HTML file, Markdown for a pull request, or JSON.")
    ] = Format.TABLE,
    to: Annotated[Path | None, typer.Option("--to", help="File to write instead of printing.")] = None,
) -> None:
    """Show what a study has found so far, from the store."""
    resource, manifests = load_study(file, study)
    ledger = open_ledger(store, resource)
    with ProcessRunner(paths=[folder_of(file)], log_folder=log_folder(resource), preload=[]) as runner:
        gathered = gather_study(resource, manifests.hypotheses, runner)
    records = records_of(gathered, ledger, ())
    status = plan(gathered, records, time.time()).status
    if output is Format.TABLE and to is None:
        Console().print(summary(gathered, status))
        return
    match output:
        case Format.HTML:
            text = html_report(gathered, records, status)
        case Format.MARKDOWN:
            text = markdown(gathered, status)
        case Format.JSON:
            text = json.dumps(status.to_dict(), indent=2, ensure_ascii=False)
        case Format.TABLE:
            console = Console(record=True, quiet=True, width=120)
            console.print(summary(gathered, status))
            text = console.export_text()
    if to is None:
        typer.echo(text)
    else:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
