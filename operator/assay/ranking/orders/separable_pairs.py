"""The pairs of hypotheses that the reference separates, and whether the proxy orders them alike.

Each pair is compared over the seeds that both hypotheses have in both arms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.orders.separation import separating_difference
from assay.ranking.scores import Scores


class PairCount(NamedTuple):
    """How many pairs there are, how many of them the reference separates, and how many of these are ordered alike."""

    pairs: int
    separable: int
    alike: float

    def gains(self, bets: FloatArray, promised: float) -> FloatArray:
        """Return (bets,): what each bet adds to the logarithm of the wealth; see `screening.audits`."""
        return np.log1p(bets * (promised * self.separable - self.alike) / max(self.pairs, 1))


class PairTable:
    """Two arms' scores, of which separable pairs are counted."""

    def __init__(self, reference: Scores, proxy: Scores, calibration: tuple[str, ...]) -> None:
        self._row = {name: row for row, name in enumerate(reference.hypotheses)}
        self._reference = reference.values
        self._proxy = proxy.restricted(reference.hypotheses, reference.seeds).values
        self._present = ~np.isnan(self._reference) & ~np.isnan(self._proxy)
        self._calibration = np.array([self._row[name] for name in calibration if self.is_scored(name)], dtype=np.int64)
        noise = reference.restricted(calibration).noise
        self._variance = noise.variance if noise is not None else np.nan

    def is_scored(self, hypothesis: str) -> bool:
        """Return whether a hypothesis has scores in both arms at some seed."""
        return bool(self._present[self._row[hypothesis]].any())

    def with_calibration(self, hypothesis: str) -> PairCount:
        """Count a hypothesis' pairs with those of the calibration."""
        return self._count(hypothesis, self._calibration)

    def with_others(self, hypothesis: str, others: Sequence[str]) -> PairCount:
        """Count a hypothesis' pairs with these others."""
        return self._count(hypothesis, np.array([self._row[other] for other in others], dtype=np.int64))

    def _count(self, hypothesis: str, others: IntArray) -> PairCount:
        own = self._row[hypothesis]
        common = self._present[own] & self._present[others]
        seeds = common.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            ours, theirs = (
                np.where(common, arm[own] - arm[others], 0.0).sum(axis=1) / seeds
                for arm in (self._reference, self._proxy)
            )
            separable = (seeds > 0) & (np.abs(ours) > separating_difference(self._variance, seeds))
        alike = 0.5 + 0.5 * np.sign(ours[separable]) * np.sign(theirs[separable])
        return PairCount(len(others), int(separable.sum()), float(alike.sum()))
