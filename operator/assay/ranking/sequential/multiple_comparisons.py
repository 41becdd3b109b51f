"""Multiple comparisons: which hypotheses are surely better than which, and which are surely not the best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray
from assay.ranking.scores import Scores
from assay.ranking.sequential.all_pairs import surely_above
from assay.ranking.sequential.critical_values import one_sided_dunnett_critical_value, tukey_critical_value
from assay.ranking.sequential.group_sequential import (
    GroupSequentialDesign,
    as_t,
    level_of_one_in_many_above,
    level_of_one_pair,
    normal_bound,
)
from assay.ranking.sequential.moderated_noise import InitialNoise, believed_at_one_look
from assay.ranking.sequential.paired_looks import t_bounds


@dataclass(frozen=True, eq=False)
class ToldApart:
    """What is sure of the hypotheses in a table's rows."""

    above: BoolArray
    """(rows, rows): in row i and column j, whether j is surely better than i. All of these hold together (Tukey)."""
    beaten: BoolArray
    """(rows,): surely not the best. Only comparisons with the truly best can go wrong here (Hsu 1984), so the level is
    that of comparisons with one control where only one side counts."""


def told_apart(table: Scores, confidence: float, removed: int = 0) -> ToldApart:
    """Tell hypotheses apart at a number of seeds that was fixed beforehand; each has a score. `removed`: how many more
    there were, which count as comparisons all the same.

    Nothing is sure where the noise is not known.
    """
    rows = len(table.hypotheses)
    noise, variances = table.noise, table.cautious_variances
    if noise is None or variances is None or rows < 2:
        return _nothing(rows)
    squared = variances / table.counts
    means = table.adjusted_means
    standardised = (means - means[:, None]) / np.sqrt(squared + squared[:, None])
    groups, degrees = rows + removed, believed_at_one_look(table, np.minimum(table.counts, table.counts[:, None]))
    if degrees is None:
        any_pair: FloatArray | float = tukey_critical_value(groups, noise.degrees_of_freedom, confidence)
        with_best: FloatArray | float = one_sided_dunnett_critical_value(
            groups - 1, noise.degrees_of_freedom, confidence
        )
    else:
        any_pair = as_t(normal_bound(level_of_one_pair(groups, confidence)), degrees)
        with_best = as_t(normal_bound(level_of_one_in_many_above(groups - 1, confidence)), degrees)
    beaten: BoolArray = np.logical_or.reduce(standardised > with_best, axis=1)
    return ToldApart(standardised > any_pair, beaten)


def told_apart_while_looking(
    table: Scores, confidence: float, design: GroupSequentialDesign, removed: int = 0
) -> ToldApart:
    """Tell hypotheses apart while looking after every seed. `removed`: as in `told_apart`."""
    rows, noise = len(table.hypotheses), InitialNoise.of(table, design.initial)
    if noise is None or rows < 2:
        return _nothing(rows)
    design = noise.shaped(design)
    any_pair = t_bounds(design, noise, level_of_one_pair(rows + removed, confidence))
    with_best = t_bounds(design, noise, level_of_one_in_many_above(rows - 1 + removed, confidence))
    above, above_as_best = surely_above(table, design, noise, (any_pair, with_best))
    beaten: BoolArray = np.logical_or.reduce(above_as_best, axis=1)
    return ToldApart(above, beaten)


def _nothing(rows: int) -> ToldApart:
    return ToldApart(np.zeros((rows, rows), dtype=np.bool_), np.zeros(rows, dtype=np.bool_))
