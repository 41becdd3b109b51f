"""The status of a study: small whatever its size."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from assay.api.bounds import bounded_status
from assay.api.decimals import decimal_string
from assay.api.resources import (
    MAXIMUM_RANKED,
    ArmStatus,
    MetricResolution,
    ProxyStudyStatus,
    RankedHypothesis,
    TrialCounts,
    TrustDecision,
)
from assay.planning.results.progress import Progress, State
from assay.planning.results.stale_work import stale_work
from assay.planning.status.arm_status import arm_status
from assay.planning.status.conditions import dated, statements
from assay.planning.status.cost_ledger import cost_ledger
from assay.planning.status.finished import question_of
from assay.planning.status.levers import levers_of
from assay.planning.status.rules import RULES
from assay.planning.status.summary import summarised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.planning.allocation.admission import Admission
    from assay.planning.assessment.assessment import Assessment
    from assay.planning.judgement import Judgement
    from assay.planning.records.records import Obstacle, Records
    from assay.planning.results.costs import Costs
    from assay.planning.study.study import Study


def status_of(
    study: Study,
    records: Records,
    judgement: Judgement,
    assessment: Assessment,
    rows: tuple[RankedHypothesis, ...],
    allowed: Admission,
    obstacles: Sequence[Obstacle],
    *,
    finished: bool,
    now: float,
) -> ProxyStudyStatus:
    """Write down all that the study has to say; `rows` are those of its ranking."""
    costs = judgement.costs
    counts = _trial_counts(study, judgement.progress)
    arms = tuple(arm_status(study, arm, counts[arm], costs, assessment) for arm in study.design.arms)
    stale = sum(key not in study.design.arm_of for key in records)
    trials = _total(_run_counts(study, judgement.progress, counts), stale=stale)
    said = statements(
        study,
        allowed,
        trials,
        arms,
        rows,
        obstacles,
        told_apart=_told_apart(assessment),
        unstable=assessment.unstable,
        finished=finished,
    )
    status = ProxyStudyStatus(
        observed_generation=study.generation,
        conditions=dated(said, study.status, study.generation, now),
        trials=trials,
        arms=arms,
        ranking=rows[:MAXIMUM_RANKED],
        ranking_accuracy=_ranking_accuracy(assessment),
        metric_resolution=_metric_resolution(assessment),
        recommended_proxy=_recommended_proxy(arms, costs),
        levers=levers_of(study, arms, costs, judgement.tables),
        cost=cost_ledger(study, records, costs, judgement.screened, finished=finished),
        finished_for=_finished_for(study, finished=finished),
        rules=RULES if finished else None,
        stale=stale_work(study, records),
    )
    return bounded_status(summarised(status))


def _trial_counts(study: Study, progress: Progress) -> dict[str, TrialCounts]:
    """Count the trials of each arm by their state, and scores that are read as such; spare ones are not planned."""
    states = progress.states
    return _counted(study, Counter([(trial.arm, states[trial.key]) for trial in study.design.trials]))


def _run_counts(study: Study, progress: Progress, counts: dict[str, TrialCounts]) -> dict[str, TrialCounts]:
    """Return the counts with the trials that ran for scores that are read, in place of these: what is read from another
    arm's trials is no trial."""
    design, states = study.design, progress.states
    read = {reading.run.key: reading.run for reading in design.readings.values()}
    if not read:
        return counts
    others = {trial.key for trial in design.trials if trial.key not in design.readings}
    ran = _counted(study, Counter([(run.arm, states[run.key]) for run in read.values() if run.key not in others]))
    arms = {reading.arm for reading in design.readings.values()}
    return {arm: ran[arm] if arm in arms else of_arm for arm, of_arm in counts.items()}


def _counted(study: Study, found: Counter[tuple[str, State]]) -> dict[str, TrialCounts]:
    return {
        arm: TrialCounts(
            planned=sum(found[arm, state] for state in State if state is not State.SPARE),
            succeeded=found[arm, State.SUCCEEDED],
            failed=found[arm, State.FAILED],
            running=found[arm, State.RUNNING],
            pending=found[arm, State.READY] + found[arm, State.WAITING],
        )
        for arm in study.design.arms
    }


def _total(counts: dict[str, TrialCounts], *, stale: int) -> TrialCounts:
    return TrialCounts(
        planned=sum(count.planned for count in counts.values()),
        succeeded=sum(count.succeeded for count in counts.values()),
        failed=sum(count.failed for count in counts.values()),
        running=sum(count.running for count in counts.values()),
        pending=sum(count.pending for count in counts.values()),
        stale=stale,
    )


def _ranking_accuracy(assessment: Assessment) -> str | None:
    accuracy = assessment.expected_accuracy
    return decimal_string(accuracy, 3) if accuracy is not None else None


def _metric_resolution(assessment: Assessment) -> MetricResolution | None:
    found = assessment.resolution
    if found is None:
        return None
    return MetricResolution(
        held_out_examples=found.examples,
        tied_percent=round(100 * found.tied),
        loss_finer_by=decimal_string(found.finer_by, 2) if found.finer_by is not None else None,
    )


def _told_apart(assessment: Assessment) -> bool:
    """Tell whether anything is sure of how hypotheses differ: a verdict, a place, or who is not the best. Each is told
    by bounds of its own, so any of them may come first."""
    scored = assessment.standings
    return (
        any(each.verdict in ("Better", "Worse") for each in assessment.comparisons.values())
        or any(each.rank_low > 1 or each.rank_high < len(scored) for each in scored.values())
        or any(not each.may_be_best for name, each in scored.items() if name not in assessment.unstable)
    )


def _recommended_proxy(arms: Sequence[ArmStatus], costs: Costs) -> str | None:
    """Return the trusted proxy with the cheapest trials; None if none is trusted."""

    def trial_seconds(arm: str) -> float:
        seconds = costs.arms[arm].trial_seconds
        return seconds if seconds is not None else math.inf

    trusted = [arm.name for arm in arms if arm.decision is TrustDecision.TRUSTED]
    return min(trusted, key=trial_seconds, default=None)


def _finished_for(study: Study, *, finished: bool) -> str | None:
    """Return the question that the study has answered; None while it goes on, and for a study of a file alone."""
    return question_of(study.resource, study.hypotheses) if finished and study.resource.metadata.uid else None
