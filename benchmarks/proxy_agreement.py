"""How alike proxies order recipes as the reference does, with what the noise of seeds makes of it taken out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from proxy_studies import METRICS, Runs

from assay.api.resources import REFERENCE
from assay.ranking.arrays import IntArray
from assay.ranking.orders.agreement import kendall_tau_b
from assay.ranking.orders.ceiling import reliability
from assay.ranking.orders.tau import correlation_of, expected_tau
from assay.ranking.scores import Scores

DRAWS = 1000
COVERED = (10, 90)
"""Percentiles: an interval of 80 %."""


@dataclass(frozen=True)
class Estimate:
    """A statistic of some recipes, with an interval by the bootstrap over them."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, statistic: Callable[[IntArray], float], recipes: int) -> Estimate:
        """Estimate a statistic that takes the rows of recipes."""
        generator = np.random.default_rng(0)
        drawn = [statistic(generator.integers(recipes, size=recipes)) for _ in range(DRAWS)]
        low, high = np.nanpercentile(drawn, COVERED)
        return cls(statistic(np.arange(recipes)), float(low), float(high))

    def __format__(self, spec: str) -> str:
        return format(f"{self.value:.2f} {self.low:.2f}–{self.high:.2f}".replace("0.", "."), spec)


@dataclass(frozen=True)
class Row:
    """What was found of an arm."""

    arm: str
    cost: float
    preparation: float
    tau: Mapping[str, Estimate]
    true_tau: Mapping[str, Estimate] | None
    """None for the reference itself, of which it is 1."""


def rows_of(runs: Runs) -> list[Row]:
    """Return a row for each arm, the reference with as many seeds as the others first."""
    recipes = len(runs.study.definition.hypotheses)
    found = []
    for arm in runs.arms:
        compared = {metric: _Compared(runs.scores(arm, metric), runs.yardstick(metric)) for metric in METRICS}
        tau = {metric: Estimate.of(each.tau, recipes) for metric, each in compared.items()}
        true_tau = {metric: Estimate.of(each.true_tau, recipes) for metric, each in compared.items()}
        found.append(Row(arm, runs.cost(arm), runs.preparation_share(arm), tau, None if arm == REFERENCE else true_tau))
    return found


@dataclass(frozen=True, eq=False)
class _Compared:
    """An arm and the reference, whose seeds have no luck in common."""

    arm: Scores
    reference: Scores

    def tau(self, rows: IntArray) -> float:
        """Return tau-b of the mean scores of these recipes."""
        tau = kendall_tau_b(self.reference.means[rows], self.arm.means[rows])
        return math.nan if tau is None else tau

    def true_tau(self, rows: IntArray) -> float:
        """Return the tau of their scores over any number of seeds."""
        shares = [float(reliability(each.values[rows])) for each in (self.arm, self.reference)]
        correlation = float(correlation_of(self.tau(rows))) / math.sqrt(max(shares[0] * shares[1], 1e-9))
        return float(expected_tau(max(-1.0, min(1.0, correlation))))
