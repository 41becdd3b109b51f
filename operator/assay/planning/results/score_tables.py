"""The scores of a study's trials as tables, one per arm, with what has ended without a score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.planning.results.progress import Progress, State
from assay.ranking import Scores
from assay_trainer.contract import TrialResult

if TYPE_CHECKING:
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """The trials of one arm, (hypotheses, seeds); the hypotheses are in the study's order."""

    scores: Scores
    """The scores, turned so that higher is better; NaN where a trial failed or has not ended."""
    ended: NDArray[np.bool_]
    """True where a trial has a score or has failed for good."""

    @cached_property
    def prefix(self) -> NDArray[np.int64]:
        """(hypotheses,): how many seeds of each have ended, counted from the first one up to the first gap."""
        counts: NDArray[np.int64] = np.logical_and.accumulate(self.ended, axis=1).sum(axis=1, dtype=np.int64)
        return counts

    def of(self, hypotheses: Sequence[str]) -> ScoreTable:
        """Return the table of these hypotheses alone, in this order."""
        if tuple(hypotheses) == self.scores.hypotheses:
            return self
        rows = [self.scores.row(name) for name in hypotheses]
        return ScoreTable(self.scores.restricted(hypotheses), self.ended[rows])

    def limited(self, seeds: NDArray[np.int64]) -> ScoreTable:
        """Return the table without what each hypothesis has beyond its number of `seeds`, (hypotheses,)."""
        within = np.arange(self.ended.shape[1]) < seeds[:, None]
        if within[self.ended].all():
            return self
        scores = Scores(self.scores.hypotheses, self.scores.seeds, np.where(within, self.scores.values, math.nan))
        return ScoreTable(scores, self.ended & within)

    @property
    def rounds(self) -> int:
        """How many seeds have ended for all hypotheses, counted from the first one."""
        return int(self.prefix.min(initial=self.ended.shape[1]))


def score_tables_of(study: Study, records: Records, progress: Progress) -> Mapping[str, ScoreTable]:
    """Return the tables by arm, the reference first."""
    design, metric = study.design, study.spec.metric
    names = tuple(hypothesis.name for hypothesis in study.hypotheses)
    rows = {name: row for row, name in enumerate(names)}
    shape = (len(names), len(design.seeds))
    values = {arm: np.full(shape, math.nan) for arm in design.arms}
    ended = {arm: np.zeros(shape, dtype=np.bool_) for arm in design.arms}
    states = progress.states
    for key, hypothesis, arm, seed, _ in design.trials:
        state = states[key]
        if state is State.SUCCEEDED:
            result = records[key].result
            if isinstance(result, TrialResult):
                values[arm][rows[hypothesis], seed] = metric.turned(result.metrics[metric.name])
                ended[arm][rows[hypothesis], seed] = True
        elif state is State.FAILED:
            ended[arm][rows[hypothesis], seed] = True
    return {arm: ScoreTable(Scores(names, design.seeds, values[arm]), ended[arm]) for arm in design.arms}
