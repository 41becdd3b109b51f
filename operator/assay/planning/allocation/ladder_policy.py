"""What to run next on a ladder, to learn most for a price.

All hypotheses begin on the cheapest rung. After that the next trial is always the one that is worth most for its price.

**The whole order** (`RankAll`). A trial is worth what it takes off the variance of its hypothesis' score, on any higher
rung or as another seed on the reference. So cheap hypotheses get to the reference, dear ones as far as it pays. Where
all hypotheses cost about the same, prices are known beforehand: then all begin on the highest rung on which the budget
pays for all of them, since what the lower rungs would cost buys more there.

**Against the baseline** (`BeatBaseline`). The same, but the baseline's variance is part of every comparison, and counts
once for each of them.

**The best one** (`FindBest`). A trial is worth what it is expected to add to the score of the winner.

What is decided depends on the ladder alone, not on the order in which trials ended. `benchmarks/lcdb.py` compares these
policies with others on recorded learning curves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.api.resources import Question
from assay.planning.allocation.ladder import Ladder, LadderTable
from assay.planning.allocation.ladder_prices import hypothesis_factors, ladder_prices
from assay.planning.allocation.worth import expected_improvement, reached_rungs, variance_lowered
from assay.ranking.arrays import FloatArray
from assay.ranking.budget.multifidelity_scores import MultifidelityScores, multifidelity_scores

ALIKE, ALIKE_FROM = 1.1, 2
"""Hypotheses cost about the same if at least `ALIKE_FROM` of them have shown their price and the dearest costs at most
`ALIKE` times as much as the cheapest."""
FAILED_SEEDS_TO_GIVE_UP = 2
"""After so many failures a hypothesis without a score is given up."""


class Step(NamedTuple):
    """A trial to start. `price` is in expected accelerator seconds, None while no trial has ended that could show
    it."""

    hypothesis: str
    rung: str
    seed: int
    price: float | None


@dataclass(frozen=True)
class Estimate:
    """The score that is expected of a hypothesis at the reference; all None without a score on any rung."""

    score: float | None
    deviation: float | None
    """The standard error of the score."""
    rung: str | None
    """The highest rung on which the hypothesis has a score."""
    is_unstable: bool = False
    """Whether it fails by its own fault on that rung, or on a higher one: then the score is that of its good seeds."""


def next_steps(ladder: Ladder, question: Question, baseline: str | None, left: float, count: int) -> tuple[Step, ...]:
    """Return up to `count` trials to start now, the most useful first; fewer if no more fit or none is worth anything.

    `left` are the accelerator seconds that no ended trial has spent; what pending trials are expected to take is
    subtracted here. Raises ValueError for BeatBaseline without a baseline among the hypotheses.
    """
    if question is Question.BEAT_BASELINE and baseline not in ladder.hypotheses:
        raise ValueError(f"baseline: {baseline!r}, wanted one of the ladder's hypotheses")
    table = ladder.table
    prices = ladder_prices(table.costs, table.work)
    taken = table.taken.copy()
    if prices is None:
        return _probes(ladder, taken, count)
    left -= float((table.pending.sum(axis=2) * prices).sum())
    known = multifidelity_scores(table.sound_scores, table.work)
    weights = np.ones((len(ladder.hypotheses), 1))
    if baseline is not None and question is Question.BEAT_BASELINE:
        weights[ladder.hypotheses.index(baseline)] = max(len(weights) - 1, 1)
    steps: list[Step] = []
    while len(steps) < count:
        started = taken.sum(axis=2)
        place = _beginning(table, started, prices, left, question)
        if place is None:
            place = _most_useful(weights * _worth(table, started, known, question), prices, left)
        if place is None:
            break
        row, rung = place
        seed = int(np.argmin(taken[row, rung]))
        steps.append(Step(ladder.hypotheses[row], ladder.rungs[rung], seed, float(prices[row, rung])))
        taken[row, rung, seed] = True
        left -= float(prices[row, rung])
    return tuple(steps)


def _beginning(
    table: LadderTable, started: NDArray[np.int64], prices: FloatArray, left: float, question: Question
) -> tuple[int, int] | None:
    """Return the row and the rung of a hypothesis that has not begun and can; None if there is none."""
    waiting = np.flatnonzero(started.sum(axis=1) == 0)
    rung = _first_rung(table, started, prices, left) if len(waiting) and question is not Question.FIND_BEST else 0
    affordable = waiting[prices[waiting, rung] <= left]
    return (int(affordable[np.argmin(_spread_out(affordable))]), rung) if len(affordable) else None


def _worth(
    table: LadderTable, started: NDArray[np.int64], known: MultifidelityScores, question: Question
) -> FloatArray:
    """Return what a further trial is worth to the question, (hypotheses, rungs), whatever its price."""
    worth = (
        expected_improvement(started, known)
        if question is Question.FIND_BEST
        else variance_lowered(started, table.work)
    )
    return worth * _may_run(table, started)


def _most_useful(worth: FloatArray, prices: FloatArray, left: float) -> tuple[int, int] | None:
    """Return the row and the rung of the trial that is worth most for its price; None if none fits that is."""
    useful = (worth > 0) & (prices <= left)
    if not useful.any():
        return None
    gain = np.where(useful, worth / prices, -1.0)
    # the first of equals: it must not matter which one rounding prefers
    row, rung = divmod(int(np.argmax(gain >= gain.max() * (1 - 1e-9))), prices.shape[1])
    return row, rung


def next_step(ladder: Ladder, question: Question, baseline: str | None, left: float) -> Step | None:
    """Return the first of `next_steps`; None if there is none."""
    return next(iter(next_steps(ladder, question, baseline, left, 1)), None)


def estimates(ladder: Ladder) -> dict[str, Estimate]:
    """Return the estimate of every hypothesis by name, in the ladder's order."""
    known, unstable = ladder_scores(ladder), ladder.table.unstable
    nothing = Estimate(None, None, None)
    return {
        name: Estimate(float(score), float(deviation), ladder.rungs[top], bool(fails[top])) if top >= 0 else nothing
        for name, score, deviation, top, fails in zip(
            ladder.hypotheses, known.scores, known.deviations, known.tops, unstable, strict=True
        )
    }


def ladder_scores(ladder: Ladder) -> MultifidelityScores:
    """Return the estimates as arrays, which also tell how sure the order of each pair is."""
    return multifidelity_scores(ladder.table.scores, ladder.table.work)


def expected_accuracy(ladder: Ladder) -> float | None:
    """Return the share of all pairs, 0.5 to 1, that the estimates are expected to order rightly. A pair in which one
    has no score, or is unstable, counts one half. None with fewer than two hypotheses."""
    first, second = np.triu_indices(len(ladder.hypotheses), 1)
    if not len(first):
        return None
    unstable = np.array([each.is_unstable for each in estimates(ladder).values()], dtype=np.bool_)
    right = ladder_scores(ladder).rightly_ordered(first, second)
    return float(np.where(unstable[first] | unstable[second], 0.5, right).mean())


def _probes(ladder: Ladder, taken: NDArray[np.bool_], count: int) -> tuple[Step, ...]:
    """Return one trial for each of the next hypotheses on the cheapest rung: the steps while no price is known."""
    waiting = np.flatnonzero(~taken.any(axis=(1, 2)))
    chosen = waiting[np.argsort(_spread_out(waiting))][:count]
    return tuple(Step(ladder.hypotheses[row], ladder.rungs[0], 0, None) for row in chosen)


def _spread_out(rows: NDArray[np.int64]) -> FloatArray:
    """Return a sorting key for each row, by which the first rows come from all over the list: neighbours are often of
    one kind, and would show the prices of that kind alone. (Multiples of the golden ratio spread most evenly.)"""
    return np.asarray(rows * ((5**0.5 - 1) / 2) % 1, dtype=np.float64)


def _may_run(table: LadderTable, started: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return, (hypotheses, rungs), where a seed is left and the hypothesis is not given up."""
    given_up = np.isnan(table.scores).all(axis=(1, 2)) & (table.failed.sum(axis=(1, 2)) >= FAILED_SEEDS_TO_GIVE_UP)
    # where it fails, further seeds decide nothing; higher up it may not
    has_any = np.logical_or.reduce(~np.isnan(table.scores), axis=(1, 2))
    hopeless = table.unstable & np.asarray(has_any)[:, None]
    may_run: NDArray[np.bool_] = (started < table.scores.shape[2]) & ~given_up[:, None] & ~hopeless
    return may_run


def _first_rung(table: LadderTable, started: NDArray[np.int64], prices: FloatArray, left: float) -> int:
    """Return the rung on which a hypothesis begins: the highest one that the budget pays for all to reach, if prices
    are known; else the lowest."""
    factors = hypothesis_factors(table.costs, table.work)
    shown = factors[~np.isnan(factors)]
    if len(shown) < ALIKE_FROM or shown.max() > ALIKE * shown.min():
        return 0
    below = reached_rungs(started)[:, None] < np.arange(len(table.work))[None, :]
    affordable = np.flatnonzero((prices * below).sum(axis=0) <= left)
    return int(affordable[-1]) if len(affordable) else 0
