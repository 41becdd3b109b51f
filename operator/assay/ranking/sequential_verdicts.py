"""Verdicts that may be looked for after every seed, and never change once they are reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.ranking.always_valid import as_t, level_of_one_in_many
from assay.ranking.futility import FUTILE_BELOW, chance_of_decision
from assay.ranking.paired_looks import PairedLooks
from assay.ranking.scores import BoolArray, FloatArray


@dataclass(frozen=True, eq=False)
class Progress:
    """Of comparisons with the baseline: how far each is."""

    equivalent: BoolArray
    """(comparisons,): the interval came to lie within the margin, before or when it came to exclude 0."""
    different: BoolArray
    """(comparisons,): the interval came to exclude 0, before it came to lie within the margin."""
    shown_look: NDArray[np.int64]
    """(comparisons,): the first look at which either was so, or the last one so far; -1 if there was none."""
    half_widths: FloatArray
    """(comparisons,): of the interval at that look; NaN if there was none."""
    futile: BoolArray
    """(comparisons,): neither was so, and at some look it was improbable to be by the last."""


def follow(pairs: PairedLooks, smallest_effect: float, confidence: float, *, family_wise: bool) -> Progress:
    """Looks after every seed.

    `family_wise`: any false verdict, at any look, is as improbable as stated. Otherwise a verdict's level is
    (1 - confidence) R / m, R the number of verdicts of the m comparisons that are reached with so many seeds or fewer
    (Benjamini & Hochberg 1995 at every look; with later looks R only grows).
    """
    comparisons, count = pairs.differences.shape
    if family_wise:
        allowed = np.full(count, _family_level(pairs, confidence))
    else:
        allowed = _discovery_levels(pairs.deciding_levels(smallest_effect), 1 - confidence)
    bounds = pairs.bounds(allowed)
    within = pairs.is_within(smallest_effect, bounds)
    decides = within | pairs.is_apart(bounds)
    decided = decides.any(axis=1)
    shown_look = np.where(decided, decides.argmax(axis=1), pairs.looked - 1)
    rows = np.arange(comparisons)
    chances = _chances(pairs, allowed, smallest_effect)
    if not family_wise:
        # the level will be that of the verdicts by then, those to be expected among them
        by_then = np.logical_or.accumulate(decides, axis=1)
        expected = np.nansum(np.where(by_then, 1.0, chances), axis=0)
        chances = _chances(pairs, (1 - confidence) * np.maximum(expected, 1) / comparisons, smallest_effect)
    improbable: BoolArray = np.logical_or.reduce(chances < FUTILE_BELOW, axis=1)
    equivalent = decided & within[rows, shown_look]
    return Progress(
        equivalent=equivalent,
        different=decided & ~equivalent,
        shown_look=shown_look,
        half_widths=np.where(shown_look >= 0, (bounds * pairs.errors)[rows, shown_look], np.nan),
        futile=~decided & improbable,
    )


def _chances(pairs: PairedLooks, levels: FloatArray, smallest_effect: float) -> FloatArray:
    """(comparisons, looks): of a verdict at the last look, seen from each look, by its level."""
    last_bounds = pairs.last_bounds(levels)
    return chance_of_decision(
        pairs.differences, pairs.errors, pairs.looks.seeds, pairs.looks, last_bounds, smallest_effect
    )


def _family_level(pairs: PairedLooks, confidence: float) -> float:
    """The level of each comparison.

    One that differs can be called wrongly in one direction only (the other, or as equivalent); one that does not, in
    two. So each whose interval excludes 0 at the first look counts half: as long as all of these do differ, no fewer
    comparisons are counted than can go wrong (Holm 1979, by directions). Only the first look is used, which all have
    early, so that nothing depends on who is further.
    """
    comparisons = len(pairs.differences)
    counted: float = comparisons
    while True:
        level = level_of_one_in_many(counted, confidence)
        bounds = as_t(pairs.looks.bounds(level * pairs.noise.caution)[0], pairs.known[:, 0])
        differ = int((np.abs(pairs.differences[:, 0]) > bounds * pairs.errors[:, 0]).sum())
        if comparisons - differ / 2 >= counted:
            return level
        counted = comparisons - differ / 2


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
