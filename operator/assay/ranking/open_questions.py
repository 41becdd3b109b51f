"""Which hypotheses still need seeds: for the whole order, or to know the best.

What is decided is a function of the scores alone. A pair is open while its interval neither excludes 0 nor lies within
the margin, and a decision by the last look is not improbable; of an open pair, whoever has fewer seeds gets the next
one, both if they have equally many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.ranking.all_pairs import AllPairs
from assay.ranking.always_valid import level_of_one_in_many_above, level_of_one_pair, looks
from assay.ranking.paired_looks import initial_noise
from assay.ranking.scores import BoolArray, Scores
from assay.ranking.told_apart import told_apart, told_apart_while_looking

FUTILE_PAIR_BELOW = 0.1
"""A pair with less chance than this of being decided by the last look gets no more seeds."""


@dataclass(frozen=True)
class BestSet:
    """Which hypotheses may be the best, and which should get another seed to know it."""

    candidates: tuple[str, ...]
    """They hold the truly best hypothesis with the stated confidence, at whatever seed one stops; in the table's order.
    A hypothesis without a score is none."""
    open: frozenset[str]
    """Empty once nothing is left to decide."""


def open_for_ranking(
    reference: Scores, *, smallest_effect: float, confidence: float, initial: int, maximum: int
) -> frozenset[str]:
    """The hypotheses that should get another seed for the whole order to be known better.

    All pairs' intervals hold together with the stated confidence. Hypotheses with fewer than `initial` seeds are open.
    Raises ValueError on a confidence, an effect or numbers of seeds that are out of range.
    """
    _check(smallest_effect, confidence)
    view = looks(initial, maximum)
    wanted: BoolArray = reference.counts < initial
    noise = initial_noise(reference, initial)
    if noise is not None and len(reference.hypotheses) > 1:
        pairs = AllPairs.of(reference, view, noise)
        bounds = pairs.looked.bounds(level_of_one_pair(len(reference.hypotheses), confidence))
        decided = pairs.looked.is_apart(bounds) | pairs.looked.is_within(smallest_effect, bounds)
        futile = pairs.looked.chances(bounds[-1], smallest_effect) < FUTILE_PAIR_BELOW
        is_open: BoolArray = ~np.logical_or.reduce(decided | futile, axis=1)
        wanted = wanted | pairs.next_seed(is_open, reference.counts)
    return _names(reference, wanted)


def best_candidates(
    reference: Scores, *, smallest_effect: float, confidence: float, initial: int, maximum: int
) -> BestSet:
    """Who may be the best, and who should get another seed: the leader, and who may be better than it by the margin.

    A hypothesis is out once another is surely better; only comparisons with the truly best can go wrong, so that the
    level is that of comparisons with one control, one-sided (Hsu 1984). A challenger needs no more seeds once the
    leader is surely less than `smallest_effect` behind it. Raises as `open_for_ranking`.
    """
    _check(smallest_effect, confidence)
    view = looks(initial, maximum)
    scored = reference.restricted(
        name for name, count in zip(reference.hypotheses, reference.counts, strict=True) if count
    )
    fixed = initial == maximum
    told = told_apart(scored, confidence) if fixed else told_apart_while_looking(scored, confidence, view)
    candidates = tuple(name for name, beaten in zip(scored.hypotheses, told.beaten, strict=True) if not beaten)
    unready = _names(reference, reference.counts < initial)
    noise = initial_noise(scored, initial)
    if noise is None or len(candidates) < 2:
        return BestSet(candidates, unready)
    level = level_of_one_in_many_above(len(scored.hypotheses) - 1, confidence)
    contest = AllPairs.of(scored.restricted(candidates), view, noise)
    return BestSet(candidates, unready | _challengers(scored.restricted(candidates), contest, level, smallest_effect))


def _challengers(candidates: Scores, pairs: AllPairs, level: float, smallest_effect: float) -> frozenset[str]:
    """Of the leader and who may be better than it by more than the margin: who should get a seed."""
    leader = int(np.argmax(candidates.adjusted_means))
    pairs = pairs.of_row(leader)
    bounds = pairs.looked.bounds(level)
    advantage = np.where(pairs.first == leader, -1.0, 1.0)[:, None] * pairs.looked.differences
    near_enough = advantage + bounds * pairs.looked.errors <= smallest_effect
    futile = pairs.looked.chances(bounds[-1], smallest_effect) < FUTILE_PAIR_BELOW
    is_open: BoolArray = ~np.logical_or.reduce(near_enough | futile, axis=1)
    return _names(candidates, pairs.next_seed(is_open, candidates.counts))


def _names(table: Scores, wanted: BoolArray) -> frozenset[str]:
    return frozenset(name for name, want in zip(table.hypotheses, wanted, strict=True) if want)


def _check(smallest_effect: float, confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence}, allowed are values between 0 and 1, both excluded")
    if not smallest_effect >= 0:
        raise ValueError(f"smallest_effect: {smallest_effect}, allowed are values from 0 on")
