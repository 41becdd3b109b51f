"""Differences of pairs at every look: what was known of a pair when both had so many seeds in common.

Only seeds that both have count, in the table's order, so that nothing depends on the order in which trials end. The
noise is pooled over the first `initial` seeds of all hypotheses, which all get: what decides a pair is then that pair
and these seeds alone, and no later score of another hypothesis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from numpy.typing import NDArray

from assay.ranking.always_valid import Looks, as_normal, as_t
from assay.ranking.scores import BoolArray, FloatArray, Scores, SeedNoise


def initial_noise(reference: Scores, initial: int) -> SeedNoise | None:
    """Of the first `initial` seeds; None where it is not known: too few scores, or scores that no seed changes."""
    noise = reference.restricted(reference.hypotheses, reference.seeds[:initial]).noise
    return None if noise is None or noise.variance == 0 else noise


@dataclass(frozen=True, eq=False)
class PairedLooks:
    """Some pairs' differences at the looks; higher is better for the first of a pair."""

    looks: Looks
    noise: SeedNoise
    """Of one score; its variance is above 0."""
    differences: FloatArray
    """(pairs, looks): mean over the first n common seeds; NaN where there are not that many."""
    spreads: FloatArray
    """(pairs, looks): sample variance of the n paired differences."""

    @classmethod
    def build(cls, first: FloatArray, second: FloatArray, looks: Looks, noise: SeedNoise) -> PairedLooks:
        """From scores (pairs, seeds), NaN where there is none; `second` may be (seeds,), the same for all pairs."""
        paired = first - second
        missing = np.isnan(paired)
        if missing.any():
            paired = np.take_along_axis(paired, np.argsort(missing, axis=1, kind="stable"), axis=1)
        length = max(looks.maximum, paired.shape[1])
        paired = np.pad(paired, ((0, 0), (0, length - paired.shape[1])), constant_values=np.nan)[:, : looks.maximum]
        start = np.where(np.isnan(paired[:, :1]), 0.0, paired[:, :1])
        n = np.arange(1, looks.maximum + 1)
        means = np.cumsum(paired - start, axis=1) / n
        squares = np.cumsum((paired - start) ** 2, axis=1) - n * means**2
        at = slice(looks.initial - 1, looks.maximum)
        return cls(looks, noise, (means + start)[:, at], np.maximum(squares[:, at], 0) / (n[at] - 1))

    def of(self, pairs: NDArray[np.int64]) -> PairedLooks:
        """The same of some pairs only."""
        return PairedLooks(self.looks, self.noise, self.differences[pairs], self.spreads[pairs])

    @cached_property
    def variances(self) -> FloatArray:
        """(pairs, looks): of one paired difference, the larger of the pooled and the pair's own."""
        variances: FloatArray = np.maximum(self.spreads, 2 * self.noise.variance)
        return variances

    @cached_property
    def errors(self) -> FloatArray:
        """(pairs, looks): standard errors of the differences."""
        errors: FloatArray = np.sqrt(self.variances / self.looks.seeds)
        return errors

    @cached_property
    def looked(self) -> NDArray[np.int64]:
        """(pairs,): how many looks have been had."""
        looked: NDArray[np.int64] = (~np.isnan(self.differences)).sum(axis=1)
        return looked

    def bounds(self, level: float) -> FloatArray:
        """(looks,): of |t| at this level over all looks."""
        return as_t(self.looks.bounds(level), self.noise.degrees_of_freedom)

    def is_apart(self, bounds: FloatArray) -> BoolArray:
        """(pairs, looks): the interval excludes 0."""
        apart: BoolArray = np.abs(self.differences) > bounds * self.errors
        return apart

    def is_within(self, margin: float, bounds: FloatArray) -> BoolArray:
        """(pairs, looks): the interval lies within +- margin."""
        within: BoolArray = margin - np.abs(self.differences) >= bounds * self.errors
        return within

    def deciding_levels(self, margin: float) -> FloatArray:
        """(pairs, looks): the level at which the interval just excludes 0, or just lies within +- margin.

        1 where there is no interval.
        """
        needed = np.maximum(np.abs(self.differences), margin - np.abs(self.differences)) / self.errors
        levels = self.looks.levels(as_normal(np.where(np.isnan(needed), 0.0, needed), self.noise.degrees_of_freedom))
        decided: FloatArray = np.where(np.isnan(needed), 1.0, levels)
        return decided

    def chances(self, last_bound: FloatArray | float, margin: float) -> FloatArray:
        """(pairs, looks): of a decision at the last look by this bound, if nothing but these seeds were known.

        The predictive distribution of the last look's difference is normal around the present one. Where there is no
        difference, 1; at the last look, 0.
        """
        maximum, seeds = self.looks.maximum, self.looks.seeds
        needed = last_bound * np.sqrt(self.variances / maximum)
        with np.errstate(divide="ignore", invalid="ignore"):
            deviation = np.sqrt(self.variances * (1 / seeds - 1 / maximum))
            within = np.maximum(margin - needed, 0.0)
            chance = (
                scipy.special.ndtr((self.differences - needed) / deviation)
                + scipy.special.ndtr((-self.differences - needed) / deviation)
                + scipy.special.ndtr((within - self.differences) / deviation)
                - scipy.special.ndtr((-within - self.differences) / deviation)
            )
        chance[:, -1] = 0.0
        chances: FloatArray = np.where(np.isnan(self.differences), 1.0, chance)
        return chances
