from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from assay.api.resources import Goal, RankedBy, ReadAt
from assay.planning.judgement import judge
from assay.planning.records.records import Records, WorkRecord
from assay.planning.results.progress import State
from assay.planning.study.planned import PlannedTrial
from assay.planning.study.study import Study
from assay_trainer.contract import CurvePoint, Failure, FailureReason, TrialResult
from builders.manifests import a_proxy
from builders.studies import a_failure, a_result, a_study

LOSS = RankedBy(name="loss", goal=Goal.MINIMIZE)
PROXIES = [
    a_proxy("early", read_at=ReadAt(epochs=(2,))),
    a_proxy("early-loss", read_at=ReadAt(epochs=(2,)), metric=LOSS),
    a_proxy("loss", metric=LOSS),
]
STUDY = a_study(hypotheses=3, proxies=PROXIES)


def points(**by_epoch: Mapping[str, float]) -> tuple[CurvePoint, ...]:
    return tuple(
        CurvePoint(epoch=int(epoch[1:]), seconds=float(epoch[1:]), metrics=dict(metrics))
        for epoch, metrics in by_epoch.items()
    )


CURVE = points(e1={"accuracy": 0.1}, e2={"accuracy": 0.4, "loss": 2.0}, e5={"accuracy": 0.7, "loss": 1.0})


def reference_trials(study: Study = STUDY) -> list[PlannedTrial]:
    return [trial for trial in study.design.trials if trial.arm == "reference"]


def with_curve(trial: PlannedTrial, curve: tuple[CurvePoint, ...] = CURVE, loss: float | None = 0.5) -> TrialResult:
    found = a_result(STUDY, trial, 0.9, curve=curve, seconds=20.0)
    return found if loss is None else found.model_copy(update={"metrics": {**found.metrics, "loss": loss}})


def all_with(curve: tuple[CurvePoint, ...] = CURVE, loss: float | None = 0.5) -> Records:
    return {trial.key: WorkRecord(with_curve(trial, curve, loss)) for trial in reference_trials()}


def state(records: Records, arm: str) -> tuple[State, Failure | None]:
    """The state of the first score of an arm, and why it failed."""
    judged = judge(STUDY, records)
    key = next(trial.key for trial in STUDY.design.trials if trial.arm == arm)
    return judged.progress.states[key], judged.progress.failures.get(key)


def test_scores_are_read_from_the_curves_of_the_reference_each_by_its_own_metric() -> None:
    judged = judge(STUDY, all_with())
    values = {arm: table.scores.values for arm, table in judged.tables.items()}
    assert {arm: set(found.ravel()) for arm, found in values.items()} == {
        "reference": {0.9}, "early": {0.4}, "early-loss": {-2.0}, "loss": {-0.5},
    }  # fmt: skip
    assert {trial.arm for trial in judged.agenda.runs} == {"reference"}


def test_what_is_read_cost_what_its_trial_had_cost_by_then_and_nothing_is_spent_on_it() -> None:
    costs = judge(STUDY, all_with()).costs
    assert costs.spent == 6 * 20.0
    # a tenth for setting up, and the two seconds of the curve
    assert costs.arms["early"].trial_seconds == pytest.approx(4.0)
    assert costs.arms["early"].saved_seconds == pytest.approx(6 * 4.0)
    assert costs.relative("early") == pytest.approx(0.2)
    assert costs.arms["early"].spent_seconds == costs.arms["early"].total_seconds == 0
    assert costs.relative("loss") == pytest.approx(1.0)


def test_a_shortened_trial_is_taken_before_the_whole_one() -> None:
    records = dict(all_with())
    trial = next(trial for trial in STUDY.design.trials if trial.arm == "early")
    run = STUDY.design.run_of(trial)
    records[run.key] = WorkRecord(a_result(STUDY, run, 0.3, curve=points(e2={"accuracy": 0.3}), seconds=5.0))
    assert judge(STUDY, records).tables["early"].scores.values[0].tolist() == [0.3, 0.4]


@pytest.mark.parametrize(
    ("arm", "curve", "loss", "want_reason", "want_message"),
    [
        ("early", (), 0.5, FailureReason.CURVE_NOT_REPORTED, "never called trial.report"),
        ("early", points(e1={"accuracy": 0.1}, e4={"accuracy": 0.5}), 0.5, FailureReason.CURVE_NOT_REPORTED, "1, 4"),
        ("early-loss", points(e2={"accuracy": 0.1}), 0.5, FailureReason.CURVE_NOT_REPORTED, "without 'loss': accuracy"),
        ("early", points(e2={"accuracy": math.nan}), 0.5, FailureReason.SCORE_NOT_FINITE, "after epoch 2: given nan"),
        ("loss", CURVE, None, FailureReason.CURVE_NOT_REPORTED, "metric 'loss' is not among those of the trial"),
        ("loss", points(e2={"loss": 0.5}), None, FailureReason.CURVE_NOT_REPORTED, "the train function must return it"),
        ("loss", CURVE, math.inf, FailureReason.SCORE_NOT_FINITE, "given inf"),
    ],
)
def test_what_can_not_be_read_is_a_named_fault_of_the_trial_on_that_arm_alone(
    arm: str, curve: tuple[CurvePoint, ...], loss: float | None, want_reason: FailureReason, want_message: str
) -> None:
    found, failure = state(all_with(curve, loss), arm)
    assert found is State.FAILED
    assert failure is not None
    assert failure.reason is want_reason
    assert want_message in failure.message
    assert state(all_with(curve, loss), "reference") == (State.SUCCEEDED, None)


def test_a_metric_that_was_left_out_since_it_is_not_finite_is_the_hypothesis_own_fault() -> None:
    note = "loss left out: nan, which is not finite"
    records = {
        key: replace(each, result=each.result.model_copy(update={"notes": (note,)}))
        for key, each in all_with(loss=None).items()
        if isinstance(each.result, TrialResult)
    }
    _, failure = state(records, "loss")
    assert failure is not None
    assert (failure.reason, failure.message) == (FailureReason.SCORE_NOT_FINITE, note)


def test_an_attempt_that_fails_after_the_epoch_still_has_its_score() -> None:
    failed = [
        a_failure(trial.key, reason=FailureReason.OUT_OF_MEMORY).model_copy(update={"curve": CURVE})
        for trial in reference_trials()
    ]
    records = {each.key: WorkRecord(failures=(each,)) for each in failed}
    judged = judge(STUDY, records)
    assert set(judged.tables["early"].scores.values.ravel()) == {0.4}
    assert not judged.tables["early"].failed.any()
    assert judged.tables["reference"].failed.all()
    assert judged.tables["loss"].failed.all()
    assert judged.costs.device_models == ()


def test_an_attempt_that_fails_before_the_epoch_fails_on_that_arm_too() -> None:
    records = {
        trial.key: WorkRecord(failures=(a_failure(trial.key, reason=FailureReason.TRAIN_FUNCTION_RAISED),))
        for trial in reference_trials()
    }
    judged = judge(STUDY, records)
    assert judged.tables["early"].failed.all()
    assert judged.tables["early"].ended.all()


def test_scores_of_trials_that_have_not_ended_are_open_and_nothing_runs_for_them() -> None:
    judged = judge(STUDY, {})
    assert not judged.tables["early"].ended.any()
    assert {trial.arm for trial in judged.agenda.runs} == {"reference"}


def test_an_arm_of_which_not_all_can_be_read_is_not_judged_by_the_others() -> None:
    study = a_study(hypotheses=12, proxies=PROXIES[:1], threshold="0.1")
    ended = {
        trial.key: WorkRecord(
            a_result(study, trial, 0.1 * index, curve=points(e2={"accuracy": 0.1 * index}) if index % 24 else ())
        )
        for index, trial in enumerate(reference_trials(study))
    }
    judged = judge(study, ended)
    assert judged.unread["early"].hypotheses == ("baseline",)
    assert "early" not in judged.trust.certificates
    whole = dict(ended)
    for trial in reference_trials(study):
        if trial.hypothesis == "baseline":
            whole[trial.key] = WorkRecord(a_result(study, trial, 0.0, curve=points(e2={"accuracy": 0.0})))
    assert judge(study, whole).trust.certificates["early"].hypotheses == 12
