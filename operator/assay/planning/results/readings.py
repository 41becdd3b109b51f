"""Reading scores from the trials that have them: from learning curves, and by other metrics than the study's.

What is read gets a record of its own, as if a trial had run for it: with the score, what it took until then, or why it
can't be read. No attempt, no cost and no object is behind such a record; whoever adds up what has run goes by the
records of trials alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, isfinite
from typing import TYPE_CHECKING, NamedTuple

from assay.api.bounds import first_of
from assay.planning.records.records import WorkRecord
from assay_trainer.contract import (
    Cost,
    CurvePoint,
    Failure,
    FailureReason,
    Provenance,
    TrialResult,
    curve_point,
    read_curve,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.planning.records.records import Records
    from assay.planning.study.readings import Reading
    from assay.planning.study.study import Study

NO_DEVICE = ""
"""The device model of a score whose attempt failed later: what that cost is known, but not on what."""

_NAMED = 10
"""How many epochs or metrics a message names."""


def with_readings(study: Study, records: Records) -> Records:
    """Return the records with one more for each score that is read, as far as anything is known of it."""
    readings = study.design.readings
    if not readings:
        return records
    found = dict(records)
    for key, reading in readings.items():
        known = [record for source in reading.sources if (record := records.get(source)) is not None]
        if known:
            found[key] = _record(key, reading, known)
    return found


def read_score(result: TrialResult, epoch: int | None, metric: str) -> float | None:
    """Return what a result says of a metric after an epoch, or at its end; None if it says nothing."""
    return result.metrics.get(metric) if epoch is None else read_curve(result.curve, epoch, metric)


class _Score(NamedTuple):
    """A score that an attempt has reported; `point` is where on its curve, None at its end."""

    value: float
    point: CurvePoint | None
    attempt: Failure | TrialResult


def _record(key: str, reading: Reading, known: Sequence[WorkRecord]) -> WorkRecord:
    """Return what the records of the trials that may have the score say of it: what was reported first counts."""
    for record in known:
        for attempt in (*record.failures, record.result):
            score = _score(reading, attempt)
            if score is None:
                continue
            before = tuple(each for each in record.failures if each is not score.attempt and not each.curve)
            if isfinite(score.value):
                return WorkRecord(_result(key, reading, score), before, forgiven=record.forgiven)
            return WorkRecord(failures=(*before, _not_finite(key, reading, score.value)))
    ended = next((each.result for each in known if isinstance(each.result, TrialResult)), None)
    if ended is not None:
        return WorkRecord(failures=(_not_reported(key, reading, ended),))
    record = next((each for each in known if each.failures or each.running), known[0])
    return WorkRecord(failures=record.failures, running=record.running, forgiven=record.forgiven)


def _score(reading: Reading, attempt: object) -> _Score | None:
    """Return the score that an attempt has reported; None: it has not, or nobody asks a failed one for its end."""
    if reading.epoch is None:
        if isinstance(attempt, TrialResult) and reading.metric in attempt.metrics:
            return _Score(attempt.metrics[reading.metric], None, attempt)
        return None
    if not isinstance(attempt, TrialResult | Failure):
        return None
    point = curve_point(attempt.curve, reading.epoch, reading.metric)
    return None if point is None else _Score(point.metrics[reading.metric], point, attempt)


def _result(key: str, reading: Reading, score: _Score) -> TrialResult:
    attempt, run = score.attempt, reading.run
    if isinstance(attempt, TrialResult):
        return attempt.model_copy(
            update={
                "key": key,
                "arm": reading.arm,
                "metric": reading.metric,
                "score": score.value,
                "metrics": {reading.metric: score.value},
                "cost": cost_until(attempt, score.point),
                "curve": (),
                "profile": None,
                "notes": (),
                "per_example": (),
            }
        )
    return TrialResult.model_construct(
        key=key,
        study=attempt.study or "",
        hypothesis=run.hypothesis,
        arm=reading.arm,
        seed=run.seed,
        metric=reading.metric,
        score=score.value,
        metrics={reading.metric: score.value},
        cost=_cost_of(attempt),
        provenance=_NOTHING_KNOWN,
    )


def cost_until(result: TrialResult, point: CurvePoint | None) -> Cost:
    """Return what a trial had cost when it reported a point of its curve; None: at its end."""
    cost = result.cost
    if point is None or cost.wall_seconds <= 0:
        return cost
    share = min(1.0, (cost.setup_seconds + point.seconds) / cost.wall_seconds)
    return cost.model_copy(
        update={
            "wall_seconds": share * cost.wall_seconds,
            "accelerator_seconds": share * cost.accelerator_seconds,
            "training_seconds": share * cost.training_seconds,
            "evaluation_seconds": share * cost.evaluation_seconds,
        }
    )


def _cost_of(failure: Failure) -> Cost:
    return Cost.model_construct(
        unit="accelerator",
        devices=1,
        device_model=NO_DEVICE,
        wall_seconds=0.0,
        accelerator_seconds=failure.accelerator_seconds,
        setup_seconds=0.0,
        training_seconds=0.0,
        evaluation_seconds=0.0,
    )


_NOTHING_KNOWN = Provenance.model_construct(
    code="", dataset="", python="", torch=None, device_model=NO_DEVICE, started_at=inf
)


def _not_finite(key: str, reading: Reading, value: float) -> Failure:
    message = f"metric {reading.metric!r}{_when(reading)}: given {value}; allowed: a finite number"
    return _failure(key, reading, FailureReason.SCORE_NOT_FINITE, message)


def _not_reported(key: str, reading: Reading, ended: TrialResult) -> Failure:
    """Say what a trial that has ended did not report; where a number was left out since it was not finite, that."""
    left_out = [note for note in ended.notes if note.startswith(f"{reading.metric} left out") and "finite" in note]
    if reading.epoch is None and left_out:
        return _failure(key, reading, FailureReason.SCORE_NOT_FINITE, left_out[0])
    return _failure(key, reading, FailureReason.CURVE_NOT_REPORTED, "".join(_what_is_missing(reading, ended)))


def _what_is_missing(reading: Reading, ended: TrialResult) -> Iterator[str]:
    if reading.epoch is None:
        yield f"metric {reading.metric!r} is not among those of the trial: {first_of(sorted(ended.metrics), _NAMED)}"
        if any(reading.metric in point.metrics for point in ended.curve):
            yield "; its curve has it: the train function must return it, too"
        return
    at_epoch = [point for point in ended.curve if point.epoch == reading.epoch]
    if at_epoch:
        names = sorted({name for point in at_epoch for name in point.metrics})
        yield f"epoch {reading.epoch} was reported without {reading.metric!r}: {first_of(names, _NAMED)}"
    elif ended.curve:
        epochs = [str(each) for each in dict.fromkeys(point.epoch for point in ended.curve)]
        yield f"epoch {reading.epoch} was not reported: {first_of(epochs, _NAMED)}"
        yield "; trial.wanted_epochs has the epochs to report"
    else:
        yield f"epoch {reading.epoch} was not reported: the train function never called trial.report"


def _failure(key: str, reading: Reading, reason: FailureReason, message: str) -> Failure:
    return Failure(key=key, attempt=1, reason=reason, message=message, metric=reading.metric)


def _when(reading: Reading) -> str:
    return f" after epoch {reading.epoch}" if reading.epoch is not None else ""
