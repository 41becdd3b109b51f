from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assay.api.conditions import ConditionType, Reason
from assay.api.resources import (
    Budget,
    Condition,
    Goal,
    PodTemplate,
    ProxyArm,
    ProxyStudyStatus,
    Resources,
    Subset,
    Trust,
    TrustDecision,
    Verdict,
)
from assay.planning.actions import Start, Stop
from assay.planning.plan import plan
from assay.planning.records.records import Obstacle, RunningAttempt, WorkRecord
from assay.planning.status.not_started import BEGINNING_SECONDS, TRIES_BEFORE_STALLED
from assay.planning.study.history import History
from assay.planning.study.planned import PlannedTrial
from assay.planning.study.study import Study
from assay_trainer.contract import FailureReason, PreparationRequest, TrialRequest
from builders.manifests import a_hypothesis
from builders.studies import a_failure, a_study, records_of_scores, redefined
from builders.world import PlayedWorld

SHORT = ProxyArm(name="short", epochs=2)
CORESET = ProxyArm(name="coreset", data_percent=25, subset=Subset.EL2N)


def quality(item: TrialRequest | PlannedTrial) -> float:
    """The true score of a hypothesis: its number, plus a little that depends on the seed."""
    digits = "".join(character for character in item.hypothesis if character.isdigit())
    return 0.5 + 0.03 * int(digits or 0) + 0.001 * ((item.seed * 7919 + len(item.arm)) % 5)


def score(item: TrialRequest | PreparationRequest) -> float:
    return quality(item) if isinstance(item, TrialRequest) else 0.0


def condition(status: ProxyStudyStatus, kind: ConditionType) -> Condition:
    return next(each for each in status.conditions if each.type == kind)


def started(study: Study, records: dict[str, WorkRecord], now: float = 0.0) -> list[tuple[str, str, int]]:
    items = [action.item for action in plan(study, records, now).actions if isinstance(action, Start)]
    return [(item.hypothesis, item.arm, item.seed) for item in items if isinstance(item, TrialRequest)]


def test_every_prefix_of_the_design_is_balanced() -> None:
    study = a_study(hypotheses=3, proxies=[SHORT], seeds=2)
    order = [(trial.seed, trial.arm) for trial in study.design.trials]
    assert order == [(seed, arm) for seed in (0, 1) for _ in range(3) for arm in ("reference", "short")]


def test_hypotheses_start_in_the_order_in_which_they_were_selected() -> None:
    study = a_study(hypotheses=3, capacity=3)
    names = [hypothesis.name for hypothesis in study.hypotheses]
    assert started(study, {}) == [(name, "reference", 0) for name in names]


def test_no_more_start_than_there_is_room_for() -> None:
    study = a_study(hypotheses=4, capacity=3, budget=Budget(parallelism=2))
    assert len(started(study, {})) == 2
    key = study.design.trials[0].key
    assert len(started(study, {key: WorkRecord(running=RunningAttempt(1, 0.0))})) == 1


def test_a_preparation_starts_first_and_its_trials_wait_for_it() -> None:
    study = a_study(hypotheses=2, proxies=[CORESET], capacity=100)
    items = [action.item for action in plan(study, {}, 0.0).actions if isinstance(action, Start)]
    assert isinstance(items[0], PreparationRequest)
    assert {item.arm for item in items[1:]} == {"reference"}
    assert len(study.design.preparations) == 1


def test_a_preparation_that_fails_for_good_fails_its_trials() -> None:
    world = PlayedWorld(
        a_study(hypotheses=3, proxies=[CORESET]),
        lambda item: score(item) if isinstance(item, TrialRequest) else FailureReason.TRAIN_FUNCTION_RAISED,
    )
    decided = world.to_the_end()
    coreset = decided.status.arms[1]
    assert (coreset.trials.failed, coreset.trials.succeeded) == (6, 0)
    assert decided.status.arms[0].trials.succeeded == 6
    assert coreset.decision is TrustDecision.UNDECIDED


def test_hypotheses_that_run_the_same_thing_share_their_trials() -> None:
    twins = [a_hypothesis(name="baseline"), a_hypothesis(name="twin")]
    study = a_study(hypotheses=[each.model_copy(update={"spec": twins[0].spec}) for each in twins], capacity=100)
    assert len(started(study, {})) == len(study.design.seeds)
    records = records_of_scores(study, lambda trial: 0.5 + 0.01 * trial.seed)
    status = plan(study, records, 0.0).status
    assert status.trials.succeeded == status.trials.planned == 4
    assert float(status.cost.accelerator_seconds) == 20.0


def test_what_another_study_runs_is_waited_for_and_not_started() -> None:
    study = a_study(hypotheses=3, capacity=2)
    first, second, third, *_ = study.design.trials
    records = {trial.key: WorkRecord(elsewhere=True) for trial in (first, second)}
    assert started(study, records)[0] == (third.hypothesis, third.arm, third.seed)
    ended = dict(records_of_scores(study, quality))
    decided = plan(study, {**ended, first.key: WorkRecord(elsewhere=True)}, 0.0)
    assert not decided.finished
    assert not decided.actions
    assert decided.requeue_after is not None
    assert plan(study, {**ended, first.key: replace(ended[first.key], elsewhere=True)}, 0.0).finished


def test_what_another_study_runs_is_not_waited_for_by_a_suspended_one() -> None:
    study = a_study(hypotheses=3, suspend=True)
    assert plan(study, {study.design.trials[0].key: WorkRecord(elsewhere=True)}, 0.0).finished


@pytest.mark.parametrize(
    ("reason", "want_attempts"),
    [
        (FailureReason.WORKER_DIED, 3),
        (FailureReason.STORE_FAILED, 3),
        (FailureReason.DISRUPTED, 3),
        (FailureReason.TRAIN_FUNCTION_RAISED, 1),
        (FailureReason.OUT_OF_MEMORY, 1),
        (FailureReason.DEADLINE_EXCEEDED, 1),
    ],
)
def test_failures_of_the_infrastructure_are_retried_and_the_teams_own_are_not(
    reason: FailureReason, want_attempts: int
) -> None:
    study = a_study(hypotheses=3)
    broken = study.design.trials[0].key
    world = PlayedWorld(study, lambda item: reason if item.key == broken else score(item))
    decided = world.to_the_end()
    assert [attempt for key, attempt in world.starts if key == broken] == list(range(1, want_attempts + 1))
    assert decided.status.trials.failed == 1
    assert decided.status.trials.succeeded == 5


def test_what_ran_out_of_memory_beside_others_is_tried_again_alone() -> None:
    study = a_study(hypotheses=2)
    key = study.design.trials[0].key
    failure = a_failure(key, reason=FailureReason.OUT_OF_SHARED_MEMORY)
    for record, want in ((WorkRecord(), (1, None)), (WorkRecord(failures=(failure,)), (2, True))):
        starts = [a.item for a in plan(study, {key: record}, 0.0).actions if isinstance(a, Start)]
        (item,) = (item for item in starts if item.key == key)
        assert (item.attempt, item.model_dump().get("alone")) == want


def test_a_limit_of_memory_that_is_raised_makes_failures_void() -> None:
    def study(limit: str) -> Study:
        resources = Resources(limits={"memory": limit})
        trainer = a_study().spec.trainer.model_copy(update={"pod_template": PodTemplate(resources=resources)})
        return a_study(hypotheses=2, trainer=trainer)

    key = study("1Gi").design.trials[0].key
    failure = a_failure(key, reason=FailureReason.OUT_OF_MEMORY).model_copy(update={"memory_limit_bytes": 2**30})
    for limit, want in (("1Gi", False), ("2Gi", True)):
        actions = plan(study(limit), {key: WorkRecord(failures=(failure,))}, 0.0).actions
        assert (key in [a.item.key for a in actions if isinstance(a, Start)]) == want


def test_an_attempt_that_assay_stopped_is_no_failure() -> None:
    study = a_study(hypotheses=2)
    key = study.design.trials[0].key
    stopped = tuple(a_failure(key, attempt=number, reason=FailureReason.STOPPED) for number in range(1, 9))
    items = [a.item for a in plan(study, {key: WorkRecord(failures=stopped)}, 0.0).actions if isinstance(a, Start)]
    assert (items[0].key, items[0].attempt) == (key, 9)


def test_a_longer_deadline_gives_a_trial_another_chance() -> None:
    study = a_study(hypotheses=2)
    key, deadline = study.design.trials[0].key, study.spec.trainer.deadline_seconds
    late = a_failure(key, reason=FailureReason.DEADLINE_EXCEEDED)
    for had, want in ((deadline, False), (deadline - 1, True)):
        records = {key: WorkRecord(failures=(late.model_copy(update={"deadline_seconds": had}),))}
        keys = [action.item.key for action in plan(study, records, 0.0).actions if isinstance(action, Start)]
        assert (key in keys) is want


def test_a_forgiven_failure_no_longer_counts() -> None:
    study = a_study(hypotheses=2)
    key = study.design.trials[0].key
    records = {key: WorkRecord(failures=(a_failure(key),), forgiven=1)}
    items = [action.item for action in plan(study, records, 0.0).actions if isinstance(action, Start)]
    assert (items[0].key, items[0].attempt) == (key, 2)


def test_a_lost_attempt_is_written_down_with_what_such_trials_take() -> None:
    study = a_study(hypotheses=2, capacity=1)
    first, second = study.design.trials[:2]
    records = dict(records_of_scores(study, {(first.hypothesis, first.arm, first.seed): 0.5}, seconds=lambda _: 10.0))
    for started_at, want in ((0.0, 10.0), (97.0, 3.0)):
        records[second.key] = WorkRecord(lost=(RunningAttempt(1, started_at),))
        lost = [action.failure for action in plan(study, records, 100.0).actions if hasattr(action, "failure")]
        assert [(failure.key, failure.attempt) for failure in lost] == [(second.key, 1)]
        assert lost[0].accelerator_seconds == pytest.approx(want)


def test_a_suspended_study_starts_nothing_and_lets_run_what_runs() -> None:
    study = a_study(hypotheses=2, suspend=True)
    key = study.design.trials[0].key
    decided = plan(study, {key: WorkRecord(running=RunningAttempt(1, 0.0))}, 1.0)
    assert decided.actions == ()
    assert not decided.finished
    assert plan(study, {}, 1.0).finished
    assert condition(decided.status, ConditionType.SUSPENDED).status == "True"
    assert condition(decided.status, ConditionType.SUCCEEDED).status == "False"


@pytest.mark.parametrize(
    ("spec", "failed"), [({"suspend": True}, 0), ({"budget": Budget(max_failed_trials=0, parallelism=2)}, 1)]
)
def test_what_waits_for_a_device_does_not_begin_once_a_study_is_halted(spec: dict[str, Any], failed: int) -> None:
    study = a_study(hypotheses=3, capacity=2, **spec)
    waiting, running, broken = (trial.key for trial in study.design.trials[:3])
    records = {
        waiting: WorkRecord(running=RunningAttempt(1, 0.0, begun=False)),
        running: WorkRecord(running=RunningAttempt(1, 0.0)),
    }
    if failed:
        failure = a_failure(broken, reason=FailureReason.TRAIN_FUNCTION_RAISED)
        records[broken] = WorkRecord(failures=(failure,))
    assert [action.key for action in plan(study, records, 1.0).actions if isinstance(action, Stop)] == [waiting]


def test_a_deadline_counts_from_the_studys_own_first_attempt() -> None:
    study = a_study(hypotheses=4, capacity=1, budget=Budget(deadline_seconds=100))
    found_in_the_store = dict(records_of_scores(study, lambda trial: 0.5 if trial.seed == 0 else None))
    assert started(study, found_in_the_store, now=1e6)
    begun = replace(study, history=History(1e6 - 99))
    assert started(begun, found_in_the_store, now=1e6)
    assert not started(begun, found_in_the_store, now=1e6 + 1)


def test_a_spent_budget_is_a_result_even_if_it_was_too_small() -> None:
    study = a_study(hypotheses=4, capacity=1, budget=Budget(deadline_seconds=1))
    study = replace(study, history=History(begun_at=0.0))
    succeeded = condition(plan(study, {}, 2.0).status, ConditionType.SUCCEEDED)
    assert (succeeded.status, succeeded.reason) == ("True", Reason.DEADLINE_REACHED)
    assert "Fewer than two hypotheses have a score" in succeeded.message


def test_trials_that_can_not_begin_are_tried_for_as_long_as_it_takes_and_that_is_said() -> None:
    study = a_study(hypotheses=2, capacity=1)
    first = study.design.trials[0].key
    failures = tuple(
        a_failure(first, attempt=attempt, reason=FailureReason.NOT_STARTED, message="no such Secret")
        for attempt in range(1, 30)
    )
    records = {first: WorkRecord(failures=failures, resume_at=100.0)}
    decided = plan(study, records, 90.0)
    assert (decided.finished, decided.requeue_after) == (False, 10.0)
    assert all(action.item.key != first for action in decided.actions if isinstance(action, Start))
    stalled = condition(decided.status, ConditionType.STALLED)
    assert (stalled.status, stalled.reason) == ("True", "NotStarted")
    assert "no such Secret" in stalled.message
    again = [action.item for action in plan(study, records, 100.0).actions if isinstance(action, Start)]
    assert [(item.key, item.attempt) for item in again] == [(first, 30)]


NODE, REFUSED, AWAY = (
    "its container did not start: UnexpectedAdmissionError: Allocate failed",
    (
        "the worker can't read its request: s3://assay/team/requests/1.json: the S3 server at http://s3 answered "
        "403 InvalidAccessKeyId: the server does not know the access key"
    ),
    "the worker can't read its request: s3://assay/team/requests/1.json: the S3 server at http://s3 can't be reached",
)


@pytest.mark.parametrize(
    ("message", "tries", "want"),
    [
        (NODE, 1, ("Reconciling", "False")),
        (NODE, TRIES_BEFORE_STALLED, ("Stalled", "True")),
        (AWAY, 1, ("Reconciling", "False")),
        (REFUSED, 1, ("Stalled", "True")),
    ],
)
def test_what_keeps_trials_from_beginning_needs_somebody_at_once_or_if_it_does_not_pass(
    message: str, tries: int, want: tuple[str, str]
) -> None:
    study = a_study(hypotheses=2, capacity=1)
    first = study.design.trials[0].key
    failures = tuple(
        a_failure(first, attempt=number + 1, reason=FailureReason.NOT_STARTED, message=message)
        for number in range(tries)
    )
    status = plan(study, {first: WorkRecord(failures=failures, resume_at=100.0)}, 90.0).status
    said = condition(status, ConditionType(want[0]))
    assert (said.status, said.reason) == ("True", "NotStarted")
    assert condition(status, ConditionType.STALLED).status == want[1]
    assert message in said.message


@pytest.mark.parametrize(
    ("running", "want"),
    [
        (RunningAttempt(2, 95.0, begun=False), "True"),
        (RunningAttempt(2, 95.0, begun=True), "True"),
        (RunningAttempt(2, 100.0 - BEGINNING_SECONDS, begun=True), "False"),
    ],
)
def test_a_cause_is_not_gone_because_the_next_attempt_is_made(running: RunningAttempt, want: str) -> None:
    study = a_study(hypotheses=2, capacity=1)
    first = study.design.trials[0].key
    failure = a_failure(first, reason=FailureReason.NOT_STARTED, message=REFUSED)
    status = plan(study, {first: WorkRecord(failures=(failure,), running=running)}, 100.0).status
    assert condition(status, ConditionType.STALLED).status == want


@pytest.mark.parametrize("reason", [FailureReason.METRIC_MISSING, FailureReason.SCORE_NOT_FINITE])
def test_a_metric_that_is_corrected_is_tried_again(reason: FailureReason) -> None:
    study = a_study(hypotheses=2, capacity=1)
    first = study.design.trials[0]
    for metric, want in (("accuracy", 0), ("acuracy", 1)):
        failure = a_failure(first.key, reason=reason).model_copy(update={"metric": metric})
        begun = started(study, {first.key: WorkRecord(failures=(failure,))})
        assert begun.count((first.hypothesis, first.arm, first.seed)) == want


def test_what_another_study_paid_for_is_not_charged() -> None:
    study = a_study(hypotheses=2)
    for name, want in ((study.name, "7"), ("other", "0")):
        failure = a_failure(study.design.trials[0].key, seconds=7.0).model_copy(update={"study": name})
        status = plan(study, {failure.key: WorkRecord(failures=(failure,))}, 0.0).status
        assert status.cost.failures_accelerator_seconds == want


def test_without_parallelism_a_budget_lets_a_first_wave_start() -> None:
    study = a_study(hypotheses=40, capacity=10_000, budget=Budget(accelerator_seconds=36_000))
    assert 2 <= len(started(study, {})) <= 16


@pytest.mark.parametrize("stalled", [True, False])
def test_what_is_in_the_way_of_running_trials_is_said(stalled: bool) -> None:
    study = a_study(hypotheses=2)
    running = {study.design.trials[0].key: WorkRecord(running=RunningAttempt(1, 0.0))}
    obstacle = Obstacle(Reason.UNSCHEDULABLE, "1 trial: no node has a free GPU.", stalled)
    status = plan(study, running, 1.0, [obstacle]).status
    reconciling, kstatus_stalled = (
        condition(status, kind) for kind in (ConditionType.RECONCILING, ConditionType.STALLED)
    )
    # kstatus reads the first of them that is True.
    assert (reconciling.status, reconciling.reason) == (str(not stalled), "Unschedulable")
    assert kstatus_stalled.status == str(stalled)
    assert (kstatus_stalled if stalled else reconciling).message == obstacle.message
    assert condition(plan(study, running, 2.0).status, ConditionType.RECONCILING).reason == "Progressing"


def test_work_that_an_edited_spec_no_longer_needs_is_stopped_and_counted_as_stale() -> None:
    before, after = a_study(hypotheses=2, epochs=5), a_study(hypotheses=2, epochs=6)
    key = before.design.trials[0].key
    decided = plan(after, {key: WorkRecord(running=RunningAttempt(1, 0.0))}, 1.0)
    assert [action.key for action in decided.actions if isinstance(action, Stop)] == [key]
    assert decided.status.trials.stale == 1


def test_too_many_failed_trials_end_a_study_without_success() -> None:
    study = a_study(hypotheses=6, capacity=1, budget=Budget(max_failed_trials=2))
    world = PlayedWorld(study, lambda item: FailureReason.TRAIN_FUNCTION_RAISED)
    decided = world.to_the_end()
    assert len(world.starts) == 3
    succeeded = condition(decided.status, ConditionType.SUCCEEDED)
    assert (succeeded.status, succeeded.reason) == ("False", Reason.TOO_MANY_FAILURES)
    assert condition(decided.status, ConditionType.STALLED).status == "True"


def test_a_spent_budget_is_a_result() -> None:
    study = a_study(hypotheses=4, seeds=4, budget=Budget(accelerator_seconds=95))
    world = PlayedWorld(study, score)
    decided = world.to_the_end()
    assert len(world.starts) == 9
    succeeded = condition(decided.status, ConditionType.SUCCEEDED)
    assert (succeeded.status, succeeded.reason) == ("True", Reason.BUDGET_SPENT)
    assert "spec.budget.acceleratorSeconds" in succeeded.message


def test_after_its_deadline_a_study_starts_nothing_more() -> None:
    study = a_study(hypotheses=4, seeds=4, capacity=1, budget=Budget(deadline_seconds=45))
    world = PlayedWorld(study, score)
    decided = world.to_the_end()
    assert condition(decided.status, ConditionType.SUCCEEDED).reason == Reason.DEADLINE_REACHED
    assert decided.status.trials.pending > 0


def test_a_study_without_a_baseline_score_says_so() -> None:
    study = a_study(hypotheses=3)
    world = PlayedWorld(
        study,
        lambda item: (
            FailureReason.TRAIN_FUNCTION_RAISED
            if isinstance(item, TrialRequest) and item.hypothesis == study.baseline
            else score(item)
        ),
    )
    succeeded = condition(world.to_the_end().status, ConditionType.SUCCEEDED)
    assert (succeeded.status, succeeded.reason) == ("False", Reason.BASELINE_FAILED)


def test_hypotheses_that_are_all_equal_are_called_so_and_no_proxy_is_trusted() -> None:
    study = a_study(hypotheses=16, proxies=[SHORT], seeds=3, threshold="0.6", smallest_effect="0.05")

    def equal(item: TrialRequest | PreparationRequest) -> float:
        return 0.9 + 0.01 * ((int(item.key, 16) % 997) / 997 - 0.5)

    status = PlayedWorld(study, equal).to_the_end().status
    assert "can't be told apart" in condition(status, ConditionType.SUCCEEDED).message
    assert status.arms[1].decision is not TrustDecision.TRUSTED
    assert status.recommended_proxy is None
    assert {row.verdict for row in status.ranking} <= {Verdict.BASELINE, Verdict.EQUIVALENT, Verdict.INCONCLUSIVE}


def test_three_hypotheses_leave_trust_undecided_and_say_how_many_it_would_take() -> None:
    study = a_study(hypotheses=3, proxies=[SHORT], seeds=3, threshold="0.6")
    arm = PlayedWorld(study, score).to_the_end().status.arms[1]
    assert arm.decision is TrustDecision.UNDECIDED
    assert arm.message is not None
    assert "hypotheses" in arm.message
    assert any(word.isdigit() and int(word) > 3 for word in arm.message.replace(",", " ").split())


def test_a_proxy_that_orders_many_hypotheses_alike_is_trusted_and_recommended() -> None:
    study = a_study(hypotheses=24, proxies=[SHORT], seeds=3, threshold="0.6")
    world = PlayedWorld(study, score, seconds=lambda item: 2.0 if item.arm == "short" else 10.0)
    status = world.to_the_end().status
    arm = status.arms[1]
    assert arm.decision is TrustDecision.TRUSTED
    assert status.recommended_proxy == "short"
    assert arm.cost is not None
    assert (arm.cost.relative_percent, arm.saving_percent, arm.break_even_hypotheses) == (20, 80, 6)
    assert status.levers[0].speedup == "5"
    assert arm.agreement is not None
    assert arm.agreement.low is not None
    assert float(arm.agreement.low) >= 0.6


def test_trust_is_decided_once_when_all_trials_have_ended() -> None:
    study = a_study(hypotheses=4, proxies=[SHORT])
    records = records_of_scores(study, lambda trial: 0.5 if trial.seed == 0 else None)
    status = plan(study, records, 0.0).status
    assert status.arms[1].decision is TrustDecision.PENDING
    assert condition(status, ConditionType.PROXY_TRUSTED).status == "Unknown"


def test_a_score_to_be_minimised_ranks_the_other_way_round() -> None:
    study = a_study(hypotheses=4, seeds=3)
    mirrored = a_study(hypotheses=4, seeds=3, goal=Goal.MINIMIZE)
    up = PlayedWorld(study, score).to_the_end().status
    down = PlayedWorld(mirrored, lambda item: -score(item)).to_the_end().status
    assert [row.name for row in up.ranking] == [row.name for row in down.ranking]
    assert [row.verdict for row in up.ranking] == [row.verdict for row in down.ranking]
    assert [float(row.difference or 0) for row in up.ranking] == [-float(row.difference or 0) for row in down.ranking]


def test_an_arm_is_as_dear_as_it_is_for_trials_that_ended_well_on_both() -> None:
    study = a_study(hypotheses=2, proxies=[SHORT], seeds=2)
    dear = study.hypotheses[1].name
    records = records_of_scores(
        study,
        lambda trial: None if (trial.hypothesis, trial.arm) == (dear, "reference") else 0.5,
        seconds=lambda trial: (1000.0 if trial.hypothesis == dear else 10.0) * (0.5 if trial.arm == "short" else 1.0),
    )
    _, short = plan(study, records, 0.0).status.arms
    assert short.cost
    assert short.cost.relative_percent == 50
    assert short.saving_percent == 50


def test_costs_of_different_device_models_are_not_mixed() -> None:
    study = a_study(hypotheses=2, proxies=[SHORT], seeds=3)
    records = dict(records_of_scores(study, lambda trial: 0.5 + 0.01 * trial.seed, seconds=lambda trial: 10.0))
    key = next(trial.key for trial in study.design.trials if trial.arm == "short")
    result = records[key].result
    assert result is not None
    other = result.cost.model_copy(update={"device_model": "another", "accelerator_seconds": 1000.0})
    records[key] = replace(records[key], result=result.model_copy(update={"cost": other}))
    arm = plan(study, records, 0.0).status.arms[1]
    assert arm.cost is not None
    assert arm.cost.relative_percent == 100
    assert "another" in arm.cost.device_model


def test_criteria_that_were_edited_after_a_look_are_said() -> None:
    study = a_study(hypotheses=16, proxies=[SHORT], seeds=3, trust=Trust(threshold="0.5"))
    records = records_of_scores(study, quality)
    honest = plan(study, records, 0.0).status
    edited = plan(replace(study, history=History(criteria_seen=frozenset({"another"}))), records, 0.0).status
    assert condition(honest, ConditionType.PROXY_TRUSTED).reason == Reason.CERTIFIED
    assert condition(edited, ConditionType.PROXY_TRUSTED).reason == Reason.EDITED_AFTER_LOOKING


def test_a_condition_keeps_the_time_of_its_last_transition() -> None:
    study = a_study(hypotheses=2)
    first = plan(study, {}, 1_000.0).status
    again = redefined(study, resource=study.resource.model_copy(update={"status": first}))
    later = plan(again, {}, 2_000.0).status
    assert [each.last_transition_time for each in later.conditions] == ["1970-01-01T00:16:40Z"] * len(later.conditions)


def test_the_status_of_a_thousand_hypotheses_is_small() -> None:
    study = a_study(hypotheses=1000, proxies=[SHORT], seeds=2)
    status = plan(study, records_of_scores(study, lambda trial: 0.5 if trial.seed else None), 0.0).status
    assert len(status.model_dump_json(by_alias=True)) <= 32 * 1024
    assert len(status.ranking) == 50
