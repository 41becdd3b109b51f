"""What failed seeds do to what is said of hypotheses: a failure is evidence, and what survives it is not the whole.

A hypothesis that fails on some seeds by its own fault has no score there, and not by chance: it may fail on those seeds
that are hard, or that it is bad at. So its other seeds say nothing of how good it is. That it is worse than the
baseline they may say: a seed without a score is no better than one with a score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from assay.api.resources import REFERENCE, OnFailure
from assay.ranking import Comparison, Scores

if TYPE_CHECKING:
    from assay.planning.allocation.ladder_policy import Estimate
    from assay.planning.results.score_tables import ScoreTable
    from assay.planning.study.study import Study
    from assay.planning.trust.screening import ScreeningState

Compare = Callable[[Scores], tuple[Comparison, ...]]
"""Compares all hypotheses of a table with the baseline, which is among them."""


def unstable_hypotheses(
    study: Study,
    tables: Mapping[str, ScoreTable],
    screened: ScreeningState,
    estimates: Mapping[str, Estimate],
) -> frozenset[str]:
    """Return the hypotheses that fail, by their own fault, on seeds of the arm that their score is from, or of a higher
    one; none where the study says that failed seeds count otherwise.

    What fails on another arm only is not among them: a hypothesis may diverge in a short run, or at a larger batch
    size, and be sound at the reference.
    """
    if study.spec.metric.on_failure is not OnFailure.UNSTABLE:
        return frozenset()
    failing = tables[REFERENCE].failing
    if estimates:
        return failing | {name for name, each in estimates.items() if each.is_unstable}
    if screened.arm is None:
        return failing
    reference, proxy = tables[REFERENCE].scores, tables[screened.arm]
    without = {name for name, count in zip(reference.hypotheses, reference.counts, strict=True) if count == 0}
    return failing | (proxy.failing & without)


def comparisons_with(
    baseline: str, table: ScoreTable, unstable: frozenset[str], initial: int, compare: Compare
) -> Mapping[str, Comparison]:
    """Return all comparisons on the reference by hypothesis, with those of unstable ones by their surviving seeds.

    Of these only that they are worse counts: nothing else is to be said of them, and no more seeds decide it. The
    others are compared as if the unstable ones were not there. If the baseline is unstable there is no verdict at all.
    """
    everybody = {each.hypothesis: each for each in compare(table.scores)}
    if baseline in unstable:
        return {name: _undecided(each) for name, each in everybody.items()}
    if not unstable & table.failing:
        return everybody
    stable = {each.hypothesis: each for each in compare(table.for_verdicts(initial).scores)}
    return {
        name: (each if each.verdict == "Worse" else _undecided(each)) if name in unstable else stable.get(name, each)
        for name, each in everybody.items()
    }


def _undecided(comparison: Comparison) -> Comparison:
    return replace(comparison, verdict="Inconclusive", decided_at=None, is_open=False, is_futile=False)
