"""Rows of `in_the_wild.py`: verdicts, the best one and places, on the seed noise of recorded learning curves.

For `false`, all learners of a data set are made equal: what is left of their scores is noise. The first one, by chance,
is the baseline, and counts as the best one. False is any verdict; that the best one is called surely not the best; any
place that is excluded. For `power` and `seeds`, learners differ as they do, and seeds are added as the planner would:
power is the share of right verdicts; of the others, how many are excluded rightly; of the places, how many.

Without ("before"): the noise of all learners is taken for alike, as it is where it looks so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from decision_studies import CODES, CONFIDENCE
from decision_yardsticks import noise_taken_for_alike
from real_noise import Half, RealNoise, real_noise
from wild_rows import Measured, Row

from assay.ranking import Comparison, Scores, best_candidates, compare_with_baseline, rank_intervals
from assay.ranking.arrays import FloatArray

MARGIN = 0.005
"""The smallest effect where learners differ: half a percent of accuracy."""


def _scores(values: FloatArray, counts: np.ndarray) -> Scores:
    there = np.where(np.arange(values.shape[1]) < counts[:, None], values, np.nan)
    return Scores(tuple(f"h{row}" for row in range(len(values))), tuple(range(values.shape[1])), there)


def _all(values: FloatArray) -> Scores:
    return _scores(values, np.full(len(values), values.shape[1]))


def _as_planned(values: FloatArray, initial: int, wanted: Callable[[Scores], set[str]]) -> np.ndarray:
    """Return how many seeds each has in the end, if those who are wanted get one more, again and again."""
    counts = np.full(len(values), initial)
    while True:
        names = wanted(_scores(values, counts))
        more = np.array([f"h{row}" in names for row in range(len(values))]) & (counts < values.shape[1])
        if not more.any():
            return counts
        counts[more] += 1


def _verdicts(equal: FloatArray, different: FloatArray, true: FloatArray, initial: int) -> dict[str, float]:
    def compare(scores: Scores, margin: float) -> tuple[Comparison, ...]:
        return compare_with_baseline(
            scores, "h0", smallest_effect=margin, confidence=CONFIDENCE, initial=initial, maximum=equal.shape[1]
        )

    def wanted(scores: Scores) -> set[str]:
        names = {one.hypothesis for one in compare(scores, MARGIN) if one.is_open}
        return names | {"h0"} if names else names

    false = any(one.verdict != "Inconclusive" for one in compare(_all(equal), 0.0))
    counts = _as_planned(different, initial, wanted)
    codes = np.array([CODES[one.verdict] for one in compare(_scores(different, counts), MARGIN)])
    apart = true[1:] - true[0]
    right = ((codes == 1) & (apart > 0)) | ((codes == -1) & (apart < 0)) | ((codes == 2) & (np.abs(apart) <= MARGIN))
    return {"false": false, "power": right.mean(), "seeds": counts.mean() / equal.shape[1]}


def _best(equal: FloatArray, different: FloatArray, true: FloatArray, initial: int) -> dict[str, float]:
    find = partial(best_candidates, confidence=CONFIDENCE, initial=initial, maximum=equal.shape[1])
    false = "h0" not in find(_all(equal), smallest_effect=0.0).candidates
    counts = _as_planned(different, initial, lambda scores: set(find(scores, smallest_effect=MARGIN).open))
    candidates = find(_scores(different, counts), smallest_effect=MARGIN).candidates
    others = {f"h{row}" for row in np.flatnonzero(true < true.max())}
    excluded = len(others.difference(candidates)) / max(len(others), 1)
    return {"false": false, "power": excluded, "seeds": counts.mean() / equal.shape[1]}


def _places(equal: FloatArray, different: FloatArray, true: FloatArray, initial: int) -> dict[str, float]:
    find = partial(rank_intervals, confidence=CONFIDENCE, initial=initial, maximum=equal.shape[1])
    false = any((one.low, one.high) != (1, len(true)) for one in find(_all(equal)))
    widths = [one.high - one.low for one in find(_all(different)) if one.high is not None and one.low is not None]
    return {"false": false, "power": 1 - float(np.mean(widths)) / (len(true) - 1)}


def simulate(
    judge: Callable[[FloatArray, FloatArray, FloatArray, int], dict[str, float]],
    half: Half,
    initial: int,
    maximum: int,
    generator: np.random.Generator,
    number: int,
    table: Path | None,
) -> Measured:
    """Judge a study with the noise of one of the half's data sets, which take turns."""
    assert table is not None
    sets: list[RealNoise] = [each for each in real_noise(table)[0] if each.half == half]
    if not sets:
        return Measured({})
    noise = sets[number % len(sets)]
    true, equal = noise.draw(generator, maximum)
    found = judge(equal, equal + true[:, None], true, initial)
    with noise_taken_for_alike():
        before = judge(equal, equal + true[:, None], true, initial)
    return Measured({**found, **{f"{name}_before": value for name, value in before.items()}}, noise.name)


def _rows(half: Half) -> tuple[Row, ...]:
    looks = [(f"initial {initial}", initial, 10) for initial in (2, 3, 5)]
    looks += [(f"one look at {seeds}", seeds, seeds) for seeds in (2, 3, 5, 10)]
    judges = {"verdicts": _verdicts, "best": _best, "places": _places}
    return tuple(
        Row(f"{name} real noise half {half} {which}", partial(simulate, judge, half, initial, most), needs_table=True)
        for name, judge in judges.items()
        for which, initial, most in looks
        if name == "verdicts" or initial in (3, 5)
    )


ROWS: tuple[Row, ...] = (*_rows("A"), *_rows("B"))
