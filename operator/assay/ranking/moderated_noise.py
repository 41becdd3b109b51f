"""The noise of a pair's difference: its own seeds say something, and all other hypotheses' too.

Source: the moderated t statistic of Smyth 2004 (Statistical Applications in Genetics and Molecular Biology 3:3), with
the prior's degrees of freedom fixed rather than estimated: from some twenty variances with two degrees of freedom each
they can't be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.ranking.scores import FloatArray, Scores

MOST_WEIGHT = 10
"""Degrees of freedom that the pooled variance counts with at most. More make intervals shorter if all hypotheses are
equally noisy, and wrong more often if they are not: see benchmarks/decisions.py --choices."""

_NONE = 1e-9
"""A variance of this share of the pooled one is what rounding leaves of none."""

MOST_FIXED_WEIGHT = 6
"""The same where a pair's weight does not depend on its own noise, as among all pairs (it would take too long)."""


@dataclass(frozen=True)
class InitialNoise:
    """Noise pooled over the first seeds of all hypotheses, which all get.

    So a pair's decision rests on these and on the pair's own scores, and no later score of another changes it.
    """

    variance: float
    """Of one score; above 0."""
    degrees_of_freedom: int
    initial: int

    @classmethod
    def of(cls, table: Scores, initial: int) -> InitialNoise | None:
        """None where it is not known: too few scores among the first `initial` seeds, or scores no seed changes."""
        noise = table.restricted(table.hypotheses, table.seeds[:initial]).noise
        return None if noise is None or noise.variance == 0 else cls(noise.variance, noise.degrees_of_freedom, initial)

    @property
    def weight(self) -> int:
        """Degrees of freedom that others' noise counts with; 0 where a pair is all there is."""
        return min(MOST_WEIGHT, max(self.degrees_of_freedom - (self.initial - 1), 0))

    @property
    def fixed_weight(self) -> int:
        """The same where it does not depend on a pair's own noise."""
        return min(MOST_FIXED_WEIGHT, self.weight)

    @property
    def caution(self) -> float:
        """What a level is multiplied with: bounds from Student's t err by a sixth where a pair is all there is."""
        return 1.0 if self.weight else 0.85

    def of_others(self, initial_spread: FloatArray) -> FloatArray:
        """Variance of a paired difference by all but the pair itself, `initial_spread` being its own at first."""
        own = self.initial - 1
        squares = np.maximum(2 * self.degrees_of_freedom * self.variance - own * initial_spread, 0.0)
        others: FloatArray = squares / max(self.degrees_of_freedom - own, 1)
        return others

    def known_with(self, seeds: FloatArray, weight: FloatArray | float) -> FloatArray:
        """Degrees of freedom of a moderated variance in which others count with this weight."""
        known: FloatArray = np.asarray(weight + seeds - 1)
        return known

    def moderated(
        self, spread: FloatArray, seeds: FloatArray, others: FloatArray | float, weight: FloatArray | float
    ) -> FloatArray:
        """Between the own variance over so many seeds and that of others; see `believable`."""
        moderated: FloatArray = (weight * others + (seeds - 1) * spread) / (weight + seeds - 1)
        return self.believable(moderated)

    def believable(self, variance: FloatArray) -> FloatArray:
        """The pooled variance in place of none: a few equal differences, of scores that are shares, don't show that."""
        believable: FloatArray = np.where(variance <= _NONE * self.variance, 2 * self.variance, variance)
        return believable

    def less_weight(self, spread: FloatArray, others: FloatArray) -> FloatArray:
        """The others' weight for pairs that are noisier than these: so many times less."""
        with np.errstate(divide="ignore", invalid="ignore"):
            weight: FloatArray = self.weight / np.maximum(np.where(others > 0, spread / others, np.inf), 1.0)
        return weight
