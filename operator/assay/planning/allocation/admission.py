"""Whether a study may go on, and how much of what is ready fits its budget and its parallelism."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from assay.api.conditions import Reason
from assay.planning.allocation.trial_prices import WorkPrices, arm_prices
from assay.planning.records.records import UNKNOWN
from assay.planning.results.progress import Progress, State
from assay.planning.study.planned import PlannedPreparation, PlannedTrial

if TYPE_CHECKING:
    from assay.planning.allocation.agenda import Agenda
    from assay.planning.records.records import Records
    from assay.planning.results.costs import Costs
    from assay.planning.study.study import Study


FIRST_WAVE = 16
"""Trials that may start before it is known what one takes, out of a budget that has to do for more."""


class Limit(NamedTuple):
    """A limit that keeps what is ready from starting: the reason that a condition gives for it, and in words."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Admission:
    """What may start now.

    `halted` says why nothing starts until somebody changes the study. `spent` says which limit holds back what is
    ready; None if none does. With `withdraws_waiting`, what was started and still waits for a device is not to begin,
    either. `resume_at` is when the first of what has just failed may be tried again (Unix seconds); None: nothing has.
    """

    starts: tuple[PlannedTrial | PlannedPreparation, ...] = ()
    halted: Limit | None = None
    spent: Limit | None = None
    withdraws_waiting: bool = False
    resume_at: float | None = None


def admission_of(
    study: Study, records: Records, progress: Progress, agenda: Agenda, costs: Costs, now: float
) -> Admission:
    """Take what is wanted and ready, in the agenda's order, as long as it fits; `now` is in Unix seconds."""
    situation = _Situation(study, records, progress, agenda, costs, now)
    return next(found for rule in _RULES if (found := rule(situation)) is not None)


@dataclass(frozen=True)
class _Situation:
    """All that the rules look at."""

    study: Study
    records: Records
    progress: Progress
    agenda: Agenda
    costs: Costs
    now: float

    @cached_property
    def ready(self) -> list[PlannedTrial | PlannedPreparation]:
        """What is wanted and waits for nothing but a slot, or the pause after a failure."""
        states = self.progress.states
        return [work for work in _wanted(self.study, self.agenda) if states[work.key] is State.READY]

    @cached_property
    def due(self) -> list[PlannedTrial | PlannedPreparation]:
        """The ready ones that are not in the pause after a failure."""
        return [work for work in self.ready if _resume_at(work, self.records) <= self.now]

    @cached_property
    def resume_at(self) -> float | None:
        """When the first pause ends; None if there is none."""
        times = (_resume_at(work, self.records) for work in self.ready)
        return min((at for at in times if at > self.now), default=None)

    @cached_property
    def free(self) -> int:
        """How many more may run at the same time."""
        return free_slots(self.study, self.records)

    @property
    def spent_in_words(self) -> str:
        """How much of the budget is spent."""
        budget = self.study.spec.budget.accelerator_seconds
        return f"{self.costs.spent:.0f} of spec.budget.acceleratorSeconds {budget} are spent"


_Rule = Callable[[_Situation], Admission | None]
"""Returns None where it does not apply; then the next one is asked."""


def _suspended(situation: _Situation) -> Admission | None:
    if not situation.study.spec.suspend:
        return None
    return Admission(halted=Limit(Reason.SUSPENDED, "spec.suspend is true"), withdraws_waiting=True)


def _too_many_failures(situation: _Situation) -> Admission | None:
    """Preparations are not counted: the trials that wait for one fail with it. Neither are scores that can't be read
    from a trial that has gone well."""
    study, most = situation.study, situation.study.spec.budget.max_failed_trials
    if most is None:
        return None
    prepared = {preparation.key for preparation in study.design.preparations}
    readings = study.design.readings
    failed = sum(key not in prepared and key not in readings for key in situation.progress.failures)
    if failed <= most:
        return None
    message = f"{failed} trials failed; spec.budget.maxFailedTrials is {most}"
    return Admission(halted=Limit(Reason.TOO_MANY_FAILURES, message), withdraws_waiting=True)


def _deadline_passed(situation: _Situation) -> Admission | None:
    """A deadline stops only what is still to begin: a study that has ended before it has not missed it."""
    study, records = situation.study, situation.records
    waiting = any(record.running is not None and not record.running.begun for record in records.values())
    if not situation.ready and not waiting:
        return None
    left = deadline_left(study, records, situation.now)
    if left is None or left > 0:
        return None
    message = f"spec.budget.deadlineSeconds of {study.spec.budget.deadline_seconds} s have passed"
    return Admission(spent=Limit(Reason.DEADLINE_REACHED, message), withdraws_waiting=True)


def _budget_used_up(situation: _Situation) -> Admission | None:
    """Where the budget buys an order, the agenda says when it buys nothing more."""
    if not situation.agenda.exhausted or situation.ready:
        return None
    message = f"what is left pays for no further trial: {situation.spent_in_words}"
    return Admission(spent=Limit(Reason.BUDGET_SPENT, message))


def _all_that_slots_hold(situation: _Situation) -> Admission | None:
    """Without a budget of accelerator seconds; slots that stay idle take what is likely to be wanted next."""
    study = situation.study
    if study.spec.budget.accelerator_seconds is not None:
        return None
    starts = (*situation.due, *_likely(study, situation.agenda, situation.progress))[: situation.free]
    return Admission(starts, resume_at=situation.resume_at)


def _all_that_the_budget_pays_for(situation: _Situation) -> Admission | None:
    """The first that does not fit ends it: passing over it for something cheaper would unbalance the arms."""
    budget = situation.study.spec.budget.accelerator_seconds
    if budget is None:
        return None
    prices, spent = _prices(situation, budget), situation.costs.spent
    left = budget - spent - sum(_still_to_come(situation, key, prices) for key in _running(situation.records))
    affordable: list[PlannedTrial | PlannedPreparation] = []
    for work in situation.due:
        price = prices.of(work)
        if price > left:
            message = f"the next trial's {price:.0f} accelerator seconds do not fit: {situation.spent_in_words}"
            return Admission(
                tuple(affordable), spent=Limit(Reason.BUDGET_SPENT, message), withdraws_waiting=spent >= budget
            )
        if len(affordable) == situation.free:
            break
        left -= price
        affordable.append(work)
    return Admission(tuple(affordable), resume_at=situation.resume_at)


_RULES: tuple[_Rule, ...] = (
    _suspended,
    _too_many_failures,
    _deadline_passed,
    _budget_used_up,
    _all_that_slots_hold,
    _all_that_the_budget_pays_for,
)
"""The first that applies decides; one of the last two always does."""


def _prices(situation: _Situation, budget: int) -> WorkPrices:
    """Before anything ran there is nothing to go by: as much starts as may run at a time, out of the whole budget."""
    study = situation.study
    longest = float(study.spec.trainer.deadline_seconds * study.spec.trainer.devices)
    unknown = min(longest, budget / max(1, min(_slots(study), FIRST_WAVE)))
    return WorkPrices(situation.agenda.prices, arm_prices(study, situation.costs), unknown)


def _still_to_come(situation: _Situation, key: str, prices: WorkPrices) -> float:
    """Return what running work is expected to take in all: none of it is in what is spent."""
    running = situation.records[key].running
    devices = situation.study.spec.trainer.devices
    elapsed = running.accelerator_seconds(devices, situation.now) if running and running.begun else 0.0
    return prices.of_running(situation.study.design.arm_of.get(key), elapsed)


def _likely(study: Study, agenda: Agenda, progress: Progress) -> Iterable[PlannedTrial]:
    """Return the trials that may fill slots which would be idle."""
    if not study.capacity.idle_slots_are_free:
        return ()
    return (trial for trial in agenda.likely if progress.states[trial.key] is State.SPARE)


def free_slots(study: Study, records: Records) -> int:
    """Return how many more trials may run at the same time."""
    return max(0, _slots(study) - len(_running(records)))


def _slots(study: Study) -> int:
    return len(study.design.work) if study.most_at_a_time is None else study.most_at_a_time


def _running(records: Records) -> frozenset[str]:
    """Return the keys of all that runs, also of what an earlier spec has started."""
    return frozenset(key for key, record in records.items() if record.running is not None)


def _wanted(study: Study, agenda: Agenda) -> Iterable[PlannedTrial | PlannedPreparation]:
    """Return what the agenda wants, each key once: preparations first, since trials wait for them."""
    needed = {trial.preparation for trial in agenda.runs}
    unique: dict[str, PlannedTrial | PlannedPreparation] = {
        each.key: each for each in study.design.preparations if each.key in needed
    }
    for trial in agenda.runs:
        unique.setdefault(trial.key, trial)
    return unique.values()


def _resume_at(work: PlannedTrial | PlannedPreparation, records: Records) -> float:
    return records.get(work.key, UNKNOWN).resume_at


def deadline_left(study: Study, records: Records, now: float) -> float | None:
    """Return the seconds to the study's own deadline, which counts from its first attempt; None: there is no deadline,
    or the study has not begun.

    What other studies ran does not count, nor what a study of the same name did that was deleted.
    """
    deadline = study.spec.budget.deadline_seconds
    if deadline is None:
        return None
    times = [record.running.started_at for record in records.values() if record.running is not None]
    if study.history.begun_at is not None:
        times.append(study.history.begun_at)
    return min(times) + deadline - now if times else None
