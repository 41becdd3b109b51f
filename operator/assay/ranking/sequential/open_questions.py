"""The open questions: which hypotheses still need seeds, for the whole order or to know the best.

The answer depends on the scores alone. A pair is open while its interval neither excludes 0 nor lies within the margin,
and a decision by the last look is not improbable. Of an open pair, the hypothesis with fewer seeds gets the next one,
or both do if they have equally many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.ranking.arrays import BoolArray, IntArray
from assay.ranking.distributions import expected_positive_part
from assay.ranking.scores import Scores
from assay.ranking.sequential.all_pairs import open_pairs
from assay.ranking.sequential.group_sequential import (
    GroupSequentialDesign,
    group_sequential_design,
    level_of_one_in_many_above,
    level_of_one_pair,
)
from assay.ranking.sequential.moderated_noise import InitialNoise
from assay.ranking.sequential.multiple_comparisons import told_apart, told_apart_while_looking
from assay.ranking.sequential.paired_looks import PairedLooks, t_bounds

TOLERATED_LOSS = 0.12
"""A challenger is left aside once to settle for the leader is expected to lose less than this part of the smallest
effect, or of one standard error at the last look if that is more (benchmarks/decisions.py --choices)."""


@dataclass(frozen=True)
class BestSet:
    """The hypotheses that may be the best, and those that should get another seed to know."""

    candidates: tuple[str, ...]
    """With the stated confidence the truly best hypothesis is among these, whenever one stops. They are in the table's
    order; a hypothesis without a score is not among them."""
    open: frozenset[str]
    """The hypotheses that should get another seed; empty once nothing is left to decide."""


def open_for_ranking(
    reference: Scores,
    *,
    smallest_effect: float,
    confidence: float,
    initial: int,
    maximum: int,
    earlier_maxima: tuple[int, ...] = (),
    removed: int = 0,
) -> frozenset[str]:
    """Return the hypotheses that should get another seed for the whole order to be known better.

    All pairs' intervals hold together with the stated confidence. Hypotheses with fewer than `initial` seeds are open.
    `earlier_maxima`, `removed`: as in `compare_with_baseline`.
    Raises ValueError on a confidence, an effect or numbers of seeds that are out of range.
    """
    _check(smallest_effect, confidence)
    design = group_sequential_design(initial, maximum, earlier=earlier_maxima)
    wanted: BoolArray = reference.counts < initial
    noise = InitialNoise.of(reference, initial)
    if noise is not None and len(reference.hypotheses) > 1:
        design = noise.shaped(design)
        bounds = t_bounds(design, noise, level_of_one_pair(len(reference.hypotheses) + removed, confidence))
        is_open = open_pairs(reference, design, noise, bounds, smallest_effect)
        wanted = wanted | _next_seed(is_open, reference.counts)
    return _names(reference, wanted)


def best_candidates(
    reference: Scores,
    *,
    smallest_effect: float,
    confidence: float,
    initial: int,
    maximum: int,
    earlier_maxima: tuple[int, ...] = (),
    removed: int = 0,
) -> BestSet:
    """Return which hypotheses may be the best, and which should get another seed to know.

    A hypothesis is no candidate once another is surely better. Only comparisons with the truly best can go wrong, so
    the level is that of one-sided comparisons with one control (Hsu 1984).

    Seeds go to the leader and to challengers that may be better by much. A challenger is left aside once the leader is
    surely less than `smallest_effect` behind it, or once little is expected to be lost by settling for the leader (the
    expected opportunity cost of Chick & Inoue 2001). So several candidates may remain when nothing is open any more;
    then it does not matter much which of them is taken.

    `earlier_maxima`, `removed`: as in `compare_with_baseline`. Raises as `open_for_ranking` does.
    """
    _check(smallest_effect, confidence)
    design = group_sequential_design(initial, maximum, earlier=earlier_maxima)
    scored = reference.restricted(
        name for name, count in zip(reference.hypotheses, reference.counts, strict=True) if count
    )
    fixed = initial == maximum
    told = (
        told_apart(scored, confidence, removed)
        if fixed
        else told_apart_while_looking(scored, confidence, design, removed)
    )
    candidates = tuple(name for name, beaten in zip(scored.hypotheses, told.beaten, strict=True) if not beaten)
    unready = _names(reference, reference.counts < initial)
    noise = InitialNoise.of(scored, initial)
    if noise is None or len(candidates) < 2:
        return BestSet(candidates, unready)
    level = level_of_one_in_many_above(len(scored.hypotheses) - 1 + removed, confidence)
    return BestSet(
        candidates,
        unready
        | _leader_and_challengers(
            scored, np.flatnonzero(~told.beaten), noise.shaped(design), noise, level, smallest_effect
        ),
    )


def _leader_and_challengers(
    scored: Scores, at: IntArray, design: GroupSequentialDesign, noise: InitialNoise, level: float, margin: float
) -> frozenset[str]:
    """Return which of the candidates, in rows `at`, should get a seed."""
    candidates = scored.restricted(scored.hypotheses[row] for row in at)
    means = candidates.adjusted_means
    rows = np.arange(len(means))
    is_open = np.zeros((len(means), len(means)), dtype=np.bool_)
    # all that lead with equal scores are leaders, so that the order of the rows does not matter
    for leader in np.flatnonzero(np.isclose(means, means.max(), rtol=1e-12, atol=0)):
        others = rows[rows != leader]
        challenges = PairedLooks.build(scored, at[others], int(at[leader]), design, noise)
        tolerated = TOLERATED_LOSS * np.maximum(margin, challenges.errors * np.sqrt(design.seeds / design.maximum))
        bounds = challenges.bounds(np.full(design.look_count, level))
        settled = (challenges.differences + bounds * challenges.errors <= margin) | (
            expected_positive_part(challenges.differences, challenges.errors) < tolerated
        )
        is_open[leader, others] = (challenges.looked < design.look_count) & ~np.logical_or.reduce(settled, axis=1)
    return _names(candidates, _next_seed(is_open | is_open.T, candidates.counts))


def _next_seed(is_open: BoolArray, counts: IntArray) -> BoolArray:
    """Return (hypotheses,): of each open pair the one with fewer seeds, or both if they have equally many."""
    wanted: BoolArray = np.logical_or.reduce(is_open & (counts[:, None] <= counts), axis=1)
    return wanted


def _names(table: Scores, wanted: BoolArray) -> frozenset[str]:
    return frozenset(name for name, want in zip(table.hypotheses, wanted, strict=True) if want)


def _check(smallest_effect: float, confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence}, allowed are values between 0 and 1, both excluded")
    if not smallest_effect >= 0:
        raise ValueError(f"smallest_effect: {smallest_effect}, allowed are values from 0 on")
