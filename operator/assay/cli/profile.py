"""assay profile: where the baseline's time goes, and what each proxy and each switch would bring."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.exits import FAILED
from assay.cli.inputs import DEFAULT_STORE, FileOption, StoreOption, StudyOption, load_study, open_store
from assay.cli.output import Output

if TYPE_CHECKING:
    from assay.planning.study.study import Study
    from assay.reporting.profile import Measured
    from assay.runners.protocol import Runner
    from assay.store import Ledger
    from assay.store.traces import Traced
    from assay_trainer.contract import PreparationResult, TrialResult
    from assay_trainer.objects import Objects


def profile(
    file: FileOption,
    study: StudyOption = None,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="How many times each variant runs.")] = 2,
    layers: Annotated[
        bool,
        typer.Option(
            "--layers",
            help="Run the reference once more, with torch's profiler on for a few steps, and show how long each kind "
            "of layer takes. The trace goes into the store.",
        ),
    ] = False,
    store: StoreOption = DEFAULT_STORE,
    output: Annotated[Output, typer.Option("--output", "-o", help="Tables for people, or all of it as JSON.")] = (
        Output.TABLE
    ),
) -> None:
    """Run the baseline's trial alone on this machine: say where the time goes and what would make it faster."""
    from rich.console import Console

    from assay.cli.local_runner import local_runner
    from assay.reporting.profile import profile_document, profile_table
    from assay.rounds.gather import gather_study
    from assay.store import Ledger
    from assay_trainer.objects import FileObjects

    resource, manifests = load_study(file, study)
    kept = open_store(store, resource) if layers else None
    with (
        tempfile.TemporaryDirectory(prefix="assay-profile-") as folder,
        local_runner(file, resource, manifests, slots=1) as runner,
    ):
        gathered = gather_study(resource, manifests.hypotheses, runner)
        objects = FileObjects(Path(folder))
        ledger = Ledger(objects)
        prepared = _prepare(gathered, ledger, runner)
        measured = _measure(gathered, ledger, runner, repeats)
        traced = None if kept is None else _trace(gathered, ledger, objects, runner, kept, seed=repeats)
    if output is Output.JSON:
        typer.echo(json.dumps(profile_document(gathered, measured, prepared, traced), indent=2))
    else:
        Console().print(profile_table(gathered, measured, prepared, traced))
        if traced is not None and traced.trace is not None:  # on a line that nothing wraps, to be copied whole
            typer.echo(f"Trace, for https://ui.perfetto.dev or chrome://tracing:\n{traced.trace}")


def _prepare(study: Study, ledger: Ledger, runner: Runner) -> dict[str, PreparationResult]:
    """Run the preparations that the trials of some arms need, and return their results by arm."""
    from assay.planning.study.profiled_variants import preparations_of
    from assay.rounds.one_at_a_time import run_to_end
    from assay_trainer.contract import PreparationResult

    prepared = {}
    for preparation in preparations_of(study):
        typer.echo(f"core-set scores for {preparation.arm}", err=True)
        outcome = run_to_end(study.name, preparation, ledger, runner, time.time())
        _show_failure(outcome, preparation.arm)
        if isinstance(outcome, PreparationResult):
            prepared[preparation.arm] = outcome
    return prepared


def _measure(study: Study, ledger: Ledger, runner: Runner, repeats: int) -> list[Measured]:
    """Run every variant once, then every variant again, so that a machine that gets slower slows all of them."""
    from assay.planning.study.profiled_variants import variant_request, variants
    from assay.reporting.profile import Measured
    from assay.rounds.one_at_a_time import run_to_end
    from assay_trainer.contract import TrialResult

    found: dict[str, list[TrialResult]] = {}
    entrants = variants(study)
    for seed in range(repeats):
        runs = list(entrants)
        for place, entrant in enumerate(runs):
            typer.echo(f"{entrant.name}, run {seed + 1} of {repeats}", err=True)
            outcome = run_to_end(study.name, variant_request(study, entrant, seed), ledger, runner, time.time())
            _show_failure(outcome, entrant.name)
            if isinstance(outcome, TrialResult):
                found.setdefault(entrant.name, []).append(outcome)
                if not (seed or place) and outcome.cost.unit == "accelerator":  # the device is known from here on
                    entrants = variants(study, on_gpu=True)
                    runs += entrants[len(runs) :]
    if entrants[0].name not in found:
        raise typer.Exit(FAILED)
    return [Measured(each.name, each.kind, tuple(found[each.name])) for each in entrants if each.name in found]


def _trace(study: Study, ledger: Ledger, objects: Objects, runner: Runner, kept: Objects, *, seed: int) -> Traced:
    """Run the reference with a seed that no other run had, with a few steps traced, and keep the trace."""
    from assay.planning.study.profiled_variants import variant_request, variants
    from assay.rounds.one_at_a_time import run_to_end
    from assay.store.traces import keep_trace

    reference = variants(study)[0]
    typer.echo(f"{reference.name}, with a few steps traced", err=True)
    request = variant_request(study, reference, seed).model_copy(update={"layers": True})
    _show_failure(run_to_end(study.name, request, ledger, runner, time.time()), reference.name)
    return keep_trace(study.name, request.key, objects, kept)


def _show_failure(outcome: object, name: str) -> None:
    from assay_trainer.contract import Failure

    if isinstance(outcome, Failure):
        typer.echo(f"{name}: {outcome.reason}: {outcome.message}", err=True)
