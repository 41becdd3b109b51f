"""Rank intervals: which places a hypothesis may have in truth.

All pairwise differences are tested at once (Tukey). A hypothesis' place is at least 1 + the number of hypotheses that
are surely better, and at most K less the number of those that are surely worse. All intervals hold together with the
stated confidence (Mogstad, Romano, Shaikh & Wilhelm 2024; Al Mohamad, van Zwet & Goeman 2022).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray
from assay.ranking.distributions import t_exceeded_by
from assay.ranking.orders.orders import lowest_ranks
from assay.ranking.scores import Scores
from assay.ranking.sequential.group_sequential import GroupSequentialDesign, group_sequential_design
from assay.ranking.sequential.moderated_noise import InitialNoise
from assay.ranking.sequential.multiple_comparisons import (
    ToldApart,
    told_apart,
    told_apart_while_looking,
)
from assay.ranking.sequential.paired_looks import t_bounds


@dataclass(frozen=True)
class RankInterval:
    """The place and the score of one hypothesis, each with its interval."""

    hypothesis: str
    seeds: int
    score: float | None
    """The mean score with the seed effects taken out; higher is better. None if there is no score."""
    score_low: float | None
    """The lower end of the score's interval: for this hypothesis alone, from seed noise without the seeds' effects on
    all. None if the noise is not known."""
    score_high: float | None
    """The upper end."""
    rank: int | None
    """The place by the score: 1 is best, and equal scores share the better place. None without a score."""
    low: int | None
    """The best place that it may have in truth; the intervals of all hypotheses hold together."""
    high: int | None
    """The worst place that it may have."""
    may_be_best: bool
    """Whether this may be the best hypothesis. With the stated confidence the truly best is among those that may be.
    They are fewer than those with `low` 1, since nothing is said of other places."""


def rank_intervals(
    reference: Scores,
    confidence: float,
    *,
    initial: int | None = None,
    maximum: int | None = None,
    earlier_maxima: tuple[int, ...] = (),
    removed: int = 0,
    unstable: Collection[str] = (),
) -> tuple[RankInterval, ...]:
    """Return an interval per hypothesis, in the order of `reference`; ranks are among the hypotheses with a score.

    `initial` < `maximum`: pairs are told apart by bounds that hold over all looks. So the intervals stay true whichever
    hypotheses get more seeds, and why; benchmarks/decisions.py measures how often places are excluded falsely.

    `earlier_maxima`, `removed`: as in `compare_with_baseline`.

    Otherwise the seeds were fixed beforehand, and each hypothesis counts with the larger of its own and the pooled
    noise variance. By simulation, at 95 % confidence and equal scores, some place is excluded falsely in .02 to .04 of
    all cases with equal noise (8 to 36 hypotheses, 3 and 5 seeds), in .03 to .07 if one hypothesis is 4 times as noisy,
    and in up to .10 if half of them are 3 times as noisy.

    `unstable` are hypotheses that fail on some seeds, so that those with a score are their good ones. They come after
    all others, and are surely above nobody: each may have any place from the best that its scores allow to the last.
    None may be the best; which of the others may be is decided among these alone.

    Where the noise is not known (one seed, or scores that no seed changes), every place is possible.

    Raises ValueError on a confidence or numbers of seeds out of range.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence}, allowed are values between 0 and 1, both excluded")
    scored = reference.counts > 0
    table = reference.restricted(name for name, has in zip(reference.hypotheses, scored, strict=True) if has)
    means, total = table.adjusted_means, len(table.hypotheses)
    design = None
    if initial is not None and maximum is not None and initial != maximum:
        design = group_sequential_design(initial, maximum, earlier=earlier_maxima)
    told = _told_apart(table, confidence, design, removed)
    margin = _margins(table, confidence) if design is None else _margins_while_looking(table, confidence, design)
    fails = np.array([name in unstable for name in table.hypotheses], dtype=np.bool_)
    if fails.any():
        stable = table.restricted(name for name in table.hypotheses if name not in unstable)
        told = _set_apart(told, _told_apart(stable, confidence, design, removed), fails)
    rank = ranks_by(means, last=fails)
    low, high = 1 + told.above.sum(axis=1), total - told.above.sum(axis=0)

    intervals = []
    position = np.cumsum(scored) - 1
    for row, name in enumerate(reference.hypotheses):
        if not scored[row]:
            intervals.append(RankInterval(name, 0, None, None, None, None, None, None, False))
            continue
        at = position[row]
        score, half = float(means[at]), float(margin[at])
        below, above = (None, None) if np.isnan(half) else (score - half, score + half)
        intervals.append(
            RankInterval(
                hypothesis=name,
                seeds=int(table.counts[at]),
                score=score,
                score_low=below,
                score_high=above,
                rank=int(rank[at]),
                low=int(low[at]),
                high=int(high[at]),
                may_be_best=not told.beaten[at],
            )
        )
    return tuple(intervals)


def ranks_by(scores: FloatArray, last: BoolArray) -> FloatArray:
    """Return (hypotheses,) places: 1 is the best, equal scores share the better place, and those that come `last` are
    behind all others."""
    ranks = np.empty(len(scores))
    ranks[~last] = lowest_ranks(-scores[~last])
    ranks[last] = np.count_nonzero(~last) + lowest_ranks(-scores[last])
    return ranks


def _told_apart(table: Scores, confidence: float, design: GroupSequentialDesign | None, removed: int) -> ToldApart:
    """Tell hypotheses apart; `design` is None at a number of seeds that was fixed beforehand."""
    if design is None:
        return told_apart(table, confidence, removed)
    return told_apart_while_looking(table, confidence, design, removed)


def _set_apart(everybody: ToldApart, stable: ToldApart, fails: BoolArray) -> ToldApart:
    """Return what is sure if those that fail are above nobody; what is sure of the others is so without them."""
    above, beaten = everybody.above.copy(), np.ones(len(fails), dtype=np.bool_)
    above[:, fails] = False
    above[np.ix_(~fails, ~fails)] = stable.above
    beaten[~fails] = stable.beaten
    return ToldApart(above, beaten)


def _margins(table: Scores, confidence: float) -> FloatArray:
    """Return (hypotheses,): half the width of each one's interval, at a number of seeds fixed beforehand."""
    noise, variances = table.noise, table.cautious_variances
    if noise is None or variances is None:
        return np.full(len(table.hypotheses), np.nan)
    return t_exceeded_by((1 - confidence) / 2, noise.degrees_of_freedom) * np.sqrt(variances / table.counts)


def _margins_while_looking(table: Scores, confidence: float, design: GroupSequentialDesign) -> FloatArray:
    """Return the same, of intervals that hold at all looks together."""
    noise = InitialNoise.of(table, design.initial)
    margins = np.full(len(table.hypotheses), np.nan)
    if noise is None:
        return margins
    had = table.counts >= design.initial
    seeds = np.minimum(table.counts[had], design.maximum)
    spread = np.nansum(table.residuals[had] ** 2, axis=1) / (table.counts[had] - 1)
    bounds = t_bounds(noise.shaped(design), noise, 1 - confidence)[seeds - design.initial]
    margins[had] = bounds * np.sqrt(noise.moderated(spread, seeds, noise.variance, noise.fixed_weight) / seeds)
    return margins
