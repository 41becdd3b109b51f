"""What to expect of a study before it runs: how many trials, how much time, and what could be certified at all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assay.planning.allocation.trial_prices import arm_prices, price_of_all, relative_price
from assay.planning.allocation.within_budget import rungs_of
from assay.planning.judgement import judge
from assay.planning.results.progress import State, progress_of
from assay.planning.study.planned import PlannedTrial
from assay.planning.trust.looks_before import arm_looks
from assay.planning.trust.proxy_looks import SIMULATION_SEED, criterion_of
from assay.ranking import certification_power, hypotheses_for_power, look_seeds, looked_at
from assay.ranking.certificates.growing_backlogs import Backlog
from assay.ranking.certificates.needed import WANTED_POWER

if TYPE_CHECKING:
    from assay.api.resources import CostUnit
    from assay.planning.judgement import Judgement
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study

EXPECTED_NOISE = 0.2
"""The standard deviation of one seed's noise over that of the hypotheses' true scores: a usual value, which has to do
until seeds have run."""

COUNTS = (12, 24, 36, 48)
"""Numbers of hypotheses that are shown beside the study's own."""

POWER_DRAWS = 2000
"""Simulated studies for each power. With few hypotheses tau takes few values: of 800 draws the critical value was now
and then the next one, and nine hypotheses seemed to certify less than eight."""

DRAWS_OF_LOOKS = 500
"""Simulated studies for each power where a study is looked at several times, which takes as many times as long."""


class BudgetForecast(StrEnum):
    """What a budget of accelerator seconds does to a study."""

    NO_LIMIT = "no limit"
    PAYS = "pays"
    """It pays for the initial seeds of all hypotheses on all arms."""
    TOO_SMALL = "too small"
    """It does not pay for all of that: it buys the best order that can be had for it."""
    NOT_KNOWN = "not known"
    """No trial has shown yet what the budget pays for; if it is too small, it buys an order."""
    ENDS = "ends"
    """The study ends when the budget is spent, with what there is by then."""


class ArmForecast(NamedTuple):
    """One arm: its trials with the initial seeds, at most, and still open by what is known; a trial's work relative to
    the reference, and its accelerator seconds if they are known. One that is `free` needs no trials of its own."""

    arm: str
    trials: int
    most_trials: int
    open_trials: int
    relative_work: float
    trial_seconds: float | None
    free: bool = False


class Power(NamedTuple):
    """The probability with which a proxy whose true value is high enough is certified with so many hypotheses."""

    hypotheses: int
    probability: float


class Growing(NamedTuple):
    """The probability that such a proxy is certified while a backlog grows, in one way to spend the error."""

    expected: int | None
    """How many hypotheses were said to be expected; None: nothing was said."""
    now: float
    """At the first look, with the hypotheses that there are."""
    then: float
    """At a later look, once there are as many as are needed or expected, if it is not certified by then."""


@dataclass(frozen=True)
class Trusting:
    """What certificates a study may hope for, if one seed's noise is `EXPECTED_NOISE` of the hypotheses' spread."""

    quantity: str
    """What must reach the threshold, in words."""
    true_value: float
    """The true value of a proxy that is clearly good enough but not perfect: half way from the threshold to 1."""
    looks: tuple[int, ...]
    """The numbers of seeds at which trust is tested."""
    proxies: int
    powers: tuple[Power, ...]
    needed: int | None
    """About how many hypotheses certify with probability `WANTED_POWER`; None: more than can be asked for."""
    grown: int | None = None
    """The number of hypotheses that `growing` is about: that which is expected, or else needed; None: there are as many
    already, or nobody knows."""
    growing: tuple[Growing, ...] = ()
    """Both ways to spend the error, if the backlog grows to that number."""
    looked_before: bool = False
    """Whether trust was looked at before: then all of this is about a study that begins anew."""


@dataclass(frozen=True)
class Forecast:
    """What a study will take and what it can say.

    `accelerator_seconds` and `wall_seconds` are for the trials that are open by what is known,
    `most_accelerator_seconds` for the maximum of seeds of all hypotheses on all arms; None while no trial has shown a
    price. `measured` says that earlier trials have shown the arms' relative work, which else is guessed from epochs,
    data and pixels.
    """

    arms: tuple[ArmForecast, ...]
    preparations: int
    open_trials: int
    accelerator_seconds: float | None
    most_accelerator_seconds: float | None
    wall_seconds: float | None
    measured: bool
    unit: CostUnit | None
    budget: BudgetForecast
    trusting: Trusting | None
    """None without proxies, and where the budget is too small to certify any."""


def forecast(study: Study, records: Records) -> Forecast:
    """Count what is open, price it from earlier trials, and work out the power of the certificates."""
    design, judgement = study.design, judge(study, records)
    costs = judgement.costs
    progress = progress_of(study, judgement.records) if judgement.ladder else judgement.progress
    prices = arm_prices(study, costs)
    still_open = [
        work for work in design.work if progress.states[work.key] in (State.READY, State.WAITING, State.RUNNING)
    ]
    # where hypotheses are screened on a free arm, they run on it
    never = design.free if study.spec.screening is None else frozenset()
    may_come = [
        work
        for work in design.work
        if work.arm not in never and progress.states[work.key] not in (State.SUCCEEDED, State.FAILED)
    ]
    hypotheses = len(study.hypotheses)
    arms = tuple(
        ArmForecast(
            arm,
            trials=0 if arm in design.free else hypotheses * design.initial_seeds,
            most_trials=0 if arm in design.free else hypotheses * len(design.seeds),
            open_trials=sum(work.arm == arm and isinstance(work, PlannedTrial) for work in still_open),
            relative_work=relative_price(study, costs, arm),
            trial_seconds=prices[arm].accelerator_seconds if prices else None,
            free=arm in design.free,
        )
        for arm in design.arms
    )
    slots = max(1, len(still_open)) if study.most_at_a_time is None else study.most_at_a_time
    budget = _budget(study, judgement, known=prices is not None)

    to_come = price_of_all(still_open, prices) if prices else None
    return Forecast(
        arms=arms,
        preparations=len(design.preparations),
        open_trials=len(still_open),
        accelerator_seconds=to_come.accelerator_seconds if to_come else None,
        most_accelerator_seconds=price_of_all(may_come, prices).accelerator_seconds if prices else None,
        wall_seconds=to_come.wall_seconds / slots if to_come else None,
        measured=all(costs.relative(arm) is not None for arm in design.arms),
        unit=costs.unit,
        budget=budget,
        trusting=trusting(study) if len(design.arms) > 1 and budget is not BudgetForecast.TOO_SMALL else None,
    )


def _budget(study: Study, judgement: Judgement, *, known: bool) -> BudgetForecast:
    if study.spec.budget.accelerator_seconds is None:
        return BudgetForecast.NO_LIMIT
    if study.spec.screening is not None or len(rungs_of(study, judgement.costs)) < 2:
        return BudgetForecast.ENDS
    if not known:
        return BudgetForecast.NOT_KNOWN
    return BudgetForecast.TOO_SMALL if judgement.ladder else BudgetForecast.PAYS


def trusting(study: Study) -> Trusting:
    """Return the power of the study's certificate, for its own number of hypotheses and for others. It is worked out
    for the study's own statistic, with all its looks and proxies."""
    criterion, seeds = criterion_of(study), study.spec.seeds
    looks, proxies = look_seeds(seeds.initial, seeds.maximum), len(study.design.arms) - 1
    true_value = round((1 + criterion.threshold) / 2, 3)
    expected, own = study.spec.trust.expected_hypotheses, len(study.hypotheses)
    needed = hypotheses_for_power(
        WANTED_POWER,
        criterion,
        looks,
        true_value=true_value,
        noise_to_signal=EXPECTED_NOISE,
        proxies=proxies,
        expected=expected,
    )
    powers = tuple(
        Power(
            count,
            certification_power(
                count,
                criterion,
                looks,
                true_value=true_value,
                noise_to_signal=EXPECTED_NOISE,
                generator=np.random.default_rng(SIMULATION_SEED),
                proxies=proxies,
                draws=POWER_DRAWS if len(looks) == 1 else DRAWS_OF_LOOKS,
                backlog=Backlog((), expected),
            ),
        )
        for count in sorted({*COUNTS, own})
    )
    grown = expected or needed
    grown = grown if grown is not None and grown > own else None
    growing = tuple(_growing(study, each, grown, true_value) for each in (None, grown)) if grown else ()
    looked_before = any(arm_looks(study, arm).looks for arm in study.design.arms[1:])
    return Trusting(criterion.quantity, true_value, looks, proxies, powers, needed, grown, growing, looked_before)


def _growing(study: Study, expected: int | None, grown: int, true_value: float) -> Growing:
    """Return the power at the first looks, and at one more that follows them, with as many seeds as there may be."""
    criterion, own = criterion_of(study), len(study.hypotheses)
    looks = look_seeds(study.spec.seeds.initial, study.spec.seeds.maximum)
    first = looked_at(own, criterion, looks, noise_to_signal=EXPECTED_NOISE, expected=expected)
    now, then = (
        certification_power(
            hypotheses,
            criterion,
            seeds,
            true_value=true_value,
            noise_to_signal=EXPECTED_NOISE,
            generator=np.random.default_rng(SIMULATION_SEED),
            proxies=len(study.design.arms) - 1,
            draws=DRAWS_OF_LOOKS,
            backlog=backlog,
        )
        for hypotheses, seeds, backlog in ((own, looks, Backlog((), expected)), (grown, looks[-1:], first))
    )
    return Growing(expected, now, then)
