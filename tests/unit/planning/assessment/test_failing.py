"""What is said of hypotheses that fail on some of their seeds, and of the others beside them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pytest

from assay.api.conditions import Reason
from assay.api.resources import (
    REFERENCE,
    Budget,
    ConditionType,
    Correction,
    Metric,
    OnFailure,
    Question,
    RankedHypothesis,
    Verdict,
    Verdicts,
)
from assay.planning.actions import Plan
from assay.planning.plan import plan
from assay.planning.records.records import Records, WorkRecord
from assay.planning.study.planned import PlannedTrial
from assay.planning.study.study import Study
from assay.reporting.answers import best_answer
from assay_trainer.contract import FailureReason
from builders.manifests import a_proxy
from builders.studies import a_failure, a_result, a_study

LEVELS = {"baseline": 0.80, "h001": 0.79, "h002": 0.81, "h003": 0.78, "h004": 0.90}
HOT = "h004"
"""The hypothesis that is by far the best on the seeds on which it does not fail."""


def study_of(on_failure: OnFailure = OnFailure.UNSTABLE, score: str | None = None, **fields: Any) -> Study:
    metric = Metric(name="accuracy", smallest_effect="0.002", on_failure=on_failure, failure_score=score)
    return a_study(hypotheses=len(LEVELS), metric=metric, **{"seeds": 4, "question": Question.FIND_BEST, **fields})


def score_of(trial: PlannedTrial) -> float:
    noise = np.random.default_rng((list(LEVELS).index(trial.hypothesis), trial.seed, len(trial.arm))).standard_normal()
    return LEVELS[trial.hypothesis] + 0.001 * float(noise)


def records_with(
    study: Study,
    failed: Mapping[str, Collection[int]],
    *,
    arm: str = REFERENCE,
    reason: FailureReason = FailureReason.SCORE_NOT_FINITE,
    upto: int = 100,
) -> Records:
    """Return results of all trials below a number of seeds, except that some fail: seeds by hypothesis, on one arm."""
    return {
        trial.key: WorkRecord(failures=(a_failure(trial.key, reason=reason, message="loss is NaN"),))
        if trial.arm == arm and trial.seed in failed.get(trial.hypothesis, ())
        else WorkRecord(result=a_result(study, trial, score_of(trial)))
        for trial in study.design.trials
        if trial.seed < upto
    }


def rows_of(decided: Plan) -> dict[str, RankedHypothesis]:
    return {row.name: row for row in decided.ranking}


@pytest.mark.parametrize("question", list(Question))
@pytest.mark.parametrize("maximum", [4, 6])
@pytest.mark.parametrize("correction", list(Correction))
def test_survivors_never_make_a_hypothesis_better_or_the_best(
    question: Question, maximum: int, correction: Correction
) -> None:
    study = study_of(question=question, maximum=maximum, verdicts=Verdicts(correction=correction))
    decided = plan(study, records_with(study, {HOT: (1, 3)}), 0.0)
    rows = rows_of(decided)
    hot = rows[HOT]
    assert (hot.verdict, hot.may_be_best) == (Verdict.UNSTABLE, False)
    assert (hot.seeds, hot.failed_seeds, hot.message) == (2, 2, "ScoreNotFinite: loss is NaN")
    assert (hot.rank, hot.rank_low, hot.rank_high) == (5, 1, 5)
    assert [row.name for row in decided.ranking if row.may_be_best] == ["h002"]
    assert rows["h002"].verdict is Verdict.BETTER
    assert rows["h002"].rank_low == 1, "a hypothesis that fails is surely above nobody"
    assert "1 Unstable" in decided.status.conditions[1].message
    assert decided.finished


@pytest.mark.parametrize("reason", [FailureReason.DISRUPTED, FailureReason.STORE_FAILED, FailureReason.NOT_RECORDED])
def test_what_the_infrastructure_lost_is_no_evidence(reason: FailureReason) -> None:
    study = study_of(trainer=study_of().spec.trainer.model_copy(update={"retries": 0}))
    decided = plan(study, records_with(study, {HOT: (1, 3)}, reason=reason), 0.0)
    assert decided.ranking[0].name == HOT
    assert (decided.ranking[0].verdict, decided.ranking[0].may_be_best) == (Verdict.BETTER, True)


@pytest.mark.parametrize(
    "reason",
    [
        FailureReason.TRAIN_FUNCTION_RAISED,
        FailureReason.METRIC_MISSING,
        FailureReason.OUT_OF_MEMORY,
        FailureReason.DEADLINE_EXCEEDED,
    ],
)
def test_every_way_to_fail_by_its_own_fault_is_evidence(reason: FailureReason) -> None:
    study = study_of()
    decided = plan(study, records_with(study, {HOT: (1, 3)}, reason=reason), 0.0)
    assert rows_of(decided)[HOT].verdict is Verdict.UNSTABLE


def test_what_is_surely_worse_by_its_good_seeds_is_worse() -> None:
    study = study_of()
    decided = plan(study, records_with(study, {"h003": (0,)}), 0.0)
    row = rows_of(decided)["h003"]
    assert (row.verdict, row.may_be_best) == (Verdict.WORSE, False)
    assert (row.rank, row.rank_low, row.rank_high) == (5, 5, 5)


def test_others_are_judged_as_if_the_failing_one_were_not_there() -> None:
    study, alone = study_of(), study_of()
    with_it = rows_of(plan(study, records_with(study, {HOT: (1, 3)}), 0.0))
    everything = records_with(alone, {HOT: range(4)})
    without = rows_of(plan(alone, everything, 0.0))
    assert without[HOT].verdict is Verdict.FAILED
    for name in ("h001", "h002", "h003"):
        assert (with_it[name].verdict, with_it[name].difference_low) == (
            without[name].verdict,
            without[name].difference_low,
        )
        assert with_it[name].rank == without[name].rank


def test_a_failed_seed_has_the_score_that_the_study_says() -> None:
    study = study_of(OnFailure.SCORE, "0.1")
    rows = rows_of(plan(study, records_with(study, {HOT: (1, 3)}), 0.0))
    assert rows[HOT].score is not None
    assert float(rows[HOT].score or "nan") == pytest.approx(0.5, abs=0.01)
    assert (rows[HOT].rank, rows[HOT].seeds, rows[HOT].failed_seeds) == (5, 2, 2)
    assert rows[HOT].verdict is not Verdict.BETTER
    assert rows["h002"].may_be_best


def test_where_it_says_so_failures_are_ignored_and_shown_all_the_same() -> None:
    study = study_of(OnFailure.IGNORE)
    first = plan(study, records_with(study, {HOT: (1, 3)}), 0.0).ranking[0]
    assert (first.name, first.verdict, first.may_be_best) == (HOT, Verdict.BETTER, True)
    assert (first.seeds, first.failed_seeds) == (2, 2)


def test_a_retry_that_succeeds_does_not_undo_a_failure() -> None:
    study = study_of()
    records = dict(records_with(study, {}))
    for trial in study.design.trials:
        if trial.hypothesis == HOT and trial.seed in (1, 3):
            failure = a_failure(trial.key, reason=FailureReason.SCORE_NOT_FINITE, message="loss is NaN")
            result = a_result(study, trial, score_of(trial), started_at=2_000_000.0)
            records[trial.key] = WorkRecord(result, (failure,), forgiven=1)
    row = rows_of(plan(study, records, 0.0))[HOT]
    assert (row.verdict, row.may_be_best) == (Verdict.UNSTABLE, False)
    assert (row.seeds, row.failed_seeds, row.message) == (2, 2, "ScoreNotFinite: loss is NaN")


@pytest.mark.parametrize(("failures", "want"), [(1, set()), (2, {"baseline", "h001"})])
def test_what_failed_before_anything_had_succeeded_says_nothing_once_a_retry_succeeds(
    failures: int, want: set[str]
) -> None:
    """Two trials failed for want of a file, and ended the study; once it was there all have a result."""
    study = study_of()
    records = dict(records_with(study, {}))
    for trial in study.design.trials[:2]:
        found = tuple(a_failure(trial.key, attempt=number + 1) for number in range(failures))
        records[trial.key] = WorkRecord(records[trial.key].result, found, forgiven=failures)
    assert plan(study, records, 0.0).assessment.unstable == want


@pytest.mark.parametrize("question", list(Question))
def test_a_baseline_that_fails_gives_no_verdicts_and_the_study_says_so(question: Question) -> None:
    study = study_of(question=question)
    decided = plan(study, records_with(study, {"baseline": (2,)}), 0.0)
    rows = rows_of(decided)
    assert {row.verdict for row in decided.ranking} == {Verdict.BASELINE, Verdict.INCONCLUSIVE}
    assert rows[HOT].message == "No verdict, since the baseline fails on some of its seeds."
    assert rows[HOT].may_be_best, "which is the best does not rest on the baseline"
    succeeded = decided.status.condition(ConditionType.SUCCEEDED)
    assert succeeded is not None
    assert (succeeded.status, succeeded.reason) == ("False", Reason.BASELINE_FAILED)
    assert "failed on 1 of 4 seeds" in succeeded.message


def test_a_baseline_with_a_score_for_failed_seeds_is_compared_with() -> None:
    study = study_of(OnFailure.SCORE, "0.79")
    decided = plan(study, records_with(study, {"baseline": (2,)}), 0.0)
    succeeded = decided.status.condition(ConditionType.SUCCEEDED)
    assert succeeded is not None
    assert succeeded.status == "True"
    assert rows_of(decided)[HOT].verdict is Verdict.BETTER


def test_where_all_fail_none_is_the_best() -> None:
    study = study_of()
    decided = plan(study, records_with(study, dict.fromkeys(LEVELS, (1,))), 0.0)
    assert not any(row.may_be_best for row in decided.ranking)
    assert {(row.rank_low, row.rank_high) for row in decided.ranking} == {(1, 5)}


@pytest.mark.parametrize("question", list(Question))
def test_what_fails_gets_no_more_seeds(question: Question) -> None:
    study = study_of(question=question, seeds=3, maximum=10)
    judged = plan(study, records_with(study, {HOT: (1,)}, upto=3), 0.0).judgement
    wanted = [trial for trial in judged.agenda.trials if trial.hypothesis == HOT]
    assert len(wanted) == 3


def test_nobody_gets_seeds_to_be_compared_with_a_baseline_that_fails() -> None:
    study = study_of(question=Question.BEAT_BASELINE, seeds=3, maximum=10)
    judged = plan(study, records_with(study, {"baseline": (1,)}, upto=3), 0.0).judgement
    assert len(judged.agenda.trials) == 3 * len(LEVELS)


def test_a_verdict_from_before_another_one_failed_stays() -> None:
    study = study_of(question=Question.RANK_ALL, seeds=3, maximum=10)
    before = rows_of(plan(study, records_with(study, {}, upto=4), 0.0))
    later = rows_of(plan(study, records_with(study, {HOT: (4,)}, upto=5), 0.0))
    for name in ("h001", "h002", "h003"):
        shown = [(rows[name].verdict, rows[name].difference, rows[name].difference_low) for rows in (before, later)]
        assert shown[0] == shown[1]


def test_what_fails_on_a_proxy_only_is_sound_at_the_reference() -> None:
    study = study_of(proxies=(a_proxy("short", epochs=2),))
    decided = plan(study, records_with(study, {HOT: (1, 3)}, arm="short"), 0.0)
    assert decided.ranking[0].name == HOT
    assert (decided.ranking[0].verdict, decided.ranking[0].failed_seeds) == (Verdict.BETTER, None)


def test_on_a_ladder_what_fails_higher_up_is_not_sure_of_its_place() -> None:
    budget = Budget(accelerator_seconds=130)
    study = study_of(proxies=(a_proxy("short", epochs=2),), budget=budget, question=Question.RANK_ALL)
    cheap = [trial for trial in study.design.trials if trial.seed == 0 and trial.arm == "short"]
    full = [trial for trial in study.design.trials if trial.seed == 0 and trial.arm == REFERENCE]
    records = {trial.key: WorkRecord(result=a_result(study, trial, score_of(trial), seconds=2)) for trial in cheap}
    for trial in full[1:]:
        failure = a_failure(trial.key, reason=FailureReason.SCORE_NOT_FINITE, seconds=10)
        result = a_result(study, trial, score_of(trial))
        records[trial.key] = WorkRecord(failures=(failure,)) if trial.hypothesis == HOT else WorkRecord(result=result)
    decided = plan(study, records, 0.0)
    assert decided.judgement.ladder is not None
    hot = rows_of(decided)[HOT]
    assert (hot.verdict, hot.may_be_best, hot.rank, hot.rank_high) == (Verdict.UNSTABLE, False, 5, 5)
    assert all(trial.hypothesis != HOT for trial in decided.judgement.agenda.trials)


def test_a_study_in_which_nothing_succeeds_has_failed_whatever_a_failed_seed_counts_as() -> None:
    study = study_of(OnFailure.SCORE, "0.1")
    records = records_with(study, {name: range(4) for name in LEVELS})
    succeeded = plan(study, records, 0.0).status.condition(ConditionType.SUCCEEDED)
    assert succeeded is not None
    assert (succeeded.status, succeeded.reason) == ("False", Reason.REFERENCE_FAILED)


def test_a_baseline_that_fails_is_left_aside_where_the_best_is_named() -> None:
    study = study_of()
    status = plan(study, records_with(study, {"baseline": (1, 2)}), 0.0).status
    assert "The best of those that do not fail is h004" in best_answer(study, status)


def test_a_verdict_that_lacks_seeds_of_the_baseline_says_so() -> None:
    study = study_of(OnFailure.IGNORE)
    rows = {row.name: row for row in plan(study, records_with(study, {"baseline": (0, 1, 2)}), 0.0).status.ranking}
    assert rows["h001"].message == "Of the seeds that have a score, 1 are the baseline's too; a verdict takes 4."


def test_a_row_stays_within_its_bound_however_long_the_failure_and_however_noisy_the_hypothesis() -> None:
    study = study_of(seeds=6)
    records = {
        trial.key: WorkRecord(
            failures=(a_failure(trial.key, reason=FailureReason.SCORE_NOT_FINITE, message="x" * 1000),)
        )
        if (trial.hypothesis, trial.arm, trial.seed) == (HOT, REFERENCE, 5)
        else WorkRecord(
            result=a_result(study, trial, score_of(trial) * (1 + 0.5 * (trial.hypothesis == HOT) * trial.seed % 2))
        )
        for trial in study.design.trials
    }
    message = rows_of(plan(study, records, 0.0))[HOT].message
    assert message is not None
    assert message.startswith("ScoreNotFinite: xxx")
    assert message.endswith("times as much as the others'.")
    assert len(message) <= 160
