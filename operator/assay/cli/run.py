"""assay run: a study on this machine, from its manifests to its ranking."""

from __future__ import annotations

import json
import pkgutil
import sys
import time
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from assay.api.errors import InvalidInput, Problem, nearest
from assay.cli.exits import DONE, FAILED, INTERRUPTED
from assay.cli.inputs import (
    DEFAULT_STORE,
    CpuDevicesOption,
    FileOption,
    SlotsOption,
    StoreOption,
    StudyOption,
    ThreadsOption,
    load_study,
    open_ledger,
)
from assay.cli.output import ExplainOption, Output, OutputOption

if TYPE_CHECKING:
    from assay.api.reading.load import Manifests
    from assay.api.resources import ProxyStudy, ProxyStudyStatus
    from assay.cli.screen import Screen
    from assay.planning.study.study import Study
    from assay.runners.processes import ProcessRunner
    from assay.store import Ledger


def run(
    file: FileOption,
    store: StoreOption = DEFAULT_STORE,
    output: OutputOption = Output.TABLE,
    study: StudyOption = None,
    slots: SlotsOption = None,
    threads: ThreadsOption = None,
    cpu_devices: CpuDevicesOption = False,
    preload: Annotated[
        str | None,
        typer.Option(
            "--preload",
            help="Modules to import once for all trials, separated by commas. Default: torch, and what the modules of "
            "the train functions import.",
        ),
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed trials once more.")] = False,
    explain: ExplainOption = False,
) -> None:
    """Run a study: train what is missing, show what is known, end with the ranking. Run it again to go on."""
    from assay.cli.local_runner import local_runner
    from assay.cli.lock import locked
    from assay.cli.screen import Screen
    from assay.planning.study.programs import see_the_same

    resource, manifests = load_study(file, study)
    ledger = open_ledger(store, resource)
    modules = None if preload is None else _installed(preload)
    if modules is None and not see_the_same(resource.spec, manifests.hypotheses):
        modules = []  # what reads a variable when it is imported must do so for each hypothesis
    with Screen(quiet=output is Output.JSON) as screen:
        try:
            with (
                locked(ledger.uri, resource.name) as lock,
                local_runner(
                    file,
                    resource,
                    manifests,
                    slots=slots,
                    preload=modules,
                    inherited=() if lock is None else (lock,),
                    threads=threads,
                    cpu_devices=cpu_devices,
                ) as runner,
            ):
                screen.begin(resource.name)
                ended = _drive(resource, manifests, ledger, runner, screen, retry_failed=retry_failed)
            _print(ended, screen, output, explain=explain)
        except KeyboardInterrupt:
            screen.say("Stopped. Nothing is lost: the same command goes on from here.")
            raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(exit_code(ended.status))


class _Ended(NamedTuple):
    """A study that has run, its status with the URIs of its report and ledger, and the seconds it took."""

    study: Study
    status: ProxyStudyStatus
    seconds: float


def _drive(
    resource: ProxyStudy,
    manifests: Manifests,
    ledger: Ledger,
    runner: ProcessRunner,
    screen: Screen,
    *,
    retry_failed: bool,
) -> _Ended:
    from assay.cli.variables import say_missed_variables
    from assay.reporting.written import write_report
    from assay.rounds.gather import gather_study
    from assay.rounds.reconcile import drive, forgive_failures, interrupt

    began = time.time()
    study = gather_study(resource, manifests.hypotheses, runner)
    say_missed_variables(runner)
    if retry_failed:
        forgive_failures(study, ledger)
    try:
        latest = drive(study, ledger, runner, time.time, lambda each: screen.show(study, each, began))
    except KeyboardInterrupt:
        interrupt(study.name, ledger, runner)
        raise
    seconds = time.time() - began
    written = write_report(study, ledger, latest.plan)
    status = latest.plan.status.model_copy(update={"report": written.report, "ledger": written.trials})
    return _Ended(study, status, seconds)


def _print(ended: _Ended, screen: Screen, output: Output, *, explain: bool) -> None:
    from assay.reporting.tables import summary

    study, status, seconds = ended
    if output is Output.JSON:
        typer.echo(json.dumps(status.to_dict(), indent=2, ensure_ascii=False))
    else:
        screen.print(summary(study, status, explain=explain))
        screen.print(f"{status.trials.succeeded} trials in {seconds:.0f} s. Report: {status.report}")


def _installed(preload: str) -> list[str]:
    """Return the modules that --preload names. Raises InvalidInput if one of them is not installed."""
    modules = [name for name in preload.split(",") if name]
    there = [*sys.builtin_module_names, *(module.name for module in pkgutil.iter_modules())]
    for name in modules:
        if name.partition(".")[0] not in there:
            problem = Problem("assay run", "--preload", repr(name), "modules that are installed", nearest(name, there))
            raise InvalidInput([problem])
    return modules


def exit_code(status: ProxyStudyStatus) -> int:
    """Return 0 if the study has answered its question, else 1."""
    from assay.api.conditions import ConditionType

    return DONE if status.holds(ConditionType.SUCCEEDED) else FAILED
