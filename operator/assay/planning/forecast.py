"""Before anything runs: how many trials, how much time, and what could be certified at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assay.api.resources import REFERENCE
from assay.planning.costs import costs_of, predictions, relative_work
from assay.planning.design import PlannedTrial
from assay.planning.progress import State, progress_of
from assay.planning.trust import SIMULATION_SEED
from assay.ranking import Criterion, certification_power

if TYPE_CHECKING:
    from assay.api.resources import CostUnit
    from assay.planning.records import Records
    from assay.planning.study import Study

EXPECTED_NOISE = 0.2
"""Deviation of one seed's noise over that of the hypotheses' true scores: a usual value; a guess until seeds ran."""

COUNTS = (8, 12, 24, 36, 48)
"""Numbers of hypotheses that are shown beside the study's own."""

POWER_DRAWS = 2000
"""Simulated studies for each power. Few hypotheses have few values of tau: with 800 draws the critical one was now and
then the next, and nine hypotheses seemed to certify less than eight."""


class ArmForecast(NamedTuple):
    """One arm: trials planned and still open, a trial's work relative to the reference, and its seconds if known."""

    arm: str
    trials: int
    open_trials: int
    relative_work: float
    trial_seconds: float | None


class Power(NamedTuple):
    """Probability with which a proxy of true tau `true_tau` would be certified with so many hypotheses."""

    hypotheses: int
    true_tau: float
    probability: float


@dataclass(frozen=True)
class Forecast:
    """What a study will take and what it can say. `wall_seconds` is None while nothing is known to go by.

    `measured` says whether the arms' relative work was measured by earlier trials, or is a guess from epochs,
    data and pixels.
    """

    arms: tuple[ArmForecast, ...]
    preparations: int
    open_trials: int
    accelerator_seconds: float | None
    wall_seconds: float | None
    measured: bool
    unit: CostUnit | None
    powers: tuple[Power, ...]


def forecast(study: Study, records: Records) -> Forecast:
    """Count what is open, price it from earlier trials, and work out the power of the certificates."""
    design, progress = study.design, progress_of(study, records)
    costs = costs_of(study, records)
    expected = predictions(study, costs)
    still_open = [
        work for work in design.work if progress.states[work.key] in (State.READY, State.WAITING, State.RUNNING)
    ]
    arms = tuple(
        ArmForecast(
            arm,
            trials=len(study.hypotheses) * design.initial_seeds,
            open_trials=sum(work.arm == arm and isinstance(work, PlannedTrial) for work in still_open),
            relative_work=costs.relative(arm) or relative_work(design.fidelities[arm], design.fidelities[REFERENCE]),
            trial_seconds=expected[arm].accelerator_seconds if expected else None,
        )
        for arm in design.arms
    )
    limits = (study.spec.budget.parallelism, study.capacity)
    slots = min((limit for limit in limits if limit is not None), default=max(1, len(still_open)))
    return Forecast(
        arms=arms,
        preparations=len(design.preparations),
        open_trials=len(still_open),
        accelerator_seconds=sum(expected[work.arm].accelerator_seconds for work in still_open) if expected else None,
        wall_seconds=sum(expected[work.arm].wall_seconds for work in still_open) / slots if expected else None,
        measured=all(costs.relative(arm) is not None for arm in design.arms),
        unit=costs.unit,
        powers=powers(study) if len(design.arms) > 1 else (),
    )


def powers(study: Study) -> tuple[Power, ...]:
    """Power of the study's certificate for its own number of hypotheses and others, at the usual noise.

    The true tau is half way from the threshold to 1: clearly good enough, and not perfect.
    """
    trust = study.spec.trust
    true_tau = round((1 + float(trust.threshold)) / 2, 3)
    counts = sorted({*COUNTS, len(study.hypotheses)})
    return tuple(
        Power(
            count,
            true_tau,
            certification_power(
                count,
                Criterion("KendallTau", float(trust.threshold), trust.confidence_percent / 100),
                (study.design.initial_seeds,),
                true_value=true_tau,
                noise_to_signal=EXPECTED_NOISE,
                generator=np.random.default_rng(SIMULATION_SEED),
                draws=POWER_DRAWS,
            ),
        )
        for count in counts
    )
