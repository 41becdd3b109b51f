"""Which runs share a seed, where those of different hypotheses have few seeds in common."""

from __future__ import annotations

from collections import defaultdict
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
    "Hypotheses have few seeds in common, so the runs of each are taken as independent ones: numbered anew, on every "
    "arm for itself."
)


def with_common_seeds(table: Table, arms: JudgedArms) -> tuple[Table, str]:
    """Return the table with seeds that hypotheses have in common, and what is to be said of that.

    Agreement is judged on hypotheses and seeds without a gap. Where runs have whichever seeds they have, little would
    be left of these: then the first run of each hypothesis on each arm counts as its first seed, and so on. Runs are
    then paired by nothing, which makes all noise count as such. It is decided by which runs there are, never by a
    score.
    """
    dense = replace(table, runs=_numbered_anew(table.runs))
    if dense.runs == table.runs or _comparisons(table, arms) >= _FEWER * _comparisons(dense, arms):
        return table, ""
    return dense, SAID


def _numbered_anew(runs: Mapping[tuple[str, str, int], RecordedRun]) -> Mapping[tuple[str, str, int], RecordedRun]:
    """Return the runs with the seeds of each cell numbered from 0; those that failed come last."""
    cells: dict[tuple[str, str], list[tuple[bool, int]]] = defaultdict(list)
    for (hypothesis, arm, seed), run in runs.items():
        cells[hypothesis, arm].append((run.score is None, seed))
    return {
        (hypothesis, arm, number): runs[hypothesis, arm, seed]
        for (hypothesis, arm), seeds in cells.items()
        for number, (_, seed) in enumerate(sorted(seeds))
    }


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
