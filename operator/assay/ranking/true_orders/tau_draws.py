"""The tau test, inverted: at which correlation does Kendall's tau of K normal pairs reach an observed value?

Take K pairs (X, Y) with Y = r X + sqrt(1 - r^2) Z, where X and Z are independent and standard normal. Two of the pairs
are concordant if and only if r / sqrt(1 - r^2) exceeds their slope -dZ / dX. So for fixed draws of X and Z, tau only
rises with r, and the r at which it reaches an observed value is an order statistic of the slopes. Thus one pass over
the draws inverts the test for all r: exactly, without a search, and with the same random numbers for every r.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.orders.tau import correlation_of, expected_tau


def draws_for(hypotheses: int) -> int:
    """Return how many studies are simulated for a test of this many hypotheses, 2 or more: 4 000, fewer from 64 on."""
    return int(np.clip(16_000_000 // (hypotheses * (hypotheses - 1)), 1500, 4000))


SIMULATED_UP_TO = 100
"""The most hypotheses of a simulated study. For more, studies of this size are simulated, and their deviations shrunk
as 1 / sqrt(hypotheses)."""

_BLOCK_ELEMENTS = 1 << 17


@dataclass(frozen=True, eq=False)
class TauDraws:
    """Simulated studies of `hypotheses` normal pairs (X, Z), which give pairs (X, Y) at any correlation."""

    hypotheses: int
    slopes: NDArray[np.float32]
    """(draws, pairs of simulated hypotheses), sorted along the pairs if `ordered`."""
    ordered: bool
    moments: FloatArray
    """(3, draws): the sample variances of X and of Z, and their sample covariance."""

    @classmethod
    def simulate(
        cls, hypotheses: int, generator: np.random.Generator, draws: int, *, ordered: bool = False
    ) -> TauDraws:
        """Simulate studies of 2 or more hypotheses; `ordered`: with sorted slopes, which pays for many observations."""
        simulated = min(hypotheses, SIMULATED_UP_TO)
        pairs = simulated * (simulated - 1) // 2
        slopes = np.empty((draws, pairs), dtype=np.float32)
        moments = np.empty((3, draws))
        step = max(1, _BLOCK_ELEMENTS // pairs)
        for start in range(0, draws, step):
            rows = slice(start, min(start + step, draws))
            some = cls.of(*generator.standard_normal((2, rows.stop - start, simulated)))
            slopes[rows], moments[:, rows] = some.slopes, some.moments
            if ordered:
                slopes[rows].sort(axis=1)
        expected = np.array([[1.0], [1.0], [0.0]])
        moments = expected + (moments - expected) * np.sqrt((simulated - 1) / (hypotheses - 1))
        return cls(hypotheses, slopes, ordered, moments)

    @classmethod
    def of(cls, x: FloatArray, z: FloatArray) -> TauDraws:
        """Take these studies: X and Z, (draws, hypotheses) each, without ties."""
        hypotheses = x.shape[1]
        first, second = np.triu_indices(hypotheses, 1)
        slopes = np.empty((len(x), len(first)), dtype=np.float32)
        np.divide(z[:, second] - z[:, first], x[:, first] - x[:, second], out=slopes, casting="same_kind")
        x, z = x - x.mean(axis=1, keepdims=True), z - z.mean(axis=1, keepdims=True)
        moments = np.array([(x * x).sum(axis=1), (z * z).sum(axis=1), (x * z).sum(axis=1)]) / (hypotheses - 1)
        return cls(hypotheses, slopes, False, moments)

    @property
    def pairs(self) -> int:
        """The number of pairs of hypotheses."""
        return self.hypotheses * (self.hypotheses - 1) // 2

    def concordant_at(self, correlation: float) -> IntArray:
        """Return (draws,): how many pairs are concordant in each simulated study at this correlation in [-1, 1]."""
        bound = correlation / np.sqrt(max(1 - correlation**2, 1e-30))
        concordant: IntArray = (self.slopes < bound).sum(axis=1, dtype=np.int64)
        simulated = self.slopes.shape[1]
        if simulated == self.pairs:
            return concordant
        centre = np.arctanh(_open(expected_tau(correlation)))
        deviation = np.arctanh(_open(2 * concordant / simulated - 1)) - centre
        return np.rint((np.tanh(centre + deviation * self._shrinkage) + 1) / 2 * self.pairs).astype(np.int64)

    def correlations_reaching(self, concordant: IntArray, widening: FloatArray | float = 1.0) -> FloatArray:
        """Return the correlation at which each simulated study comes to have so many concordant pairs.

        `concordant`: (observations,), how many are asked for. `widening`: (observations,), how many times farther the
        studies lie from the expected tau than normal scores do, on the scale of atanh. Returns (draws, observations) in
        [-1, 1]: -1 where no pairs are asked for, 1 where more are asked for than there are.
        """
        simulated = self.slopes.shape[1]
        asked = np.clip(concordant, 1, self.pairs)
        rank = np.ceil(asked * (simulated / self.pairs) - 1e-9).astype(np.int64)
        wide = (self.slopes[:, rank - 1] if self.ordered else self._of_rank(rank)).astype(np.float64)
        reached = wide / np.sqrt(1 + wide * wide)
        factor = np.broadcast_to(self._shrinkage * widening, asked.shape)
        spread = factor != 1
        if spread.any():
            # the centre is the correlation whose expected tau is asked for, with half a pair less for continuity
            of_simulated, of_all = (
                np.arctanh(_open(correlation_of((2 * count - 1) / pairs - 1)))
                for count, pairs in ((rank[spread], simulated), (asked[spread], self.pairs))
            )
            deviation = (np.arctanh(_open(reached[:, spread])) - of_simulated) * factor[spread]
            reached[:, spread] = np.tanh(of_all + deviation)
        return np.where(concordant < 1, -1.0, np.where(concordant > self.pairs, 1.0, reached))

    def _of_rank(self, rank: IntArray) -> NDArray[np.float32]:
        """Return the slopes of these ranks, (draws, ranks).

        It takes a few draws at a time, since a partition copies what it orders.
        """
        if (rank == self.slopes.shape[1]).all():
            return np.repeat(self.slopes.max(axis=1, keepdims=True), len(rank), axis=1)
        places = rank[0] - 1 if len(rank) == 1 else np.unique(rank) - 1
        step = max(1, _BLOCK_ELEMENTS // self.slopes.shape[1])
        blocks = (self.slopes[start : start + step] for start in range(0, len(self.slopes), step))
        return np.concatenate([np.partition(block, places, axis=1)[:, rank - 1] for block in blocks])

    @property
    def _shrinkage(self) -> float:
        return float(np.sqrt(min(self.hypotheses, SIMULATED_UP_TO) / self.hypotheses))

    def sample_variances(self, correlation: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the sample variances of X and of Y, both 1 in truth, at these correlations (draws, observations)."""
        of_x, of_z, both = self.moments[:, :, None]
        rest = np.sqrt(np.maximum(1 - correlation**2, 0.0))
        of_y = correlation**2 * of_x + 2 * correlation * rest * both + rest**2 * of_z
        # two pairs can have no variance in Y, which rounding must not make negative
        return of_x, np.maximum(of_y, 0.0)


def _open(tau: FloatArray) -> FloatArray:
    return np.clip(tau, -1 + 1e-12, 1 - 1e-12)
