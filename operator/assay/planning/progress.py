"""Where every planned piece of work stands."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from assay.planning.design import PlannedTrial
from assay.planning.records import UNKNOWN, Records, WorkRecord
from assay_trainer.contract import Failure, FailureReason, TrialResult

if TYPE_CHECKING:
    from assay.planning.design import PlannedPreparation
    from assay.planning.study import Study


class State(Enum):
    """Of a trial or a preparation: has a result, runs, failed for good, can start, waits (for a preparation, or since
    another study runs it), or is spare: nothing asks for it."""

    SUCCEEDED = "succeeded"
    RUNNING = "running"
    FAILED = "failed"
    READY = "ready"
    WAITING = "waiting"
    SPARE = "spare"


@dataclass(frozen=True)
class Progress:
    """State by key, over preparations and trials; `failures` says why a key failed for good."""

    states: Mapping[str, State]
    failures: Mapping[str, Failure]


def progress_of(study: Study, records: Records, wanted: Container[str] | None = None) -> Progress:
    """The state of all that the study's design holds. `wanted` are keys of trials and preparations; None: those of the
    initial seeds."""
    if wanted is None:
        wanted = study.design.initial_keys
    states: dict[str, State] = {}
    failures: dict[str, Failure] = {}
    for work in study.design.work:
        _settle(study, work, records.get(work.key, UNKNOWN), states, failures)
        if states[work.key] in (State.READY, State.WAITING) and work.key not in wanted:
            states[work.key] = State.SPARE
        elif isinstance(work, PlannedTrial) and work.preparation and states[work.key] is State.READY:
            if states[work.preparation] is State.FAILED:
                states[work.key] = State.FAILED
                failures[work.key] = failures[work.preparation]
            elif states[work.preparation] is not State.SUCCEEDED:
                states[work.key] = State.WAITING
    return Progress(states, failures)


def _settle(
    study: Study,
    work: PlannedTrial | PlannedPreparation,
    record: WorkRecord,
    states: dict[str, State],
    failures: dict[str, Failure],
) -> None:
    key = work.key
    if record.result is not None:
        missing = _missing_metric(study, record)
        states[key] = State.FAILED if missing else State.SUCCEEDED
        if missing:
            failures[key] = missing
    elif record.running is not None:
        states[key] = State.RUNNING
    elif record.failures and (
        failure := record.final_failure(
            study.spec.trainer.retries, study.spec.trainer.deadline_seconds, study.spec.metric.name
        )
    ):
        states[key] = State.FAILED
        failures[key] = failure
    else:
        states[key] = State.WAITING if record.elsewhere else State.READY


def _missing_metric(study: Study, record: WorkRecord) -> Failure | None:
    """A result that was made for another metric may lack the study's."""
    result, metric = record.result, study.spec.metric.name
    if not isinstance(result, TrialResult) or metric in result.metrics:
        return None
    return Failure(
        key=result.key,
        attempt=max(1, record.attempts),
        reason=FailureReason.METRIC_MISSING,
        message=f"metric {metric!r} is not among those of the trial: {', '.join(sorted(result.metrics))}",
    )
