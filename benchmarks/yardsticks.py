"""Policies that spend a price on learning curves, for `lcdb.py`: the product's, and its yardsticks.

Each buys on a market and says what it thinks of each learner: scores (learners,), and how far off they may be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from learning_curves import Market
from numpy.typing import NDArray

from assay.api.resources import Question
from assay.planning.allocation.ladder_policy import ladder_scores, next_step
from assay.planning.allocation.ladder_prices import ladder_prices
from assay.ranking.arrays import FloatArray


class Opinion(NamedTuple):
    """A policy's scores in the end, and their deviations; a learner that it knows nothing of has the lowest score."""

    scores: FloatArray
    deviations: FloatArray


Policy = Callable[[Market], Opinion]


def product(question: Question) -> Policy:
    """Spend as the planner does, step by step."""

    def spend(market: Market) -> Opinion:
        while step := next_step(market.view(), question, None, market.left):
            market.buy(step.hypothesis, step.rung, step.seed)
        known = ladder_scores(market.view())
        return Opinion(_named(known.scores), np.where(np.isnan(known.deviations), np.inf, known.deviations))

    return spend


def static(rung: int) -> Policy:
    """Buy one seed of each learner on one rung."""

    def spend(market: Market) -> Opinion:
        for learner in market.view().hypotheses:
            market.buy(learner, str(rung), 0)
        return _by_top(market)

    return spend


def static_affordable(market: Market) -> Opinion:
    """Buy one seed of each learner on the highest affordable rung; it knows the prices beforehand."""
    rungs = range(len(market.view().rungs))
    allowed = market.budget / market.full_cost
    return static(max((rung for rung in rungs if market.usual_share(rung) <= allowed), default=0))(market)


def cheapest_first(market: Market) -> Opinion:
    """Promote by price alone: of all next rungs, and of further seeds on the last one at twice their price, buy the
    cheapest that fits."""
    _everyone(market, 0)
    while True:
        state = _State.of(market)
        rung, possible = state.climb(market)
        price, last = state.prices[np.arange(len(rung)), rung], state.means.shape[1] - 1
        if not possible.any():
            break
        keys = np.where(possible, price * np.where(state.tops == last, 2, 1), np.inf)
        _buy(market, state, int(np.argmin(keys)), rung)
    state = _State.of(market)
    gains = [0.0]
    for upper in range(1, state.means.shape[1]):
        steps = state.means[:, upper] - state.means[:, upper - 1]
        seen = steps[~np.isnan(steps)]
        gains.append(float(np.median(seen)) * len(seen) / (len(seen) + 2) if len(seen) else 0.0)
    climbed = np.cumsum(gains)
    top = _scored_tops(state.means)
    scores = np.where(top >= 0, state.means[np.arange(len(top)), top] + climbed[-1] - climbed[top], np.nan)
    return Opinion(_named(scores), np.ones(len(scores)))


def halving(plan: tuple[tuple[int, float], ...]) -> Policy:
    """Buy the plan's first rung for every learner, then each next rung for the best ones only: a share of all, or a
    number from 1 on."""

    def spend(market: Market) -> Opinion:
        names = market.view().hypotheses
        alive = np.arange(len(names))
        for rung, kept in plan:
            if rung != plan[0][0]:
                count = int(np.ceil(kept * len(names))) if kept < 1 else int(kept)
                alive = np.argsort(-_by_top(market).scores, kind="stable")[:count]
            for row in alive:
                market.buy(names[row], str(rung), 0)
        return _by_top(market, by_rung=True)

    return spend


def race(market: Market) -> Opinion:
    """Let the leader race its challengers: of the two best that are not yet on the reference, the cheaper climbs; once
    none can, the cheaper of the two best gets another seed."""
    _everyone(market, 0)
    while True:
        state = _State.of(market)
        rung, possible = state.climb(market)
        last = state.means.shape[1] - 1
        ranked = [row for row in np.argsort(-_by_top(market).scores, kind="stable") if possible[row]]
        if not ranked:
            break
        climbing = [row for row in ranked if state.tops[row] < last]
        contenders = (climbing or ranked)[:2]
        _buy(market, state, int(min(contenders, key=lambda row: state.prices[row, rung[row]])), rung)
    return _by_top(market)


def close_pairs(market: Market) -> Opinion:
    """Race for the order: of all neighbours in the order, the closest pair that can still climb does."""
    _everyone(market, 0)
    while True:
        state = _State.of(market)
        rung, possible = state.climb(market)
        if not possible.any():
            break
        scores = _by_top(market).scores
        order = np.argsort(-scores, kind="stable")
        gaps = np.full(len(scores), np.inf)
        apart = -np.diff(scores[order])
        gaps[order[1:]] = apart
        gaps[order[:-1]] = np.minimum(gaps[order[:-1]], apart)
        _buy(market, state, int(np.argmin(np.where(possible, gaps, np.inf))), rung)
    return _by_top(market)


@dataclass(frozen=True)
class _State:
    """A market's view as tables (learners, rungs)."""

    means: FloatArray
    started: NDArray[np.int64]
    prices: FloatArray
    tops: NDArray[np.int64]

    def climb(self, market: Market) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return, (learners,) each: the next rung, or the last again, and whether a trial there is affordable and
        left."""
        rows = np.arange(len(self.tops))
        rung = np.minimum(self.tops + 1, self.means.shape[1] - 1)
        return rung, (self.prices[rows, rung] <= market.left) & (self.started[rows, rung] < market.view().seeds)

    @classmethod
    def of(cls, market: Market) -> _State:
        table = market.view().table
        started = table.taken.sum(axis=2)
        counts = (~np.isnan(table.scores)).sum(axis=2)
        means = np.where(counts > 0, np.nansum(table.scores, axis=2) / np.maximum(counts, 1), np.nan)
        prices = ladder_prices(table.costs, table.work)
        last = started.shape[1] - 1
        tops = np.where(started.any(axis=1), last - np.argmax(started[:, ::-1] > 0, axis=1), -1)
        return cls(means, started, np.full(means.shape, np.inf) if prices is None else prices, tops)


def _everyone(market: Market, rung: int) -> None:
    for learner in market.view().hypotheses:
        market.buy(learner, str(rung), 0)


def _buy(market: Market, state: _State, row: int, rung: NDArray[np.int64]) -> None:
    market.buy(market.view().hypotheses[row], str(rung[row]), int(state.started[row, rung[row]]))


def _scored_tops(means: FloatArray) -> NDArray[np.int64]:
    scored = ~np.isnan(means)
    return np.where(scored.any(axis=1), scored.shape[1] - 1 - np.argmax(scored[:, ::-1], axis=1), -1)


def _by_top(market: Market, *, by_rung: bool = False) -> Opinion:
    """Score each learner by its mean at its highest rung; with `by_rung`, a learner that got further is better,
    whatever the scores."""
    means = _State.of(market).means
    tops = _scored_tops(means)
    scores = np.where(tops >= 0, means[np.arange(len(tops)), tops] + (10.0 * tops if by_rung else 0.0), np.nan)
    return Opinion(_named(scores), np.ones(len(scores)))


def _named(scores: FloatArray) -> FloatArray:
    """Give learners without a score the lowest one."""
    lowest = np.nanmin(scores) if not np.isnan(scores).all() else 0.0
    return np.where(np.isnan(scores), lowest - 1.0, scores)
