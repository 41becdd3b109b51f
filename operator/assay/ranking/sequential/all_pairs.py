"""Every pair of hypotheses, looked at after every seed that both have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray, IntArray
from assay.ranking.scores import Scores
from assay.ranking.sequential.futility import FUTILE_AMONG_ALL_BELOW, chance_of_decision
from assay.ranking.sequential.group_sequential import GroupSequentialDesign
from assay.ranking.sequential.moderated_noise import InitialNoise


@dataclass(frozen=True, eq=False)
class PairsAtLook:
    """The pairs of the hypotheses that have a score at one seed. A pair is looked at again after each seed that both
    have."""

    rows: IntArray
    """The rows with a score at this seed."""
    block: Any
    """The index of their pairs in arrays (hypotheses, hypotheses)."""
    look: IntArray
    """(rows, rows), or (1, 1) if it is the same for all: the number of this look at the pair, from 0 on."""
    differences: FloatArray
    """(rows, rows): how far the second of a pair is above the first; NaN where this is no look at the pair."""
    errors: FloatArray
    """(rows, rows): their standard errors."""


def pairs_look_by_look(table: Scores, design: GroupSequentialDesign, noise: InitialNoise) -> Iterator[PairsAtLook]:
    """Go through the looks, seed by seed.

    `noise` is the noise of the whole table, even if `table` is only a part of it.
    """
    # centred, so that sums of squares lose no digits
    residuals = np.where(table.present, table.values - table.seed_effects - table.adjusted_means[:, None], 0.0)
    levels = np.where(table.counts > 0, table.adjusted_means, 0.0)
    others = np.zeros((len(levels),) * 2)
    for column in range(design.initial - 1, len(table.seeds)):
        rows = np.flatnonzero(table.present[:, column])
        there = table.present[rows, : column + 1].astype(np.float64)
        n, means, squares = _sums(there, residuals[rows, : column + 1])
        look = n.astype(np.int64) - design.initial
        block: Any = ... if len(rows) == len(levels) else np.ix_(rows, rows)
        if (look <= 0).any():
            others[block] = np.where(look <= 0, noise.of_others(squares / np.maximum(n - 1, 1)), others[block])
        means += levels[rows]
        means -= levels[rows][:, None]
        looked = (look >= 0) & (look < design.look_count)
        if not looked.all():
            means = np.where(looked, means, np.nan)
        # in place: with hundreds of hypotheses it is these arrays that take the time
        errors = others[block] * noise.fixed_weight
        errors += squares
        # before its second seed a pair's own scores say nothing
        errors /= np.maximum(noise.fixed_weight + n - 1, np.finfo(np.float64).tiny)
        errors = noise.believable(errors)
        errors /= n
        yield PairsAtLook(rows, block, np.clip(look, 0, design.look_count - 1), means, np.sqrt(errors, out=errors))


def _sums(there: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return, for the differences of each pair: their number, mean, and sum of squares around it.

    The number is (1, 1) if all pairs have equally many, everything else is (rows, rows).
    """
    squares = values @ values.T
    squares *= -2
    if there.all():
        n = np.full((1, 1), float(there.shape[1]))
        own_means, own_squares = values.mean(axis=1), (values**2).sum(axis=1)
        means = own_means - own_means[:, None]
        squares += own_squares
        squares += own_squares[:, None]
    else:
        n = there @ there.T
        means = (there @ values.T - values @ there.T) / n
        squares += there @ (values**2).T + (values**2) @ there.T
    squares -= n * means * means
    return n, means, np.maximum(squares, 0.0, out=squares)


def surely_above(
    table: Scores, design: GroupSequentialDesign, noise: InitialNoise, bounds: Sequence[FloatArray]
) -> list[BoolArray]:
    """Return, for each of these (looks,) bounds, (hypotheses, hypotheses): is the second of a pair surely above?

    Where two looks contradict each other, the earlier one counts.
    """
    above = [np.zeros((len(table.hypotheses),) * 2, dtype=np.bool_) for _ in bounds]
    for pairs in pairs_look_by_look(table, design, noise):
        for known, bound in zip(above, bounds, strict=True):
            before = known[pairs.block]
            known[pairs.block] = before | ((pairs.differences > bound[pairs.look] * pairs.errors) & ~before.T)
    return above


def open_pairs(
    table: Scores, design: GroupSequentialDesign, noise: InitialNoise, bounds: FloatArray, margin: float
) -> BoolArray:
    """Return (hypotheses, hypotheses): may more seeds still tell whether a pair differs, or by less than the margin?

    A pair is open no more once its interval has excluded 0 or lain within +- margin, once both have become improbable,
    and after the last look.
    """
    is_open = np.triu(np.ones((len(table.hypotheses),) * 2, dtype=np.bool_), 1)
    for pairs in pairs_look_by_look(table, design, noise):
        size = np.abs(pairs.differences)
        needed = bounds[pairs.look] * pairs.errors
        is_open[pairs.block] &= ~((size > needed) | (margin - size >= needed))
        first, second = np.nonzero(is_open[pairs.block])
        look = np.broadcast_to(pairs.look, size.shape)[first, second]
        chances = chance_of_decision(
            pairs.differences[first, second],
            pairs.errors[first, second],
            design.seeds[look],
            design,
            bounds[-1],
            margin,
        )
        hopeless = chances < FUTILE_AMONG_ALL_BELOW
        is_open[pairs.rows[first[hopeless]], pairs.rows[second[hopeless]]] = False
    return is_open | is_open.T
