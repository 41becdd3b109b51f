"""Sequential verdicts: they may be looked for after every seed, and never change once they are reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray, IntArray
from assay.ranking.sequential.futility import FUTILE_BELOW, chance_of_decision
from assay.ranking.sequential.group_sequential import as_t, level_of_one_in_many, level_of_one_in_many_above
from assay.ranking.sequential.paired_looks import PairedLooks

EQUIVALENCE_SHARE = 0.15
"""The part of the probability of any false verdict that false "Equivalent" ones have (benchmarks/decisions.py
--choices)."""


@dataclass(frozen=True, eq=False)
class SequentialVerdicts:
    """How far each comparison with the baseline has come."""

    equivalent: BoolArray
    """(comparisons,): the interval came to lie within the margin, before or when it came to exclude 0."""
    different: BoolArray
    """(comparisons,): the interval came to exclude 0, before it came to lie within the margin."""
    shown_look: IntArray
    """(comparisons,): the first look at which either was so, or else the last one so far; -1 if there was no look."""
    towards_zero: FloatArray
    """(comparisons,): how far the interval at that look reaches from the difference towards 0; NaN if there was no
    look."""
    away_from_zero: FloatArray
    """(comparisons,): how far it reaches away from 0, which is no less."""
    futile: BoolArray
    """(comparisons,): neither was so, and at some look it had become improbable that either would be by the last."""


@dataclass(frozen=True, eq=False)
class _Levels:
    """The level of every comparison at each look, (looks,) each."""

    different: FloatArray
    """The level at which an interval must exclude 0."""
    equivalent: FloatArray
    """The level at which it must lie within the margin; no higher than `different`."""


def follow(
    pairs: PairedLooks, smallest_effect: float, confidence: float, *, family_wise: bool, removed: int = 0
) -> SequentialVerdicts:
    """Look after every seed, and find what is decided when.

    `family_wise`: the probability of any false verdict, at any look, is 1 - `confidence`. Otherwise the level of a
    verdict is (1 - confidence) R / m, where R of the m comparisons have a verdict with so many seeds or fewer. That is
    the procedure of Benjamini & Hochberg 1995 at every look; from look to look R only grows.

    `removed`: comparisons that were looked at and are not among these pairs any more; they have no verdict, and count.
    """
    comparisons = len(pairs.differences)
    if family_wise:
        levels = _family_levels(pairs, smallest_effect, 1 - confidence, removed)
    else:
        allowed = _discovery_levels(pairs.deciding_levels(smallest_effect), 1 - confidence, removed)
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
        # the level at the last look will be that of the verdicts by then, of which some are to be expected
        by_then = np.logical_or.accumulate(decides, axis=1)
        expected = np.nansum(np.where(by_then, 1.0, chances), axis=0)
        allowed = (1 - confidence) * np.maximum(expected, 1) / (comparisons + removed)
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
    """Return (comparisons, looks): the probability of a verdict at the last look, as seen from each look."""
    last_bounds = pairs.last_bounds(levels.different)
    return chance_of_decision(
        pairs.differences,
        pairs.errors,
        pairs.design.seeds,
        pairs.design,
        last_bounds,
        smallest_effect,
        np.maximum(pairs.last_bounds(levels.equivalent), last_bounds),
        pairs.examples,
    )


def _family_levels(pairs: PairedLooks, smallest_effect: float, error: float, removed: int) -> _Levels:
    """Return levels at which any verdict is false with probability `error`.

    There are two kinds of mistakes, each with its share of the error: a hypothesis that does not differ is called
    different, or one that differs by more than the smallest effect is called equivalent. A wrong direction is far less
    probable than either (Shaffer 1980).

    For `different`, see `_step_down`. For `equivalent` there is no stepping down, since hypotheses that are undecided
    when others differ are just those that seem equivalent by chance. But one comparison less than there are is counted,
    as this share of the error is needed only where another hypothesis does not differ.
    """
    comparisons, count = len(pairs.differences) + removed, pairs.design.look_count
    if comparisons == 1 or smallest_effect == 0:
        # one kind of mistake only
        levels = _step_down(pairs, error, removed)
        return _Levels(levels, levels)
    level = level_of_one_in_many_above(comparisons - 1, 1 - EQUIVALENCE_SHARE * error)
    return _Levels(_step_down(pairs, (1 - EQUIVALENCE_SHARE) * error, removed), np.full(count, level))


def _step_down(pairs: PairedLooks, error: float, removed: int) -> FloatArray:
    """Return (looks,) levels at which any interval excludes a true difference of 0 with probability `error`.

    A comparison whose interval has excluded 0, at this look or an earlier one, is counted no more. As long as all of
    these do differ, no fewer comparisons are counted than can go wrong (Holm 1979). Levels only grow: from look to
    look, and with new scores of hypotheses that are behind.
    """
    comparisons, count = pairs.differences.shape
    levels, differs = np.zeros(count), np.zeros(comparisons, dtype=np.bool_)
    counted = comparisons + removed
    for look in range(count):
        while True:
            levels[look] = level_of_one_in_many(counted, 1 - error)
            bounds = as_t(pairs.design.bounds(levels[look] * pairs.noise.caution)[look], pairs.known[:, look])
            differs |= np.abs(pairs.differences[:, look]) > bounds * pairs.errors[:, look]
            left = max(comparisons + removed - int(differs.sum()), 1)
            if left >= counted:
                break
            counted = left
    return levels


def _discovery_levels(levels: FloatArray, error: float, removed: int) -> FloatArray:
    """Return (looks,): the level at each look; it grows with the number of verdicts reached."""
    comparisons, count = levels.shape
    allowed, decided = np.zeros(count), np.zeros(comparisons, dtype=np.bool_)
    for look in range(count):
        # a comparison that was decided counts, whatever its level is now
        now = np.sort(np.where(decided, 0.0, levels[:, look]))
        enough = np.flatnonzero(now <= error * np.arange(1, comparisons + 1) / (comparisons + removed))
        verdicts = int(enough[-1]) + 1 if len(enough) else 0
        allowed[look] = error * max(verdicts, 1) / (comparisons + removed)
        decided |= levels[:, look] <= allowed[look]
    return allowed
