"""Rows of `in_the_wild.py`: studies that are edited after a look at their scores, as the product invites to.

Scores are shares of right answers on held-out examples, of which each seed makes some harder; all hypotheses are
equally noisy. Where a wrong answer is counted, all of them are exactly as good as the baseline; where power is, every
second one is better by `EFFECT` standard deviations of one score. *Before*, each edit starts anew, as if nothing had
been seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from wild_rows import Measured, Row

from assay.planning.results.comparisons import compared
from assay.planning.study.looks import Looks
from assay.ranking import Comparison, Scores
from assay.ranking.arrays import FloatArray, IntArray

HYPOTHESES, INITIAL, MAXIMUM, EXAMPLES = 9, 3, 10, 2000
RIGHT, EFFECT = 0.8, 1.5
MOST_SEEDS = 20


class Judged(NamedTuple):
    """How a study ends."""

    verdicts: Sequence[Comparison]
    baseline: int
    seeds: float
    """The share of the seeds that it took."""


Judge = Callable[[FloatArray, bool], Judged]
"""Judges the scores of a study, (hypotheses, seeds), with what Assay does about the edit, or without."""


def maximum_raised(maxima: tuple[int, ...], family_wise: bool, values: FloatArray, goes_on: bool) -> Judged:
    """Raise the maximum as long as nothing was found."""
    for stage, maximum in enumerate(maxima):
        looks = Looks(INITIAL, maximum, maxima[:stage] if goes_on else ())
        found = _compared(values[:, :maximum], looks, family_wise=family_wise)
        if any(one.verdict != "Inconclusive" for one in found):
            break
    return Judged(found, 0, _mean_seeds(found) / maxima[-1])


def initial_changed(initial: int, values: FloatArray, goes_on: bool) -> Judged:
    """Look from another number of seeds on, if nothing was found at the first look."""
    found = _compared(values[:, :INITIAL], Looks(INITIAL, MAXIMUM))
    if all(one.verdict == "Inconclusive" for one in found):
        found = _compared(values[:, :MAXIMUM], Looks(INITIAL if goes_on else initial, MAXIMUM))
    return Judged(found, 0, _mean_seeds(found) / MAXIMUM)


def losers_removed(kept: int, values: FloatArray, goes_on: bool) -> Judged:
    """Keep those alone that are best at the first look."""
    means = values[1:, :INITIAL].mean(axis=1)
    rows = np.sort(np.concatenate([[0], 1 + np.argsort(means)[-kept:]]))
    removed = len(values) - len(rows) if goes_on else 0
    found = _compared(values[rows, :MAXIMUM], Looks(INITIAL, MAXIMUM, removed=removed), rows=rows)
    return Judged(found, 0, _mean_seeds(found) / MAXIMUM)


def best_made_baseline(seen: int, values: FloatArray, goes_on: bool) -> Judged:
    """Compare with the best so far, once all have so many seeds."""
    best = int(values[:, :seen].mean(axis=1).argmax())
    since = seen if goes_on else 0
    found = _compared(values[:, :MAXIMUM], Looks(INITIAL, MAXIMUM), baseline=best, since=since)
    return Judged(found, best, (since + _mean_seeds(found)) / MAXIMUM)


def _compared(
    values: FloatArray,
    looks: Looks,
    *,
    rows: IntArray | None = None,
    baseline: int = 0,
    since: int = 0,
    family_wise: bool = True,
) -> Sequence[Comparison]:
    names = [f"h{row}" for row in (range(len(values)) if rows is None else rows)]
    return compared(
        Scores(tuple(names), tuple(range(values.shape[1])), values),
        f"h{baseline}",
        smallest_effect=0.0,
        confidence=0.95,
        family_wise=family_wise,
        looks=looks,
        since=since,
    )


def _mean_seeds(found: Sequence[Comparison]) -> float:
    return float(np.mean([one.seeds for one in found]))


def _scores(generator: np.random.Generator, better: FloatArray) -> FloatArray:
    """Return (hypotheses, seeds) shares of right answers; `better`, (hypotheses,), in deviations of one score."""
    harder = 0.01 * generator.standard_t(5, MOST_SEEDS)
    chance = RIGHT + better[:, None] * (RIGHT * (1 - RIGHT) / EXAMPLES) ** 0.5 - harder
    found: FloatArray = generator.binomial(EXAMPLES, np.clip(chance, 0.02, 0.98)) / EXAMPLES
    return found


def _study(judge: Judge, generator: np.random.Generator, _number: int, _table: Path | None) -> Measured:
    better = np.where(np.arange(HYPOTHESES) % 2 == 1, EFFECT, 0.0)
    equal, unequal = _scores(generator, 0.0 * better), _scores(generator, better)
    values = {}
    for name, goes_on in (("", True), ("_before", False)):
        values[f"false{name}"] = float(any(one.verdict != "Inconclusive" for one in judge(equal, goes_on).verdicts))
        found, baseline, seeds = judge(unequal, goes_on)
        right = {EFFECT: "Better", -EFFECT: "Worse"}
        wanted = {f"h{row}": right.get(each - better[baseline]) for row, each in enumerate(better)}
        said = {one.hypothesis: one.verdict for one in found}
        differ = [name for name, verdict in wanted.items() if verdict]
        values[f"power{name}"] = float(np.mean([said.get(name) == wanted[name] for name in differ]))
        values[f"seeds{name}"] = seeds
    return Measured(values)


_EDITS: dict[str, Judge] = {
    "maximum raised 10-20 FamilyWise": partial(maximum_raised, (10, 20), True),
    "maximum raised 10-20 FalseDiscovery": partial(maximum_raised, (10, 20), False),
    "maximum raised 3-5-10 FamilyWise": partial(maximum_raised, (3, 5, 10), True),
    "maximum raised 3-5-10 FalseDiscovery": partial(maximum_raised, (3, 5, 10), False),
    "initial changed 3-2": partial(initial_changed, 2),
    "initial changed 3-5": partial(initial_changed, 5),
    "all but the best two removed": partial(losers_removed, 2),
    "best of 5 seeds made the baseline": partial(best_made_baseline, 5),
}

ROWS = tuple(Row(f"edits {name}", partial(_study, judge)) for name, judge in _EDITS.items())
"""All rows."""
