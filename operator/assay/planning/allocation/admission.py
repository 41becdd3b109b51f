"""Whether a study may go on, and how much of what is ready fits its budget and its parallelism."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.planning.records.records import UNKNOWN
from assay.planning.results.costs import Costs, Prediction, predictions
from assay.planning.results.progress import Progress, State
from assay.planning.study.design import PlannedPreparation, PlannedTrial

if TYPE_CHECKING:
    from assay.planning.allocation.agenda import Agenda
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study


FIRST_WAVE = 16
"""Trials that may start before it is known what one takes, out of a budget that has to do for more."""


@dataclass(frozen=True)
class Admission:
    """What may start now.

    `halted`: nothing more, and why. `spent` says which limit holds back what is ready, None if none does.
    `revoked`: what has been started and still waits for a device is not to begin, either.
    `resume_at` is when the first of what has just failed may be tried again (Unix seconds); None: nothing has.
    """

    starts: tuple[PlannedTrial | PlannedPreparation, ...]
    halted: str | None = None
    spent: str | None = None
    revoked: bool = False
    resume_at: float | None = None


def admission_of(
    study: Study, records: Records, progress: Progress, agenda: Agenda, costs: Costs, now: float
) -> Admission:
    """Take what is wanted and ready, in the agenda's order, as long as it fits.

    The first that does not fit ends it: passing over it for something cheaper would unbalance the arms.
    """
    budget = study.spec.budget
    prepared = {preparation.key for preparation in study.design.preparations}
    failed = sum(key not in prepared for key in progress.failures)
    if study.spec.suspend:
        return Admission((), halted="spec.suspend is true", revoked=True)
    if budget.max_failed_trials is not None and failed > budget.max_failed_trials:
        return Admission(
            (),
            halted=f"{failed} trials failed; spec.budget.maxFailedTrials is {budget.max_failed_trials}",
            revoked=True,
        )
    ready = [work for work in _wanted(study, agenda) if progress.states[work.key] is State.READY]
    waiting = any(record.running is not None and not record.running.begun for record in records.values())
    left = deadline_left(study, records, now) if ready or waiting else None
    if left is not None and left <= 0:
        spent = f"spec.budget.deadlineSeconds of {budget.deadline_seconds} s have passed"
        return Admission((), spent=spent, revoked=True)
    running = _running(records)
    slots, free = _slots(study), free_slots(study, records)
    if agenda.exhausted and not ready:
        spent = (
            f"what is left pays for no further trial: {costs.spent:.0f} of "
            f"spec.budget.acceleratorSeconds {budget.accelerator_seconds} are spent"
        )
        return Admission((), spent=spent)
    resume_at = min((at for work in ready if (at := _resume_at(work, records)) > now), default=None)
    ready = [work for work in ready if _resume_at(work, records) <= now]
    if budget.accelerator_seconds is None:
        starts = (*ready, *_early(study, agenda, progress))[:free]
        return Admission(tuple(starts), resume_at=resume_at)
    expected = _Expected(study, records, agenda, costs, budget.accelerator_seconds, slots)
    left = budget.accelerator_seconds - costs.spent - sum(expected.still_to_come(key, now) for key in running)
    affordable: list[PlannedTrial | PlannedPreparation] = []
    for work in ready:
        cost = expected.of(work)
        if cost > left:
            return Admission(
                tuple(affordable),
                spent=f"the next trial's {cost:.0f} accelerator seconds do not fit: {costs.spent:.0f} of "
                f"spec.budget.acceleratorSeconds {budget.accelerator_seconds} are spent",
                revoked=costs.spent >= budget.accelerator_seconds,
            )
        if len(affordable) == free:
            break
        left -= cost
        affordable.append(work)
    return Admission(tuple(affordable), resume_at=resume_at)


def _early(study: Study, agenda: Agenda, progress: Progress) -> Iterable[PlannedTrial]:
    """What may fill slots that would be idle."""
    if not study.idle_slots_are_free:
        return ()
    return (trial for trial in agenda.early if progress.states[trial.key] is State.SPARE)


def free_slots(study: Study, records: Records) -> int:
    """How many more trials may run at the same time."""
    return max(0, _slots(study) - len(_running(records)))


def _slots(study: Study) -> int:
    limits = (study.spec.budget.parallelism, study.capacity)
    return min((limit for limit in limits if limit is not None), default=len(study.design.work))


def _running(records: Records) -> frozenset[str]:
    """Keys of all that runs, also what an earlier spec has started."""
    return frozenset(key for key, record in records.items() if record.running is not None)


def _wanted(study: Study, agenda: Agenda) -> Iterable[PlannedTrial | PlannedPreparation]:
    """Each key once: preparations first, since trials wait for them."""
    needed = {trial.preparation for trial in agenda.trials}
    unique: dict[str, PlannedTrial | PlannedPreparation] = {
        each.key: each for each in study.design.preparations if each.key in needed
    }
    for trial in agenda.trials:
        unique.setdefault(trial.key, trial)
    return unique.values()


def _resume_at(work: PlannedTrial | PlannedPreparation, records: Records) -> float:
    return records.get(work.key, UNKNOWN).resume_at


def deadline_left(study: Study, records: Records, now: float) -> float | None:
    """Seconds to the study's own deadline, which counts from its first attempt; None: it has none, or has not begun.

    What other studies ran does not count, nor what a study of the same name did that was deleted.
    """
    deadline = study.spec.budget.deadline_seconds
    if deadline is None:
        return None
    times = [record.running.started_at for record in records.values() if record.running is not None]
    if study.begun_at is not None:
        times.append(study.begun_at)
    return min(times) + deadline - now if times else None


class _Expected:
    """Expected accelerator seconds of work, from what ran so far."""

    def __init__(self, study: Study, records: Records, agenda: Agenda, costs: Costs, budget: int, slots: int) -> None:
        self._records = records
        self._prices = agenda.prices
        self._arms = study.design.arm_of
        self._predictions: Mapping[str, Prediction] | None = predictions(study, costs)
        # Before anything ran there is nothing to go by: let as much start as can run at a time.
        deadline = study.spec.trainer.deadline_seconds * study.spec.trainer.devices
        self._unknown = min(float(deadline), budget / max(1, min(slots, FIRST_WAVE)))
        self._devices = study.spec.trainer.devices

    def of(self, work: PlannedTrial | PlannedPreparation) -> float:
        """Of one that has not started."""
        usual = self._predictions[work.arm].accelerator_seconds if self._predictions else self._unknown
        return self._prices.get(work.key, usual)

    def still_to_come(self, key: str, now: float) -> float:
        """Of one that runs: at least what it has been running for."""
        running = self._records[key].running
        elapsed = self._devices * max(0.0, now - running.started_at) if running and running.begun else 0.0
        arm = self._arms.get(key)
        predicted = self._predictions[arm].accelerator_seconds if self._predictions and arm else self._unknown
        return max(predicted, elapsed)
