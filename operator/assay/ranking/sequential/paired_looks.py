"""Paired looks: the differences of pairs at every look, as they were when both had so many seeds in common.

Only seeds that both have count, in the table's order, so that nothing depends on the order in which trials end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray, IntArray
from assay.ranking.scores import Scores
from assay.ranking.sequential.group_sequential import GroupSequentialDesign, as_normal, as_t
from assay.ranking.sequential.moderated_noise import InitialNoise

MOST_KNOWN = 100.0
"""The most degrees of freedom that the examples bring: what a hundred of them show is not more certain."""


@dataclass(frozen=True, eq=False)
class PairedLooks:
    """The differences of some pairs at every look; higher is better for the first of a pair."""

    design: GroupSequentialDesign
    noise: InitialNoise
    differences: FloatArray
    """(pairs, looks): the mean over the first n common seeds; NaN where there are fewer."""
    errors: FloatArray
    """(pairs, looks): the standard errors of the differences."""
    known: FloatArray
    """(pairs, looks): the degrees of freedom of the errors."""
    examples: FloatArray | None = None
    """(pairs, looks): the part of the squared errors that more seeds don't shrink, as it is of the held-out examples;
    None if differences are about these examples alone."""

    @classmethod
    def build(
        cls, table: Scores, rows: IntArray, control: int, design: GroupSequentialDesign, noise: InitialNoise
    ) -> PairedLooks:
        """Compare these rows of a table with the control's row.

        `noise`: that of the whole table.
        """
        paired = table.values[rows] - table.values[control]
        missing = np.isnan(paired)
        if missing.any():
            paired = np.take_along_axis(paired, np.argsort(missing, axis=1, kind="stable"), axis=1)
        length = max(design.maximum, paired.shape[1])
        paired = np.pad(paired, ((0, 0), (0, length - paired.shape[1])), constant_values=np.nan)[:, : design.maximum]
        start = np.where(np.isnan(paired[:, :1]), 0.0, paired[:, :1])
        n = np.arange(1, design.maximum + 1)
        means = np.cumsum(paired - start, axis=1) / n
        # only rounding could make them fall
        squares = np.maximum.accumulate(np.cumsum((paired - start) ** 2, axis=1) - n * means**2, axis=1)
        at = slice(design.initial - 1, design.maximum)
        variances, known = noise.with_own(noise.of_pairs(rows, control), squares[:, at], design.seeds)
        return cls(design, noise, (means + start)[:, at], np.sqrt(variances / design.seeds), noise.believed(known))

    def without_the_first(self) -> PairedLooks:
        """Return the same looks, of which the first one decides nothing."""
        errors = self.errors.copy()
        errors[:, 0] = np.inf
        return replace(self, errors=errors)

    def about_fresh_examples(self, variances: FloatArray) -> PairedLooks:
        """Return the same looks at differences on fresh examples; `variances`: (pairs, looks), of the held-out ones.

        The bounds hold as they are: what all looks share only makes them more alike. The examples' part is as good as
        known beside that of a few seeds, so there are more degrees of freedom (Satterthwaite 1946).
        """
        seeds = self.errors**2
        errors = np.sqrt(seeds + variances)
        with np.errstate(divide="ignore", invalid="ignore"):
            known = np.where(np.isfinite(variances), self.known * (1 + variances / seeds) ** 2, self.known)
        return replace(
            self, errors=errors, known=np.minimum(known, np.maximum(self.known, MOST_KNOWN)), examples=variances
        )

    @cached_property
    def lasts_most(self) -> BoolArray:
        """(pairs, looks): whether of the squared errors that will be left at the last look, the most is of the examples
        that are held out."""
        if self.examples is None:
            return np.zeros(self.errors.shape, dtype=np.bool_)
        lasting = np.where(np.isfinite(self.examples), self.examples, np.nan)
        lasts: BoolArray = lasting > (self.errors**2 - lasting) * self.design.seeds / self.design.maximum
        return lasts

    @cached_property
    def looked(self) -> IntArray:
        """(pairs,): the number of looks so far."""
        looked: IntArray = (~np.isnan(self.differences)).sum(axis=1)
        return looked

    def bounds(self, levels: FloatArray) -> FloatArray:
        """Return (pairs, looks) bounds of |t|, at each look by its level; `levels`: (looks,)."""
        by_level = {level: self.design.bounds(level * self.noise.caution) for level in set(levels)}
        return as_t(np.array([by_level[level][look] for look, level in enumerate(levels)]), self.known)

    def last_bounds(self, levels: FloatArray) -> FloatArray:
        """Return (pairs, looks) bounds of |t| at the last look, seen from each look by its level."""
        last = np.array([self.design.bounds(level * self.noise.caution)[-1] for level in levels])
        by_then = self.noise.believed(self.known + (self.design.maximum - self.design.seeds))
        return as_t(last, np.maximum(self.known, by_then))

    def is_apart(self, bounds: FloatArray) -> BoolArray:
        """Return (pairs, looks): whether the interval excludes 0."""
        apart: BoolArray = np.abs(self.differences) > bounds * self.errors
        return apart

    def is_within(self, margin: float, bounds: FloatArray) -> BoolArray:
        """Return (pairs, looks): whether the interval lies within +- margin."""
        within: BoolArray = margin - np.abs(self.differences) >= bounds * self.errors
        return within

    def deciding_levels(self, margin: float) -> FloatArray:
        """Return (pairs, looks): the level at which the interval just excludes 0, or just lies within +- margin.

        It is 1 where there is no interval.
        """
        needed = np.maximum(np.abs(self.differences), margin - np.abs(self.differences)) / self.errors
        levels = self.design.levels(as_normal(np.where(np.isnan(needed), 0.0, needed), self.known)) / self.noise.caution
        decided: FloatArray = np.where(np.isnan(needed), 1.0, levels)
        return decided


def t_bounds(design: GroupSequentialDesign, noise: InitialNoise, level: float) -> FloatArray:
    """Return (looks,) bounds of |t| at this level over all looks, where the others' noise has its fixed weight."""
    known = noise.believed(noise.fixed_weight + design.seeds - 1)
    return as_t(design.bounds(level * noise.caution), known)
