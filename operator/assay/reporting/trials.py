"""The trials of a study with their results, failures and scores, collected in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from assay.api.resources import OnFailure
from assay.planning.results.progress import Progress, State
from assay_trainer.contract import Failure, TrialResult

if TYPE_CHECKING:
    from assay.planning.judgement import Judgement
    from assay.planning.results.score_tables import ScoreTable
    from assay.planning.study.planned import PlannedTrial
    from assay.planning.study.study import Study


@dataclass(frozen=True)
class ReportedTrial:
    """A planned trial and what became of it.

    `score` is the arm's metric, None unless the trial succeeded; `failure` is why it failed, or did so by its own
    fault before a retry succeeded. `seconds` are the accelerator seconds of its result, or else of its failed attempts;
    None if no attempt has ended.
    """

    planned: PlannedTrial
    state: State
    score: float | None
    result: TrialResult | None
    failure: Failure | None
    seconds: float | None


@dataclass(frozen=True)
class Trials:
    """All trials that the study has asked for so far, in the order in which they start."""

    study: Study
    progress: Progress
    tables: Mapping[str, ScoreTable]
    """The scores that count, by arm; higher is better."""
    trials: tuple[ReportedTrial, ...]

    @cached_property
    def succeeded(self) -> Mapping[str, tuple[ReportedTrial, ...]]:
        """The trials with a score by arm, in their order; an arm without any has an empty tuple."""
        found: dict[str, list[ReportedTrial]] = {arm: [] for arm in self.study.design.arms}
        for trial in self.trials:
            if trial.score is not None:
                found[trial.planned.arm].append(trial)
        return {arm: tuple(trials) for arm, trials in found.items()}

    def failed(self, arm: str) -> dict[str, str]:
        """Return `2/4`, for two of four seeds that did not fail, of each hypothesis with failed seeds on the arm."""
        ended: Counter[str] = Counter()
        failed: Counter[str] = Counter()
        for trial in self.trials:
            if trial.planned.arm == arm and (trial.score is not None or trial.failure is not None):
                ended[trial.planned.hypothesis] += 1
                failed[trial.planned.hypothesis] += trial.failure is not None
        return {name: f"{ended[name] - count}/{ended[name]}" for name, count in failed.items() if count}

    def ranks(self, arm: str) -> dict[str, tuple[int, float]]:
        """Return the rank and the mean score of each hypothesis that has a score on the arm. Rank 1 is the best; equal
        scores keep the study's order. Means are adjusted for missing seeds, as in the ranking; hypotheses that are
        unstable on the arm come last, as there."""
        table, counts_apart = self.tables[arm], self.study.spec.metric.on_failure is OnFailure.UNSTABLE
        scores, last = table.scores, table.failing if counts_apart else frozenset()
        names = scores.hypotheses
        scored = [row for row in range(len(names)) if scores.counts[row]]
        order = sorted(scored, key=lambda row: (names[row] in last, -scores.adjusted_means[row]))
        turned = self.study.design.metrics[arm].turned
        return {
            names[row]: (place, turned(float(scores.adjusted_means[row]))) for place, row in enumerate(order, start=1)
        }


def trials_of(study: Study, judgement: Judgement) -> Trials:
    """Return every trial that was asked for, with what the records say of it."""
    progress, records = judgement.progress, judgement.records
    found = []
    for planned in study.design.trials:
        record, state = records.get(planned.key), progress.states[planned.key]
        if state is State.SPARE:
            continue
        result = record.result if record and isinstance(record.result, TrialResult) else None
        score = result.metrics[study.design.metrics[planned.arm].name] if result and state is State.SUCCEEDED else None
        failure = progress.failures.get(planned.key) or progress.own_failures.get(planned.key)
        failed = [failed.accelerator_seconds for failed in record.failures] if record else []
        seconds = result.cost.accelerator_seconds if result else sum(failed) if failed else None
        found.append(ReportedTrial(planned, state, score, result, failure, seconds))
    return Trials(study, progress, judgement.tables, tuple(found))
