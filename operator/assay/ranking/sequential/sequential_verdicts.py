"""Verdicts that may be looked for after every seed, and never change once they are reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray, IntArray
from assay.ranking.sequential.futility import FUTILE_BELOW, chance_of_decision
from assay.ranking.sequential.group_sequential import as_t, level_of_one_in_many, level_of_one_in_many_above
from assay.ranking.sequential.paired_looks import PairedLooks

EQUIVALENCE_SHARE = 0.15
"""Of the probability of any false verdict: that of any false "Equivalent". See benchmarks/decisions.py --choices."""


@dataclass(frozen=True, eq=False)
class SequentialVerdicts:
    """Of comparisons with the baseline: how far each is."""

    equivalent: BoolArray
    """(comparisons,): the interval came to lie within the margin, before or when it came to exclude 0."""
    different: BoolArray
    """(comparisons,): the interval came to exclude 0, before it came to lie within the margin."""
    shown_look: IntArray
    """(comparisons,): the first look at which either was so, or the last one so far; -1 if there was none."""
    towards_zero: FloatArray
    """(comparisons,): how far the interval at that look reaches from the difference on the side of 0; NaN if there was
    none."""
    away_from_zero: FloatArray
    """(comparisons,): the same on the other side, no less."""
    futile: BoolArray
    """(comparisons,): neither was so, and at some look it was improbable to be by the last."""


@dataclass(frozen=True, eq=False)
class _Levels:
    """(looks,) each: of every comparison, at each look."""

    different: FloatArray
    """At which intervals are to exclude 0."""
    equivalent: FloatArray
    """At which they are to lie within the margin; no higher."""


def follow(pairs: PairedLooks, smallest_effect: float, confidence: float, *, family_wise: bool) -> SequentialVerdicts:
    """GroupSequentialDesign after every seed.

    `family_wise`: any false verdict, at any look, is as improbable as stated. Otherwise a verdict's level is
    (1 - confidence) R / m, R the number of verdicts of the m comparisons that are reached with so many seeds or fewer
    (Benjamini & Hochberg 1995 at every look; with later looks R only grows).
    """
    comparisons = len(pairs.differences)
    if family_wise:
        levels = _family_levels(pairs, smallest_effect, 1 - confidence)
    else:
        allowed = _discovery_levels(pairs.deciding_levels(smallest_effect), 1 - confidence)
        levels = _Levels(allowed, allowed)
    bounds = pairs.bounds(levels.different)
    bounds_within = np.maximum(pairs.bounds(levels.equivalent), bounds)
    within = pairs.is_within(smallest_effect, bounds_within)
    decides = within | pairs.is_apart(bounds)
    decided = decides.any(axis=1)
    shown_look = np.where(decided, decides.argmax(axis=1), pairs.looked - 1)
    rows = np.arange(comparisons)
    chances = _chances(pairs, levels, smallest_effect)
    if not family_wise:
        # the level will be that of the verdicts by then, those to be expected among them
        by_then = np.logical_or.accumulate(decides, axis=1)
        expected = np.nansum(np.where(by_then, 1.0, chances), axis=0)
        allowed = (1 - confidence) * np.maximum(expected, 1) / comparisons
        chances = _chances(pairs, _Levels(allowed, allowed), smallest_effect)
    improbable: BoolArray = np.logical_or.reduce(chances < FUTILE_BELOW, axis=1)
    equivalent = decided & within[rows, shown_look]
    shown = shown_look >= 0
    return SequentialVerdicts(
        equivalent=equivalent,
        different=decided & ~equivalent,
        shown_look=shown_look,
        towards_zero=np.where(shown, (bounds * pairs.errors)[rows, shown_look], np.nan),
        away_from_zero=np.where(shown, (bounds_within * pairs.errors)[rows, shown_look], np.nan),
        futile=~decided & improbable,
    )


def _chances(pairs: PairedLooks, levels: _Levels, smallest_effect: float) -> FloatArray:
    """(comparisons, looks): of a verdict at the last look, seen from each look, by its level."""
    last_bounds = pairs.last_bounds(levels.different)
    return chance_of_decision(
        pairs.differences,
        pairs.errors,
        pairs.design.seeds,
        pairs.design,
        last_bounds,
        smallest_effect,
        np.maximum(pairs.last_bounds(levels.equivalent), last_bounds),
    )


def _family_levels(pairs: PairedLooks, smallest_effect: float, error: float) -> _Levels:
    """Levels at which any verdict is false with probability `error`.

    Who does not differ can be called different, who differs by more than the smallest effect can be called equivalent,
    and each kind of mistake has its share of the error. Different: see `_step_down`; a wrong direction is far less
    probable than either (Shaffer 1980). Equivalent: nobody is counted less here, since those that are still undecided
    when others differ are those that look equivalent by chance; but one comparison less than there are, as this share
    is needed only where another does not differ.
    """
    comparisons, count = pairs.differences.shape
    if comparisons == 1 or smallest_effect == 0:
        # one kind of mistake only
        levels = _step_down(pairs, error)
        return _Levels(levels, levels)
    level = level_of_one_in_many_above(comparisons - 1, 1 - EQUIVALENCE_SHARE * error)
    return _Levels(_step_down(pairs, (1 - EQUIVALENCE_SHARE) * error), np.full(count, level))


def _step_down(pairs: PairedLooks, error: float) -> FloatArray:
    """(looks,): levels at which any interval excludes a true difference of 0 with probability `error`.

    Whose interval has excluded 0, at this look or an earlier one, is counted no more: as long as all of these do
    differ, no fewer comparisons are counted than can go wrong (Holm 1979). Levels only grow: with later looks, and with
    the scores of those that are behind.
    """
    comparisons, count = pairs.differences.shape
    levels, differs = np.zeros(count), np.zeros(comparisons, dtype=np.bool_)
    counted = comparisons
    for look in range(count):
        while True:
            levels[look] = level_of_one_in_many(counted, 1 - error)
            bounds = as_t(pairs.design.bounds(levels[look] * pairs.noise.caution)[look], pairs.known[:, look])
            differs |= np.abs(pairs.differences[:, look]) > bounds * pairs.errors[:, look]
            left = max(comparisons - int(differs.sum()), 1)
            if left >= counted:
                break
            counted = left
    return levels


def _discovery_levels(levels: FloatArray, error: float) -> FloatArray:
    """(looks,): the level at each look; it grows with the verdicts reached."""
    comparisons, count = levels.shape
    allowed, decided = np.zeros(count), np.zeros(comparisons, dtype=np.bool_)
    for look in range(count):
        # a decided comparison counts whatever its level is now
        now = np.sort(np.where(decided, 0.0, levels[:, look]))
        enough = np.flatnonzero(now <= error * np.arange(1, comparisons + 1) / comparisons)
        verdicts = int(enough[-1]) + 1 if len(enough) else 0
        allowed[look] = error * max(verdicts, 1) / comparisons
        decided |= levels[:, look] <= allowed[look]
    return allowed
