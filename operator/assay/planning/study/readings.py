"""Arms whose scores are read from trials: at an epoch of a learning curve, or by another metric than the study's.

Such an arm needs a trial of its own only where no other trial of the study has that curve: while hypotheses are
calibrated its scores are those of the reference's own trials, and cost nothing. Where a hypothesis is screened on it, a
trial runs on the reference's schedule and ends after the epoch that is read. It is another result than that of the
whole run, so it has a key of its own; but whatever the whole run has reported is taken first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from assay_trainer.contract import canonical_json, short_digest

if TYPE_CHECKING:
    from assay.api.arms import Arm
    from assay.planning.study.planned import PlannedTrial


class Reading(NamedTuple):
    """How one score of a hypothesis is read."""

    arm: str
    run: PlannedTrial
    """The trial that runs for it if no other one that is wanted has the score, too."""
    sources: tuple[str, ...]
    """The keys of all trials that have it: that of `run` first, then those of longer runs; the last one runs to its
    end."""
    epoch: int | None
    """The epoch of the learning curve; None: the train function returns it."""
    metric: str


class Wanted(NamedTuple):
    """What somebody wants to read of the trials of an arm: epochs of their curves in ascending order, and metrics
    beside the arm's own."""

    epochs: tuple[int, ...] = ()
    metrics: tuple[str, ...] = ()
    runs_on: str = ""
    """The arm whose trials have its scores while hypotheses are calibrated; itself, if it needs trials of its own."""


def is_read(arm: Arm, metric: str) -> bool:
    """Tell whether an arm's scores are read from a curve, or by another metric than the study's `metric`."""
    return arm.read_at is not None or arm.metric.name != metric


def reading_key(run: str, metric: str) -> str:
    """Return the key of a score that is read by a metric: 32 hex digits. No trial and no object has it."""
    return short_digest(canonical_json(["reading", run, metric]))


def alike(arms: Sequence[Arm], arm: Arm) -> list[Arm]:
    """Return the arms whose runs begin as this one's does, itself among them: the shortest first; of those that are as
    long, the ones of the study's metric, which is the first arm's."""
    base, metric = _base(arm), arms[0].metric.name
    same = (each for each in arms if _base(each) == base)
    return sorted(same, key=lambda each: (_length(each), each.metric.name != metric))


def runner(arms: Sequence[Arm], arm: Arm) -> Arm:
    """Return the arm that runs if nothing is wanted but what an arm has: itself, or another one of the same trials."""
    return next(each for each in alike(arms, arm) if _length(each) == _length(arm))


def longer(arms: Sequence[Arm], arm: Arm) -> list[Arm]:
    """Return the arms whose runs begin as this one's does, and go on."""
    return [each for each in alike(arms, arm) if _length(each) > _length(arm)]


def wanted_of(arms: Sequence[Arm], arm: Arm) -> Wanted:
    """Return what the study wants to read of an arm's trials. Of one that ends early, the metrics are those of its last
    epoch, which it must not end without."""
    same = alike(arms, arm)
    epochs = {each.read_at for each in same if each.read_at is not None and _length(each) <= _length(arm)}
    metrics = {each.metric.name for each in same if arm.read_at is None or each.read_at == arm.read_at}
    runs = next(each for each in same if _length(each) == _length(same[-1]))
    return Wanted(tuple(sorted(epochs)), tuple(sorted(metrics - {arm.metric.name})), runs.name)


def trials_to_run(
    wanted: Iterable[PlannedTrial], readings: Mapping[str, Reading], ended: Collection[str] = ()
) -> Iterator[PlannedTrial]:
    """Yield the trials that must run so that all `wanted` scores come to be: each that runs to its own end, and for a
    score that is read the shortest of what would do, unless a trial that is yielded has it, too.

    `ended` are the keys of scores that are read, and for which there is nothing to wait for.
    """
    running, to_read = set[str](), list[Reading]()
    for trial in wanted:
        reading = readings.get(trial.key)
        if reading is None:
            running.add(trial.key)
            yield trial
        elif trial.key not in ended:
            to_read.append(reading)
    # a longer run has the scores of the shorter ones, so what reads late on the curve comes first
    for reading in sorted(to_read, key=lambda each: -each.epoch if each.epoch is not None else -_NEVER):
        if running.isdisjoint(reading.sources):
            running.add(reading.run.key)
            yield reading.run


_NEVER = 2**62


def _length(arm: Arm) -> int:
    return _NEVER if arm.read_at is None else arm.read_at


def _base(arm: Arm) -> tuple[object, object]:
    return arm.whole.identity(), arm.recipe
