"""How a piece of work ends, by what is recorded of it. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from assay.planning.study.programs import Program
from assay.recorded.table import RecordedRun, Table
from assay_trainer.contract import (
    Cost,
    FailureReason,
    PreparationRequest,
    PreparationResult,
    Provenance,
    TrialRequest,
    TrialResult,
    WorkItem,
    digest,
)

_DEVICE = "recorded"


class Ending(NamedTuple):
    """How an attempt ends, `seconds` after it began."""

    seconds: float
    reason: Literal["Succeeded"] | FailureReason
    message: str = ""
    score: float | None = None


def code_digest(table: Table, program: Program) -> str:
    """Return what stands for the digest of a program's code: it is another for other recorded runs."""
    return digest(f"{table.digest} {program.entrypoint}".encode())


def ending_of(item: WorkItem, run: RecordedRun | None) -> Ending:
    """Return how an attempt ends. Preparations are never recorded: they take no time and cost nothing."""
    if isinstance(item, PreparationRequest):
        return Ending(0.0, "Succeeded")
    return trial_ending(run, item.devices, item.deadline_seconds)


def trial_ending(run: RecordedRun | None, devices: int, deadline_seconds: float) -> Ending:
    """Return how a trial ends.

    A run past its deadline is ended, and a run without a score has failed by its own fault. A trial that is not
    recorded fails at once, and nothing is known of it.
    """
    if run is None:
        return Ending(0.0, FailureReason.NOT_RECORDED, "the table has no such run")
    seconds = run.seconds / devices
    if seconds > deadline_seconds:
        message = f"its deadline was {deadline_seconds} s; {seconds:.0f} s are recorded"
        return Ending(deadline_seconds, FailureReason.DEADLINE_EXCEEDED, message)
    if run.score is None:
        return Ending(seconds, FailureReason.METRIC_MISSING, "the recorded run has no score")
    return Ending(seconds, "Succeeded", score=run.score)


def trial_result(item: TrialRequest, score: float, seconds: float, started_at: float) -> TrialResult:
    """Return the result of a recorded run that took so many wall seconds."""
    return TrialResult(
        key=item.key,
        study=item.study,
        hypothesis=item.hypothesis,
        arm=item.arm,
        seed=item.seed,
        metric=item.metric,
        score=score,
        metrics={item.metric: score},
        cost=_cost(item, seconds),
        provenance=_provenance(item, started_at),
    )


def preparation_result(item: PreparationRequest, started_at: float) -> PreparationResult:
    """Return the result of a preparation, which nobody needs: nothing is trained."""
    return PreparationResult(
        key=item.key,
        study=item.study,
        arm=item.arm,
        method=item.method,
        examples=1,
        scores_digest=digest(b""),
        cost=_cost(item, 0.0),
        provenance=_provenance(item, started_at),
    )


def _cost(item: WorkItem, seconds: float) -> Cost:
    return Cost(
        unit="accelerator",
        devices=item.devices,
        device_model=_DEVICE,
        wall_seconds=seconds,
        accelerator_seconds=item.devices * seconds,
        setup_seconds=0,
        training_seconds=seconds,
        evaluation_seconds=0,
    )


def _provenance(item: WorkItem, started_at: float) -> Provenance:
    return Provenance(
        code=item.code,
        dataset=item.dataset.identity,
        python=_DEVICE,
        torch=None,
        device_model=_DEVICE,
        started_at=started_at,
    )
