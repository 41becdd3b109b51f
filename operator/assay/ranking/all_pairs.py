"""Every pair of hypotheses, looked at after every seed that both have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.ranking.always_valid import Looks
from assay.ranking.futility import FUTILE_BELOW, chance_of_decision
from assay.ranking.moderated_noise import InitialNoise
from assay.ranking.scores import BoolArray, FloatArray, Scores


@dataclass(frozen=True, eq=False)
class PairsAtLook:
    """What the pairs of some of a table's rows show once they have one more seed in common."""

    rows: NDArray[np.int64]
    """Those that have a score at this seed."""
    look: NDArray[np.int64]
    """(rows, rows): the how manieth look at the pair this is, from 0."""
    differences: FloatArray
    """(rows, rows): how far the second of a pair is above the first; NaN where this is no look."""
    errors: FloatArray
    """(rows, rows): their standard errors."""


def pairs_look_by_look(table: Scores, looks: Looks, noise: InitialNoise) -> Iterator[PairsAtLook]:
    """Seed by seed; `noise` is that of the whole table, if this is a part of one."""
    # centred, so that sums of squares lose no digits
    values = np.where(table.present, table.values - table.seed_effects - table.adjusted_means[:, None], 0.0)
    levels = np.where(table.counts > 0, table.adjusted_means, 0.0)
    others = np.zeros((len(table.hypotheses),) * 2)
    for column in range(looks.initial - 1, len(table.seeds)):
        rows = np.flatnonzero(table.present[:, column])
        there = table.present[rows, : column + 1].astype(np.float64)
        residuals = values[rows, : column + 1]
        if there.all():
            n = np.full((1, 1), column + 1.0)
            sums, squares = residuals.sum(axis=1), (residuals**2).sum(axis=1)
            total = sums - sums[:, None]
            squared = squares + squares[:, None]
        else:
            n = there @ there.T
            total = there @ residuals.T - residuals @ there.T
            squared = there @ (residuals**2).T + (residuals**2) @ there.T
        squared -= 2 * (residuals @ residuals.T)
        mean = total / n
        spread = np.maximum(squared - total * mean, 0.0) / np.maximum(n - 1, 1)
        look = n.astype(np.int64) - looks.initial
        block = np.ix_(rows, rows)
        first = look <= 0
        if first.any():
            others[block] = np.where(first, noise.of_others(spread), others[block])
        looked = (look >= 0) & (look < looks.count)
        differences = mean + (levels[rows] - levels[rows][:, None])
        if not looked.all():
            differences = np.where(looked, differences, np.nan)
        yield PairsAtLook(
            rows,
            np.clip(look, 0, looks.count - 1),
            differences,
            np.sqrt(noise.moderated(spread, n, others[block], noise.fixed_weight) / n),
        )


def surely_above(table: Scores, looks: Looks, noise: InitialNoise, bounds: Sequence[FloatArray]) -> list[BoolArray]:
    """For each of these (looks,) bounds (hypotheses, hypotheses): the second of a pair is surely above the first.

    Of two contradicting looks the first counts.
    """
    above = [np.zeros((len(table.hypotheses),) * 2, dtype=np.bool_) for _ in bounds]
    for pairs in pairs_look_by_look(table, looks, noise):
        block = np.ix_(pairs.rows, pairs.rows)
        for known, bound in zip(above, bounds, strict=True):
            before = known[block]
            known[block] = before | ((pairs.differences > bound[pairs.look] * pairs.errors) & ~before.T)
    return above


def open_pairs(table: Scores, looks: Looks, noise: InitialNoise, bounds: FloatArray, margin: float) -> BoolArray:
    """(hypotheses, hypotheses): more seeds may still tell whether they differ, or by less than the margin.

    Not open: once an interval has excluded 0 or lain within +- margin, once either has become improbable, and after the
    last look.
    """
    is_open = np.triu(np.ones((len(table.hypotheses),) * 2, dtype=np.bool_), 1)
    for pairs in pairs_look_by_look(table, looks, noise):
        block = np.ix_(pairs.rows, pairs.rows)
        size = np.abs(pairs.differences)
        needed = bounds[pairs.look] * pairs.errors
        is_open[block] &= ~((size > needed) | (margin - size >= needed))
        first, second = np.nonzero(is_open[block])
        look = np.broadcast_to(pairs.look, size.shape)[first, second]
        chances = chance_of_decision(
            pairs.differences[first, second],
            pairs.errors[first, second],
            looks.seeds[look],
            looks,
            bounds[-1],
            margin,
        )
        hopeless = chances < FUTILE_BELOW
        is_open[pairs.rows[first[hopeless]], pairs.rows[second[hopeless]]] = False
    return is_open | is_open.T
