"""What arms are compared by where hypotheses fail on one arm and not on another: whoever fails comes last there.

A proxy that does not show that a hypothesis fails at the reference is wrong about it, and so is one on which a sound
hypothesis fails. If these were left out, trust would be about those alone that never fail; and a proxy would be trusted
to screen hypotheses of which it hides the worst fault. What fails on all arms is left out, as nothing is to be
compared, and single failed seeds are missing as ever: they may happen to anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.api.resources import OnFailure
from assay.planning.results.score_tables import ScoreTable
from assay.ranking import Scores

if TYPE_CHECKING:
    from assay.planning.study.study import Study

LEAST_FAILURES, LEAST_SHARE = 2, 0.5
"""A hypothesis fails on an arm if it failed, by its own fault, on so many of its initial seeds, and on such a share of
them. If each trial diverges with 5 %, this happens to 1 of 140 hypotheses with three seeds."""


def with_failures_last(study: Study, tables: Mapping[str, ScoreTable]) -> Mapping[str, ScoreTable]:
    """Return the tables by arm, in which the hypotheses that fail on some of the arms, but not on all, come last where
    they fail. They are the same where nothing fails, or where the study says how failed seeds count."""
    if study.spec.metric.on_failure is not OnFailure.UNSTABLE or not any(own.failed.any() for own in tables.values()):
        return tables
    initial = study.design.initial_seeds
    fails = {arm: fails_on(own, initial) for arm, own in tables.items()}
    everywhere = np.logical_and.reduce(list(fails.values()))
    return {arm: _last(own, fails[arm] & ~everywhere, initial) for arm, own in tables.items()}


def fails_on(table: ScoreTable, initial: int) -> NDArray[np.bool_]:
    """Return (hypotheses,): whether each fails on the arm, by its `initial` seeds: so later ones change nothing."""
    count = table.failed[:, :initial].sum(axis=1)
    found: NDArray[np.bool_] = count >= max(LEAST_FAILURES, LEAST_SHARE * initial)
    return found


def _last(table: ScoreTable, rows: NDArray[np.bool_], initial: int) -> ScoreTable:
    """Return the table with these rows below all others, at one level: by the mean gap between two neighbours below the
    last of them, by the initial seeds, and with each seed's own effect: so they add no noise."""
    scores = table.scores
    others = ~rows & (scores.first_seeds(initial).counts > 0)
    if not rows.any() or not others.any():
        return table
    values = np.where(others[:, None], scores.values, np.nan)
    first = Scores(scores.hypotheses, scores.seeds, values).first_seeds(initial)
    levels = first.adjusted_means[others]
    gap = float(np.ptp(levels)) / (len(levels) - 1) if len(levels) > 1 else 0.0
    above = values[others] - levels[:, None]
    known = np.isfinite(above)
    effects = np.where(known, above, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    level = np.where(known.any(axis=0), levels.min() - (gap or 1.0) + effects, np.nan)
    with_last = np.where(rows[:, None], np.where(table.ended, level, np.nan), scores.values)
    return ScoreTable(Scores(scores.hypotheses, scores.seeds, with_last), table.ended, table.failed)
