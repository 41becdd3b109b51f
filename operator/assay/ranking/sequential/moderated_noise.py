"""Moderated noise: the variance of a pair's difference, from its own seeds and from those of all other hypotheses.

At the first look each of the two hypotheses has a variance from its own initial seeds, with hypothesis and seed effects
taken out. It is moderated by the variance of all others. The two are added, and so are their degrees of freedom
(Satterthwaite 1946). Later looks add the squares of the pair's own differences.

Source: the moderated t statistic of Smyth 2004 (Statistical Applications in Genetics and Molecular Biology 3:3), whose
variance is (d0 s0^2 + d s^2) / (d0 + d), d0 being the prior's degrees of freedom. Here d0 is fixed: it can't be
estimated from some twenty variances with two degrees of freedom each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.scores import Scores
from assay.ranking.sequential.group_sequential import GroupSequentialDesign, group_sequential_design
from assay.ranking.sequential.noise_of_families import noise_of_families
from assay.ranking.sequential.unequal_noise import ALIKE, NoiseRule, rule_for

_NONE = 1e-9
"""A variance that is no more than this part of the pooled one is a rounding error of none."""


@dataclass(frozen=True, eq=False)
class PairNoise:
    """The noise of the difference of each pair at one seed, as far as the initial seeds show it."""

    variances: FloatArray
    """(pairs,): the variances."""
    known: FloatArray
    """(pairs,): their degrees of freedom."""


@dataclass(frozen=True, eq=False)
class InitialNoise:
    """The noise at the initial seeds, which all hypotheses have.

    A pair's intervals rest on these and on the pair's own scores, so that no later score of another changes them.
    """

    variance: float
    """The pooled variance of one score; above 0."""
    degrees_of_freedom: int
    initial: int
    own_squares: FloatArray
    """(hypotheses,): the sums of squared residuals, corrected so that equal noise gives each the pooled variance."""
    own_known: IntArray
    """(hypotheses,): their degrees of freedom."""

    @classmethod
    def of(cls, table: Scores, initial: int) -> InitialNoise | None:
        """Estimate the noise from the first `initial` seeds of a table.

        None where it can't be known: too few scores, or scores that no seed changes.
        """
        first = table.first_seeds(initial)
        noise = first.noise
        if noise is None or noise.variance == 0:
            return None
        own_known = np.maximum(first.counts - 1, 0)
        variance, squares, degrees = noise.variance, first.own_squares, noise.degrees_of_freedom
        if (shared := noise_of_families(first)) is not None:
            variance, squares = variance * shared.times, squares * shared.times
            degrees = min(degrees, shared.degrees_of_freedom)
        return cls(variance, degrees, initial, squares, own_known)

    @cached_property
    def rule(self) -> NoiseRule:
        """How far the others' noise is believed; by the initial seeds, so that no later one changes it."""
        return rule_for(self.own_squares, self.own_known)

    @property
    def known_of_others(self) -> int:
        """The degrees of freedom of all hypotheses but a pair; 0 where there is nothing but the pair."""
        return max(self.degrees_of_freedom - (self.initial - 1), 0)

    @property
    def fixed_weight(self) -> float:
        """The degrees of freedom of the others' noise, where these don't depend on a pair's own noise."""
        return min(self.rule.most_fixed_weight, self.known_of_others)

    @property
    def caution(self) -> float:
        """The factor for levels: bounds by Student's t err a sixth too often where there is nothing but the pair."""
        return 1.0 if self.known_of_others else 0.85

    def of_pairs(self, rows: IntArray, control: int) -> PairNoise:
        """Return the noise of the differences of these rows from the control's row."""
        moderated, known = self._moderated_each
        variances = moderated[0, rows] + moderated[1, control]
        uncertain = moderated[0, rows] ** 2 / known[0, rows] + moderated[1, control] ** 2 / known[1, control]
        together = variances**2 / np.maximum(uncertain, np.finfo(np.float64).tiny)
        # no more degrees of freedom than all scores together have
        return PairNoise(self.believable(variances), np.clip(together, 1, self.degrees_of_freedom))

    @cached_property
    def _moderated_each(self) -> tuple[FloatArray, FloatArray]:
        """(2, hypotheses) each: moderated variances, as one of many and as the control, and their degrees of freedom.

        The weight of the others is divided by how many times noisier than they a hypothesis is.
        """
        # a rounding error of no noise is no noise
        none = _NONE * self.variance
        own_known = self.own_known
        own = np.where(self.own_squares <= none * own_known, 0.0, self.own_squares)
        left = np.maximum(self.degrees_of_freedom - own_known, 0)
        others = (self.degrees_of_freedom * self.variance - self.own_squares) / np.maximum(left, 1)
        others = np.where(others <= none, 0.0, others)
        with np.errstate(divide="ignore", invalid="ignore"):
            noisier = np.where(own > 0, own / np.maximum(own_known, 1) / others, 0.0)
        most = np.array([[self.rule.most_weight], [self.rule.most_weight_of_control]])
        weight = np.minimum(most, left) / np.maximum(noisier, 1.0)
        known = weight + own_known
        return (weight * others + own) / known, known

    def of_others(self, initial_spread: FloatArray) -> FloatArray:
        """Return the variance of a pair's difference by all hypotheses but the pair.

        `initial_spread`: the variance of its own differences at the initial seeds.
        """
        own = self.initial - 1
        squares = np.maximum(2 * self.degrees_of_freedom * self.variance - own * initial_spread, 0.0)
        return squares / max(self.degrees_of_freedom - own, 1)

    def believed(self, known: FloatArray) -> FloatArray:
        """Return how many of a variance's degrees of freedom are believed."""
        return np.minimum(known, max(self.rule.most_known, self.initial))

    def shaped(self, design: GroupSequentialDesign) -> GroupSequentialDesign:
        """Return the same looks with bounds of the shape that fits this noise."""
        return group_sequential_design(design.initial, design.maximum, self.rule.shape, design.earlier)

    def moderated(
        self, spread: FloatArray, seeds: FloatArray, others: FloatArray | float, weight: FloatArray | float
    ) -> FloatArray:
        """Return the moderated variance: between the own one (`spread`, over these seeds) and the others'."""
        moderated: FloatArray = (weight * others + (seeds - 1) * spread) / (weight + seeds - 1)
        return self.believable(moderated)

    def believable(self, variance: FloatArray) -> FloatArray:
        """Replace a variance of 0 by the pooled one: a few equal differences may be chance, where scores are shares."""
        return np.where(variance <= _NONE * self.variance, 2 * self.variance, variance)

    def with_own(self, first: PairNoise, squares: FloatArray, seeds: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (pairs, looks) each: variances with the pairs' own later squares added, and their degrees of freedom.

        `first`: what the initial seeds show. `squares`: (pairs, looks), the sums of squares around the mean over the
        seeds of each look. For a pair that is noisier than `first` says, `first` counts so many times less.
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


def believed_at_one_look(table: Scores, counts: IntArray) -> FloatArray | None:
    """Return the degrees of freedom that variances are believed to have at a number of seeds fixed beforehand.

    `counts`: the numbers of seeds. None where the noise looks alike: then all scores count.
    """
    noise = InitialNoise.of(table, len(table.seeds))
    if noise is None or noise.rule == ALIKE:
        return None
    return np.clip(counts.astype(np.float64), 1, noise.degrees_of_freedom)
