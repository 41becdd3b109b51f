"""Differences of pairs at every look: what was known of a pair when both had so many seeds in common.

Only seeds that both have count, in the table's order, so that nothing depends on the order in which trials end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray, IntArray
from assay.ranking.scores import Scores
from assay.ranking.sequential.group_sequential import GroupSequentialDesign, as_normal, as_t
from assay.ranking.sequential.moderated_noise import InitialNoise


@dataclass(frozen=True, eq=False)
class PairedLooks:
    """Some pairs' differences at the looks; higher is better for the first of a pair."""

    design: GroupSequentialDesign
    noise: InitialNoise
    differences: FloatArray
    """(pairs, looks): mean over the first n common seeds; NaN where there are not that many."""
    errors: FloatArray
    """(pairs, looks): standard errors of the differences."""
    known: FloatArray
    """(pairs, looks): their degrees of freedom."""

    @classmethod
    def build(
        cls, table: Scores, rows: IntArray, control: int, design: GroupSequentialDesign, noise: InitialNoise
    ) -> PairedLooks:
        """Of these rows of a table from one that they are all compared with; `noise` is that of the whole table."""
        paired = table.values[rows] - table.values[control]
        missing = np.isnan(paired)
        if missing.any():
            paired = np.take_along_axis(paired, np.argsort(missing, axis=1, kind="stable"), axis=1)
        length = max(design.maximum, paired.shape[1])
        paired = np.pad(paired, ((0, 0), (0, length - paired.shape[1])), constant_values=np.nan)[:, : design.maximum]
        start = np.where(np.isnan(paired[:, :1]), 0.0, paired[:, :1])
        n = np.arange(1, design.maximum + 1)
        means = np.cumsum(paired - start, axis=1) / n
        # they never fall but by rounding
        squares = np.maximum.accumulate(np.cumsum((paired - start) ** 2, axis=1) - n * means**2, axis=1)
        at = slice(design.initial - 1, design.maximum)
        variances, known = noise.with_own(noise.of_pairs(rows, control), squares[:, at], design.seeds)
        return cls(design, noise, (means + start)[:, at], np.sqrt(variances / design.seeds), known)

    @cached_property
    def looked(self) -> IntArray:
        """(pairs,): how many looks have been had."""
        looked: IntArray = (~np.isnan(self.differences)).sum(axis=1)
        return looked

    def bounds(self, levels: FloatArray) -> FloatArray:
        """(pairs, looks): of |t|, at each look by its level (looks,)."""
        by_level = {level: self.design.bounds(level * self.noise.caution) for level in set(levels)}
        return as_t(np.array([by_level[level][look] for look, level in enumerate(levels)]), self.known)

    def last_bounds(self, levels: FloatArray) -> FloatArray:
        """(pairs, looks): of |t| at the last look, seen from each look by its level (looks,)."""
        last = np.array([self.design.bounds(level * self.noise.caution)[-1] for level in levels])
        return as_t(last, self.known + (self.design.maximum - self.design.seeds))

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
        levels = self.design.levels(as_normal(np.where(np.isnan(needed), 0.0, needed), self.known)) / self.noise.caution
        decided: FloatArray = np.where(np.isnan(needed), 1.0, levels)
        return decided


def t_bounds(design: GroupSequentialDesign, noise: InitialNoise, level: float) -> FloatArray:
    """(looks,): bounds of |t| at this level over all looks, where others' noise counts with a fixed weight."""
    return as_t(design.bounds(level * noise.caution), noise.known_with(design.seeds, noise.fixed_weight))
