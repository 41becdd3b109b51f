"""What to run next, to learn most for a price.

**Ranking.** After one seed of each hypothesis on the cheapest rung, again and again the trial with the lowest price per
variance that it takes from its hypothesis' score: on any higher rung, or another seed on the reference. Cheap
hypotheses so get to the reference, dear ones as far as pays.

**Against the baseline** it is the same, but the baseline's variance is in every comparison and counts for all of them.

Everything depends on scores, prices and what was started alone, not on the order in which trials ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.planning.ladder import Ladder, Question
from assay.planning.trial_prices import trial_prices
from assay.ranking.promoted_scores import PromotedScores, promoted_scores, relative_variances
from assay.ranking.scores import FloatArray


class Step(NamedTuple):
    """A trial to start. `price`: expected accelerator seconds; None while nothing has ended that could show it."""

    hypothesis: str
    rung: str
    seed: int
    price: float | None


@dataclass(frozen=True)
class Estimate:
    """A hypothesis' score as expected at the reference."""

    score: float | None
    """None: it has none at any rung."""
    deviation: float | None
    """Standard error of the score; None likewise, or where nothing shows yet how much scores vary."""
    rung: str | None
    """The highest on which it has a score."""


def next_steps(ladder: Ladder, question: Question, baseline: str | None, left: float, count: int) -> tuple[Step, ...]:
    """Up to `count` trials to start now, the most useful first; fewer, if no more fit or none is worth it.

    `left`: accelerator seconds that no ended trial has spent. What the pending ones are expected to take is taken off
    here. Raises ValueError for BeatBaseline without a baseline among the hypotheses.
    """
    if question == "BeatBaseline" and baseline not in ladder.hypotheses:
        raise ValueError(f"baseline: {baseline!r}, wanted one of the ladder's hypotheses")
    table = ladder.table
    prices = trial_prices(table.costs, table.work)
    started = table.started.copy()
    if prices is None:
        return _probes(ladder, started, count)
    left -= float((table.pending.sum(axis=2) * prices).sum())
    weights = np.ones(len(ladder.hypotheses))
    if baseline is not None and question == "BeatBaseline":
        weights[ladder.hypotheses.index(baseline)] = max(len(weights) - 1, 1)
    steps: list[Step] = []
    while len(steps) < count:
        usefulness = _variance_taken(started, table.work, ladder.seeds) * weights[:, None]
        fits = (usefulness > 0) & (prices <= left)
        if not fits.any():
            break
        ratio = np.where(fits, prices / np.where(fits, usefulness, 1.0), np.inf)
        row, rung = divmod(int(np.argmin(ratio)), len(ladder.rungs))
        price = float(prices[row, rung])
        steps.append(Step(ladder.hypotheses[row], ladder.rungs[rung], int(started[row, rung]), price))
        started[row, rung] += 1
        left -= price
    return tuple(steps)


def next_step(ladder: Ladder, question: Question, baseline: str | None, left: float) -> Step | None:
    """The first of `next_steps`; None if there is none."""
    return next(iter(next_steps(ladder, question, baseline, left, 1)), None)


def _probes(ladder: Ladder, started: NDArray[np.int64], count: int) -> tuple[Step, ...]:
    """While no price is known: one trial each on the cheapest rung."""
    waiting = np.flatnonzero(started.sum(axis=1) == 0)[:count]
    return tuple(Step(ladder.hypotheses[row], ladder.rungs[0], 0, None) for row in waiting)


def _variance_taken(started: NDArray[np.int64], work: FloatArray, seeds: int) -> FloatArray:
    """(hypotheses, rungs): by how much a trial there lowers the variance of its hypothesis' score, a seed's being 1.

    0 where a trial does not count or may not run. A hypothesis that has not begun begins on the first rung, and with
    more use than anything else, since a ranking names everyone.
    """
    hypotheses, rungs = started.shape
    rows, last = np.arange(hypotheses), rungs - 1
    begun = started.any(axis=1)
    tops = np.where(begun, last - np.argmax(started[:, ::-1] > 0, axis=1), -1)
    reached = np.maximum(tops, 0)
    now = relative_variances(work[reached], started[rows, reached])
    taken = now[:, None] - relative_variances(work, np.ones(rungs))[None, :]
    taken[np.arange(rungs)[None, :] <= tops[:, None]] = 0.0
    again = now - relative_variances(work[[last]], started[:, last] + 1)
    taken[:, last] = np.where((tops == last) & (started[:, last] < seeds), again, taken[:, last])
    taken[~begun] = 0.0
    taken[~begun, 0] = np.finfo(np.float64).max
    return np.maximum(taken, 0.0)


def estimates(ladder: Ladder) -> dict[str, Estimate]:
    """Every hypothesis, in the ladder's order."""
    carried = _carried(ladder)
    return {
        name: Estimate(
            float(score) if top >= 0 else None,
            float(deviation) if np.isfinite(deviation) else None,
            ladder.rungs[top] if top >= 0 else None,
        )
        for name, score, deviation, top in zip(
            ladder.hypotheses, carried.scores, carried.deviations, carried.tops, strict=True
        )
    }


def ranking(ladder: Ladder) -> tuple[str, ...]:
    """All hypotheses, the best first; those without a score last."""
    scores = _carried(ladder).scores
    return tuple(ladder.hypotheses[at] for at in np.argsort(-scores, kind="stable"))


def best(ladder: Ladder) -> str | None:
    """The winner; None while nothing has a score."""
    return ranking(ladder)[0] if np.isfinite(_carried(ladder).scores).any() else None


def sureness(ladder: Ladder, first: str, second: str) -> float:
    """Probability in [.5, 1] that the two are ordered rightly by their estimates; .5 where that is not known."""
    return _carried(ladder).surely_ordered(ladder.hypotheses.index(first), ladder.hypotheses.index(second))


def _carried(ladder: Ladder) -> PromotedScores:
    return promoted_scores(ladder.table.scores, ladder.table.work)
