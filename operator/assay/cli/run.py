"""assay run: a study on this machine, from its manifests to its ranking."""

from __future__ import annotations

import json
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from assay.api.conditions import ConditionType
from assay.cli.exits import DONE, FAILED, INTERRUPTED
from assay.cli.inputs import (
    DEFAULT_STORE,
    FileOption,
    SlotsOption,
    StoreOption,
    StudyOption,
    folder_of,
    load_study,
    log_folder,
    open_ledger,
)
from assay.cli.lock import locked
from assay.cli.screen import Screen
from assay.reporting.tables import summary
from assay.reporting.written import write_report
from assay.runners.gather import gather_study
from assay.runners.processes import ProcessRunner
from assay.runners.reconcile import drive, forgive_failures, interrupt, records_of

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudyStatus


class Output(StrEnum):
    """What a command prints."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="Tables for people, or the study's status as JSON.")
]


def run(
    file: FileOption,
    store: StoreOption = DEFAULT_STORE,
    output: OutputOption = Output.TABLE,
    study: StudyOption = None,
    slots: SlotsOption = None,
    preload: Annotated[
        str | None,
        typer.Option(
            "--preload", help="Modules, with commas, to import once for all trials. Default: what they all need."
        ),
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed trials once more.")] = False,
) -> None:
    """Run a study: train what is missing, show what is known, end with the ranking. Run it again to go on."""
    resource, manifests = load_study(file, study)
    ledger = open_ledger(store, resource)
    with (
        Screen(quiet=output is Output.JSON) as screen,
        locked(ledger.uri, resource.name) as lock,
        ProcessRunner(
            paths=[folder_of(file)],
            log_folder=log_folder(resource),
            slots=slots,
            preload=[module for module in preload.split(",") if module] if preload is not None else None,
            inherited=() if lock is None else (lock,),
        ) as runner,
    ):
        started = time.time()
        gathered = gather_study(resource, manifests.hypotheses, runner)
        if retry_failed:
            forgive_failures(gathered, ledger)
        try:
            decided = drive(gathered, ledger, runner, time.time, lambda latest: screen.show(gathered, latest, started))
        except KeyboardInterrupt:
            interrupt(ledger, runner)
            screen.print("Stopped. Nothing is lost: the same command goes on from here.")
            raise typer.Exit(INTERRUPTED) from None
    elapsed = time.time() - started
    records = records_of(gathered, ledger, ())
    written = write_report(gathered, records, ledger, decided.status)
    status = decided.status.model_copy(update={"report": written.report, "ledger": written.trials})
    if output is Output.JSON:
        typer.echo(json.dumps(status.to_dict(), indent=2, ensure_ascii=False))
    else:
        screen.print(summary(gathered, status))
        screen.print(f"{status.trials.succeeded} trials in {elapsed:.0f} s. Report: {written.report}")
    raise typer.Exit(exit_code(status))


def exit_code(status: ProxyStudyStatus) -> int:
    """0 if the study has said what it was asked, else 1."""
    succeeded = {condition.type: condition.status for condition in status.conditions}.get(ConditionType.SUCCEEDED)
    return DONE if succeeded == "True" else FAILED
