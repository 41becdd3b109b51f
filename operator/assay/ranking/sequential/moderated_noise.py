"""The noise of a pair's difference: its own seeds say something, and all other hypotheses' too.

At the first look each of the two has a variance of its own, from the initial seeds with hypothesis and seed effects
taken out, moderated by that of all others; theirs add up (Satterthwaite 1946). Later looks add the pair's own squares.

Source: the moderated t statistic of Smyth 2004 (Statistical Applications in Genetics and Molecular Biology 3:3), with
the prior's degrees of freedom fixed rather than estimated: from some twenty variances with two degrees of freedom each
they can't be.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.scores import Scores

MOST_WEIGHT = 14
"""Degrees of freedom that the others' variance counts with at most, for a hypothesis' own. More make intervals shorter
if all hypotheses are equally noisy, and wrong more often if they are not: see benchmarks/decisions.py --choices."""

MOST_WEIGHT_OF_CONTROL = 4
"""The same for the one that all are compared with: to mistake its noise is to mistake that of every comparison."""

_NONE = 1e-9
"""A variance of this share of the pooled one is what rounding leaves of none."""

MOST_FIXED_WEIGHT = 6
"""The same where a pair's weight does not depend on its own noise, as among all pairs (it would take too long)."""


@dataclass(frozen=True, eq=False)
class PairNoise:
    """Of paired differences of one seed, as far as the initial seeds show it."""

    variances: FloatArray
    """(pairs,)"""
    known: FloatArray
    """(pairs,): their degrees of freedom."""


@dataclass(frozen=True, eq=False)
class InitialNoise:
    """Noise over the first seeds of all hypotheses, which all get.

    So a pair's intervals rest on these and on the pair's own scores, and no later score of another changes them.
    """

    variance: float
    """Of one score, pooled; above 0."""
    degrees_of_freedom: int
    initial: int
    own_squares: FloatArray
    """(hypotheses,): sums of squares, of which those of equal noise are as large as the pooled variance makes them."""
    own_known: IntArray
    """(hypotheses,): their degrees of freedom."""

    @classmethod
    def of(cls, table: Scores, initial: int) -> InitialNoise | None:
        """None where it is not known: too few scores among the first `initial` seeds, or scores no seed changes."""
        first = table.first_seeds(initial)
        noise = first.noise
        if noise is None or noise.variance == 0:
            return None
        own_known = np.maximum(first.counts - 1, 0)
        return cls(noise.variance, noise.degrees_of_freedom, initial, first.own_squares, own_known)

    @property
    def known_of_others(self) -> int:
        """Degrees of freedom that a pair leaves; 0 where it is all there is."""
        return max(self.degrees_of_freedom - (self.initial - 1), 0)

    @property
    def fixed_weight(self) -> int:
        """Degrees of freedom that others' noise counts with where that does not depend on a pair's own noise."""
        return min(MOST_FIXED_WEIGHT, self.known_of_others)

    @property
    def caution(self) -> float:
        """What a level is multiplied with: bounds from Student's t err by a sixth where a pair is all there is."""
        return 1.0 if self.known_of_others else 0.85

    def of_pairs(self, rows: IntArray, control: int) -> PairNoise:
        """Of the differences of these rows from one that they are all compared with."""
        moderated, known = self._moderated_each
        variances = moderated[0, rows] + moderated[1, control]
        uncertain = moderated[0, rows] ** 2 / known[0, rows] + moderated[1, control] ** 2 / known[1, control]
        together = variances**2 / np.maximum(uncertain, np.finfo(np.float64).tiny)
        # no more than all scores together tell
        return PairNoise(self.believable(variances), np.clip(together, 1, self.degrees_of_freedom))

    @cached_property
    def _moderated_each(self) -> tuple[FloatArray, FloatArray]:
        """(2, hypotheses) each: variances as one of many and as the control, and their degrees of freedom.

        Whoever is noisier than the others relies less on these, so many times less.
        """
        # what rounding leaves of no noise is none
        none = _NONE * self.variance
        own_known = self.own_known
        own = np.where(self.own_squares <= none * own_known, 0.0, self.own_squares)
        left = np.maximum(self.degrees_of_freedom - own_known, 0)
        others = (self.degrees_of_freedom * self.variance - self.own_squares) / np.maximum(left, 1)
        others = np.where(others <= none, 0.0, others)
        with np.errstate(divide="ignore", invalid="ignore"):
            noisier = np.where(own > 0, own / np.maximum(own_known, 1) / others, 0.0)
        most = np.array([[MOST_WEIGHT], [MOST_WEIGHT_OF_CONTROL]])
        weight = np.minimum(most, left) / np.maximum(noisier, 1.0)
        known = weight + own_known
        return (weight * others + own) / known, known

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

    def with_own(self, first: PairNoise, squares: FloatArray, seeds: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(pairs, looks) each: variances and their degrees of freedom, the pairs' own later squares added.

        From (pairs, looks) of squares around the mean over so many seeds. What the initial seeds showed counts so many
        times less for a pair that looks noisier than that.
        """
        spread = squares / (seeds - 1)
        if not self.known_of_others:
            return self.believable(spread), np.broadcast_to(seeds - 1, spread.shape)
        at_first = first.variances[:, None]
        noisier = np.maximum(np.where(np.isnan(spread), 0.0, spread) / at_first, 1.0)
        known = np.maximum(first.known[:, None] / noisier, 1.0)
        together = known + seeds - self.initial
        variances: FloatArray = (known * at_first + squares - squares[:, :1]) / together
        return variances, together
