"""Which runs share a seed, where those of different hypotheses have few seeds in common."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from assay.ranking import Scores, balanced

if TYPE_CHECKING:
    from assay.judging.arms import JudgedArms
    from assay.recorded.table import RecordedRun, Table

_FEWER = 0.5
"""Runs stay paired by their seeds unless that leaves fewer comparisons than this share of what could be had."""

SAID = (
    "Hypotheses have few seeds in common, so seeds are numbered anew within each: they still pair the runs of one "
    "hypothesis over the arms, and no hypothesis with another."
)


def with_common_seeds(table: Table, arms: JudgedArms) -> tuple[Table, str]:
    """Return the table with seeds that hypotheses have in common, and what is to be said of that.

    Agreement is judged on hypotheses and seeds without a gap. Where runs have whichever seeds they have, little would
    be left of these: then each hypothesis has its own seeds numbered, those first that it has on the most arms. On all
    arms they are numbered alike: noise that two arms share, as two steps of one run do, must not look like agreement.
    It is decided by which runs there are, never by a score.
    """
    dense = replace(table, runs=_numbered_anew(table, arms))
    if dense.runs == table.runs or _comparisons(table, arms) >= _FEWER * _comparisons(dense, arms):
        return table, ""
    return dense, SAID


def _numbered_anew(table: Table, arms: JudgedArms) -> Mapping[tuple[str, str, int], RecordedRun]:
    """Return the runs with the seeds of each hypothesis numbered from 0: those on the reference come first, and of
    these such as are on many proxies."""
    scored: dict[str, Counter[int]] = defaultdict(Counter)
    weights = dict.fromkeys(arms.proxies, 1) | {arms.reference: 1 + len(arms.proxies)}
    for (hypothesis, arm, seed), run in table.runs.items():
        scored[hypothesis][seed] += weights.get(arm, 0) if run.score is not None else 0
    numbers = {
        (hypothesis, seed): number
        for hypothesis, counts in scored.items()
        for number, seed in enumerate(sorted(counts, key=lambda seed: (-counts[seed], seed)))
    }
    return {(hypothesis, arm, numbers[hypothesis, seed]): run for (hypothesis, arm, seed), run in table.runs.items()}


def _comparisons(table: Table, arms: JudgedArms) -> float:
    """Return how many comparisons of two hypotheses with one seed there are on the reference and each proxy; those of a
    single seed show no noise, and don't count."""
    reference = _scores(table, arms.reference)
    found = 0.0
    for blocks in ([reference, _scores(table, proxy)] for proxy in arms.proxies):
        block = balanced(*blocks)[0]
        count, seeds = block.values.shape
        found += count * (count - 1) / 2 * seeds if seeds > 1 else 0.0
    return found


def _scores(table: Table, arm: str) -> Scores:
    names: Sequence[str] = table.hypotheses
    rows = {name: row for row, name in enumerate(names)}
    last = max((seed for _, _, seed in table.runs), default=0)
    values = np.full((len(names), last + 1), np.nan)
    for (hypothesis, of, seed), run in table.runs.items():
        if of == arm and run.score is not None:
            values[rows[hypothesis], seed] = 0.0
    return Scores(tuple(names), tuple(range(last + 1)), values)
