"""The state of every planned piece of work."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, isfinite, nan
from typing import TYPE_CHECKING

from assay.api.bounds import first_of
from assay.planning.records.fault import Fault, fault_of
from assay.planning.records.records import Records, Terms, WorkRecord
from assay.planning.study.planned import PlannedTrial
from assay_trainer.contract import Failure, FailureReason, TrialResult

if TYPE_CHECKING:
    from assay.planning.study.study import Study


_NAMED = 20
"""How many metrics a message names."""


class State(StrEnum):
    """The state of a trial or a preparation. It waits for its preparation, or since another study runs it; it is spare
    if nothing asks for it."""

    SUCCEEDED = "succeeded"
    RUNNING = "running"
    FAILED = "failed"
    READY = "ready"
    WAITING = "waiting"
    SPARE = "spare"


@dataclass(frozen=True)
class Progress:
    """The states of all preparations and trials, by key, and of scores that are read; `failures` has the reasons of
    those that failed for good."""

    states: Mapping[str, State]
    failures: Mapping[str, Failure]
    own_failures: Mapping[str, Failure] = field(default_factory=dict)
    """The failures of trials by their hypothesis' own fault: also of those that are tried again since, or that have a
    score by now."""


def progress_of(study: Study, records: Records, wanted: Container[str] | None = None) -> Progress:
    """Return the state of all that the study's design holds.

    `records` are those with the scores that are read among them. `wanted` are the keys of trials and preparations that
    are asked for; None: those of the initial seeds.
    """
    if wanted is None:
        wanted = study.design.initial_keys
    terms_of, readings = study.terms_of, study.design.readings
    states, failures = dict[str, State](), dict[str, Failure]()
    own = dict[str, Failure]()
    for work in (*study.design.work, *_read(study)):
        key, terms = work.key, terms_of[work.arm]
        metric, record = terms.metric, records.get(key)
        state = State.READY
        if record is not None:
            result = record.result
            # most records are results, and most of a plan's time goes by here
            if result is not None and (result.kind == "Preparation" or isfinite(result.metrics.get(metric, nan))):
                states[key] = State.SUCCEEDED
                if record.failures and (earlier := record.own_failure(terms)):
                    own[key] = earlier
                continue
            failure = _final_failure(record, terms)
            if (evidence := _own_failure(record, failure, terms)) is not None:
                own[key] = evidence
            if failure is not None:
                states[key], failures[key] = State.FAILED, failure
                continue
            if record.running is not None:
                states[key] = State.RUNNING
                continue
            if record.elsewhere:
                state = State.WAITING
        if key not in wanted:
            state = State.SPARE
        elif key in readings:
            state = _of_sources(readings[key].sources, states)
            if state is State.FAILED:
                failures[key] = next(failures[source] for source in readings[key].sources if source in failures)
        elif state is State.READY and isinstance(work, PlannedTrial) and work.preparation is not None:
            prepared = states[work.preparation]
            if prepared is State.FAILED:
                state, failures[key] = State.FAILED, failures[work.preparation]
            elif prepared is not State.SUCCEEDED:
                state = State.WAITING
        states[key] = state
    return Progress(states, failures, _of_hypotheses(study, records, states, own) if own else own)


def _read(study: Study) -> Iterator[PlannedTrial]:
    """Yield the trials whose scores are read from others: their state depends on those."""
    if study.design.readings:
        yield from (trial for trial in study.design.trials if trial.key in study.design.readings)


def _of_sources(sources: Sequence[str], states: Mapping[str, State]) -> State:
    """Return the state of a score that none of its sources has so far."""
    found = [states[source] for source in sources if source in states]
    in_turn = (State.RUNNING, State.READY, State.WAITING, State.FAILED)
    return next((state for state in in_turn if state in found), State.READY)


def _of_hypotheses(
    study: Study, records: Records, states: Mapping[str, State], own: Mapping[str, Failure]
) -> Mapping[str, Failure]:
    """Return the failures that are some hypotheses' fault.

    As long as nothing has ever succeeded, something else may be in the way (a file that is missing, say). So a first
    failure from then is refuted by a retry that succeeds: by that nobody chooses among outcomes, as there were none.
    """
    ended, retried = [], {}
    for trial in study.design.trials:
        if states[trial.key] is State.SUCCEEDED and isinstance(result := records[trial.key].result, TrialResult):
            started_at = result.provenance.started_at
            if trial.key not in own:
                ended.append(started_at + result.cost.wall_seconds)
            elif sum(fault_of(each.reason) is Fault.OWN for each in records[trial.key].failures) == 1:
                retried[trial.key] = started_at
    if not retried or min(ended, default=inf) <= min(retried.values()):
        return own
    return {key: failure for key, failure in own.items() if key not in retried}


def _final_failure(record: WorkRecord, terms: Terms) -> Failure | None:
    """Return the failure of work that failed for good. While an attempt runs, earlier ones decide nothing."""
    if record.result is not None:
        return _without_score(record, terms.metric)
    if record.running is not None or not record.failures:
        return None
    return record.final_failure(terms)


def _own_failure(record: WorkRecord, final: Failure | None, terms: Terms) -> Failure | None:
    """Return the failure that is its hypothesis' own fault; a result without a score is one, too."""
    if final is not None and record.result is not None and fault_of(final.reason) is Fault.OWN:
        return final
    return record.own_failure(terms) if record.failures else None


def _without_score(record: WorkRecord, metric: str) -> Failure | None:
    """Return the failure that a result without a score is: one that was made for another metric may lack the study's
    metric, or have it as NaN or infinity."""
    result = record.result
    if not isinstance(result, TrialResult) or isfinite(result.metrics.get(metric, nan)):
        return None
    if metric in result.metrics:
        reason = FailureReason.SCORE_NOT_FINITE
        message = f"metric {metric!r}: given {result.metrics[metric]}; allowed: a finite number"
    else:
        reason = FailureReason.METRIC_MISSING
        message = f"metric {metric!r} is not among those of the trial: {first_of(sorted(result.metrics), _NAMED)}"
    said = [note for note in result.notes if note.startswith(f"{metric} left out")]
    return Failure(key=result.key, attempt=max(1, record.attempts), reason=reason, message="; ".join([message, *said]))
