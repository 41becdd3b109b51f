"""Price curves: how good the order of a policy is by the time that it has spent a share of the full cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from assay.ranking.arrays import FloatArray

LOW, HIGH = 0.1, 0.9
"""The quantiles, over the orders of seeds, that give a spread."""

ROUNDING = 1e-9
"""Prices that differ by less than this part of them are the same."""


class Spread(NamedTuple):
    """A figure over the orders of seeds: the middle, and the ends of the lowest and of the highest tenth."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class PricedRun:
    """A policy at work with the seeds in one order: an element per purchase, in the order in which they were made."""

    shares: FloatArray
    """(purchases,): the share of the full cost that has been spent; never falling."""
    tau: FloatArray
    """(purchases,): the agreement with the truth, -1 to 1."""
    regret: FloatArray
    """(purchases,): in the metric's units, 0 or more; NaN where nothing could be chosen yet."""

    def at(self, share: float) -> tuple[float, float]:
        """Return tau and regret once this share has been spent; before the first purchase they are 0 and NaN."""
        bought = int(np.searchsorted(self.shares, share * (1 + ROUNDING), side="right"))
        return (float(self.tau[bought - 1]), float(self.regret[bought - 1])) if bought else (0.0, float("nan"))


@dataclass(frozen=True, eq=False)
class PriceCurve:
    """One policy, with the seeds in several orders."""

    name: str
    explanation: str
    runs: tuple[PricedRun, ...]

    @cached_property
    def first(self) -> float:
        """The share of the full cost at which half of the runs have bought something."""
        return float(np.median([run.shares[0] if len(run.shares) else 0.0 for run in self.runs]))

    @cached_property
    def total(self) -> float:
        """The share at which the policy has bought all it wants: the median over the runs."""
        return float(np.median([run.shares[-1] if len(run.shares) else 0.0 for run in self.runs]))

    def tau(self, share: float) -> Spread:
        """Return the agreement for a share of the full cost, which may be infinite; the middle is the median."""
        values = np.array([run.at(share)[0] for run in self.runs])
        return _spread(float(np.median(values)), values)

    def regret(self, share: float) -> Spread | None:
        """Return the regret for a share of the full cost; None where half of the runs could not choose yet.

        The middle is the mean: mostly there is no regret, and it matters how much is lost where there is some.
        """
        values = np.array([run.at(share)[1] for run in self.runs])
        known = values[np.isfinite(values)]
        return _spread(float(known.mean()), known) if 2 * len(known) > len(values) else None


@dataclass(frozen=True, eq=False)
class PricedPolicies:
    """Policies side by side; the first is the one that is judged."""

    curves: tuple[PriceCurve, ...]
    full_cost: float
    """The accelerator seconds of one run of every hypothesis on the reference, the mean over the orders of seeds. A
    share is that of its own order's full cost."""
    hypotheses: int
    """The number of hypotheses with a true score."""


def _spread(middle: float, values: FloatArray) -> Spread:
    return Spread(middle, float(np.quantile(values, LOW)), float(np.quantile(values, HIGH)))
