"""The scores of a study's trials as tables, one per arm, with what has ended without a score."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.api.resources import MOST_SCORE, Goal, OnFailure
from assay.planning.results.progress import Progress, State
from assay.ranking import Scores
from assay_trainer.contract import TrialResult

if TYPE_CHECKING:
    from assay.api.resources import RankedBy
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """The trials of one arm, (hypotheses, seeds); the hypotheses are in the study's order."""

    scores: Scores
    """The scores, turned so that higher is better; NaN where a trial failed or has not ended. Where the study says what
    a failed seed counts as, that is its score."""
    ended: NDArray[np.bool_]
    """True where a trial has a score or has failed for good."""
    failed: NDArray[np.bool_]
    """True where a trial failed by its hypothesis' own fault, whatever a retry may have brought since."""

    @cached_property
    def prefix(self) -> NDArray[np.int64]:
        """(hypotheses,): how many seeds of each have ended, counted from the first one up to the first gap."""
        counts: NDArray[np.int64] = np.logical_and.accumulate(self.ended, axis=1).sum(axis=1, dtype=np.int64)
        return counts

    @cached_property
    def failing(self) -> frozenset[str]:
        """The hypotheses that failed on one or more seeds."""
        return frozenset(self.scores.hypotheses[row] for row in np.flatnonzero(self.failed.any(axis=1)))

    def of(self, hypotheses: Sequence[str]) -> ScoreTable:
        """Return the table of these hypotheses alone, in this order."""
        if tuple(hypotheses) == self.scores.hypotheses:
            return self
        rows = [self.scores.row(name) for name in hypotheses]
        return ScoreTable(self.scores.restricted(hypotheses), self.ended[rows], self.failed[rows])

    def without(self, hypotheses: Collection[str]) -> ScoreTable:
        """Return the table of all others, in the same order."""
        return self.of([name for name in self.scores.hypotheses if name not in hypotheses]) if hypotheses else self

    def limited(self, seeds: NDArray[np.int64]) -> ScoreTable:
        """Return the table without what each hypothesis has beyond its number of `seeds`, (hypotheses,)."""
        within = np.arange(self.ended.shape[1]) < seeds[:, None]
        if within[self.ended | self.failed].all():
            return self
        scores = replace(self.scores, values=np.where(within, self.scores.values, math.nan))
        return ScoreTable(scores, self.ended & within, self.failed & within)

    def until_failure(self) -> ScoreTable:
        """Return the table without what each hypothesis has from its first failed seed on."""
        if not self.failed.any():
            return self
        first = np.where(self.failed.any(axis=1), self.failed.argmax(axis=1), self.failed.shape[1])
        return self.limited(first.astype(np.int64))

    def for_verdicts(self, initial: int) -> ScoreTable:
        """Return the table that verdicts on the hypotheses that don't fail rest on.

        A hypothesis that failed on one of the `initial` seeds is no part of it: what is left of it is its good seeds,
        and would make the noise of all look smaller. One that fails later counts with the seeds before: so the verdicts
        that were reached until then stay.
        """
        if not self.failed.any():
            return self
        early = self.failed[:, :initial].any(axis=1)
        return self.without({self.scores.hypotheses[row] for row in np.flatnonzero(early)}).until_failure()

    @property
    def rounds(self) -> int:
        """How many seeds have ended for all hypotheses, counted from the first one."""
        return int(self.prefix.min(initial=self.ended.shape[1]))


def score_tables_of(study: Study, records: Records, progress: Progress) -> Mapping[str, ScoreTable]:
    """Return the tables by arm, the reference first; `records` are those with the scores that are read among them."""
    design, metric = study.design, study.spec.metric
    ranked_by = design.metrics
    names = tuple(hypothesis.name for hypothesis in study.hypotheses)
    rows = {name: row for row, name in enumerate(names)}
    shape = (len(names), len(design.seeds))
    values = {arm: np.full(shape, math.nan) for arm in design.arms}
    ended = {arm: np.zeros(shape, dtype=np.bool_) for arm in design.arms}
    failed = {arm: np.zeros(shape, dtype=np.bool_) for arm in design.arms}
    states, own = progress.states, progress.own_failures
    read_by = {arm: by.name for arm, by in ranked_by.items()}
    for key, hypothesis, arm, seed, _ in design.trials:
        state = states[key]
        if state is State.SUCCEEDED:
            result = records[key].result
            if isinstance(result, TrialResult):
                values[arm][rows[hypothesis], seed] = result.metrics[read_by[arm]]
                ended[arm][rows[hypothesis], seed] = True
        elif state is State.FAILED:
            ended[arm][rows[hypothesis], seed] = True
        if own and key in own:
            failed[arm][rows[hypothesis], seed] = True
    values = {arm: _turned(ranked_by[arm], found) for arm, found in values.items()}
    if metric.on_failure is OnFailure.SCORE and metric.failure_score is not None:
        # the score is in the unit of the study's metric, which says nothing of another one
        for arm in (each for each in design.arms if ranked_by[each].name == metric.name):
            values[arm][failed[arm] & ended[arm]] = metric.turned(float(metric.failure_score))
    families = _families(study)
    return {
        arm: ScoreTable(Scores(names, design.seeds, values[arm], families), ended[arm], failed[arm])
        for arm in design.arms
    }


def _turned(by: RankedBy, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn many scores; see `RankedBy.turned`. Missing ones stay NaN."""
    bounded = np.clip(scores, -MOST_SCORE, MOST_SCORE)
    return -bounded if by.goal is Goal.MINIMIZE else bounded


def _families(study: Study) -> tuple[str, ...] | None:
    """Return the family of each hypothesis by the label that the study clusters by; None if it names no label."""
    label = study.spec.hypotheses.cluster_by
    if label is None:
        return None
    # who lacks the label is alone: no label's value begins like this
    return tuple(each.metadata.labels.get(label, f"/{each.name}") for each in study.hypotheses)
