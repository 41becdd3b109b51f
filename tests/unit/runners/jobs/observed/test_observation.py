"""Attempts, as Jobs and pods show them. The shapes are those that real ones have had."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.kube import Manifest
from assay.runners.jobs.memory import Held
from assay.runners.jobs.observed.gone import held_by
from assay.runners.jobs.observed.observation import lacks_last_words, observed
from assay.runners.protocol import ObservedAttempt
from assay_trainer.contract import FailureReason
from builders.jobs import (
    DATASET,
    a_condition,
    a_job,
    a_pod,
    complete,
    failed,
    running,
    terminated,
    waiting,
    words,
)
from builders.requests import a_trial

FIRST, SECOND, THIRD = (a_trial(DATASET, "team.train:run", seed=seed, devices=2) for seed in (1, 2, 3))
NOW = 1100.0


def reason(attempt: ObservedAttempt) -> str | None:
    return attempt.termination.reason if attempt.termination else None


def said(attempt: ObservedAttempt) -> str:
    assert attempt.termination is not None
    return attempt.termination.message


def ended_with(pod: Manifest | None, *, job: Manifest | None = None) -> ObservedAttempt:
    """The only attempt of a failed Job."""
    job = job or a_job(FIRST, conditions=failed())
    (attempt,) = observed(job, [] if pod is None else [pod], NOW)
    assert attempt.phase == "Ended"
    return attempt


FAILED_JOB = a_job(FIRST, conditions=failed())

# ----------------------------------------------------------------------------- running


def test_an_attempt_runs_from_the_start_of_its_container() -> None:
    job = a_job(FIRST)
    (attempt,) = observed(job, [a_pod(job, state=running(since=1040))], NOW)
    assert attempt == ObservedAttempt(FIRST.key, 1, "Running", 1040, None, 2 * 60, None)


@pytest.mark.parametrize("suspended", [False, True])
def test_one_that_waits_holds_nothing_yet(suspended: bool) -> None:
    job = a_job(FIRST, suspended=suspended)
    pods = [] if suspended else [a_pod(job, "Pending", state=waiting("ContainerCreating"))]
    (attempt,) = observed(job, pods, NOW)
    assert (attempt.phase, attempt.started_at, attempt.accelerator_seconds) == ("Running", NOW, 0)


def test_packed_attempts_run_together_and_share_what_it_takes() -> None:
    job = a_job(FIRST, SECOND)
    attempts = observed(job, [a_pod(job, state=running(since=1040))], NOW)
    assert [(each.key, each.phase, each.accelerator_seconds) for each in attempts] == [
        (FIRST.key, "Running", 60),
        (SECOND.key, "Running", 60),
    ]


@pytest.mark.parametrize("kind", ["FailureTarget", "SuccessCriteriaMet"])
def test_a_job_that_will_end_has_not_ended(kind: str) -> None:
    job = a_job(FIRST, conditions=[a_condition(kind)])
    (attempt,) = observed(job, [a_pod(job, "Running", state=running())], NOW)
    assert attempt.phase == "Running"


def test_a_job_that_kueue_has_taken_out_of_the_way_goes_on_later() -> None:
    disrupted = words((FIRST, "Disrupted"))
    job = a_job(FIRST, suspended=True)
    pod = a_pod(job, "Failed", state=terminated(143, message=disrupted, since=1010, until=1020), deleted=True)
    (attempt,) = observed(job, [pod], NOW)
    assert (attempt.phase, attempt.accelerator_seconds) == ("Running", 20)

    job = a_job(FIRST, conditions=failed())
    again = a_pod(job, "Failed", name="again", created=1030, state=terminated(137, reason="OOMKilled"))
    (attempt,) = observed(job, [again, pod], NOW)
    assert reason(attempt) == FailureReason.OUT_OF_MEMORY


# ----------------------------------------------------------------------------- last words


def test_packed_attempts_that_were_told_to_end_have_taken_what_their_worker_says() -> None:
    job = a_job(FIRST, SECOND, THIRD, conditions=failed())
    said = [json.loads(words((item, "Disrupted"), accelerator_seconds=each)) for item, each in MEASURED]
    state = terminated(143, message=json.dumps([each for (each,) in said]), since=1010, until=1040)
    attempts = observed(job, [a_pod(job, "Failed", state=state, deleted=True)], NOW)
    assert [each.accelerator_seconds for each in attempts] == [25, 0, 2 * 30 / 3]


MEASURED = ((FIRST, 25), (SECOND, 0))


def test_what_pods_that_are_gone_have_held_is_shared_by_all_attempts_of_their_job() -> None:
    job = a_job(FIRST, SECOND, conditions=failed())
    gone = [Held(1010, 1020), Held(1030, None)]  # the second one until the Job's end
    attempts = observed(job, [], NOW, gone)
    assert [(each.accelerator_seconds, each.started_at) for each in attempts] == [(10 + 30, 1010)] * 2
    assert [reason(each) for each in attempts] == [FailureReason.DISRUPTED] * 2


def test_when_a_pod_ran_is_remembered_after_it_has_gone() -> None:
    job = a_job(FIRST)
    pod = a_pod(job, state=running(since=1010))
    uid = pod["metadata"]["uid"]
    seen = held_by({}, job, [pod], 1020)
    assert seen == {uid: Held(1010, None)}
    missed = held_by(seen, job, [], 1030)
    assert missed == held_by(missed, job, [], 1090) == {uid: Held(1010, 1030)}
    assert held_by(seen, a_job(FIRST, conditions=failed(at=1060)), [], 1090) == {uid: Held(1010, 1060)}
    ended = a_pod(job, "Failed", state=terminated(143, since=1010, until=1015))
    assert held_by(seen, job, [ended], 1030) == {uid: Held(1010, 1015)}


def test_an_attempt_has_ended_as_its_worker_says() -> None:
    job = a_job(FIRST, conditions=complete(at=1055))
    message = words((FIRST, "Succeeded"))
    pod = a_pod(job, "Succeeded", state=terminated(0, reason="Completed", message=message, since=1010, until=1050))
    (attempt,) = observed(job, [pod], NOW)
    assert (attempt.phase, attempt.started_at, attempt.ended_at) == ("Ended", 1010, 1055)
    assert attempt.accelerator_seconds == 2 * 40
    assert reason(attempt) == "Succeeded"


def test_a_worker_of_an_earlier_release_which_said_the_score_too_is_understood() -> None:
    message = words((FIRST, "ScoreNotFinite"), message="why", score=0.5)
    job = a_job(FIRST, conditions=failed(reason="PodFailurePolicy"))
    (attempt,) = observed(job, [a_pod(job, "Failed", state=terminated(1, message=message))], NOW)
    assert reason(attempt) == FailureReason.SCORE_NOT_FINITE


def test_each_packed_attempt_has_its_own_end() -> None:
    message = words((FIRST, "Succeeded"), (SECOND, "MetricMissing"), (THIRD, "StoreFailed"), message="why")
    job = a_job(FIRST, SECOND, THIRD, conditions=failed(reason="PodFailurePolicy"))
    attempts = observed(job, [a_pod(job, "Failed", state=terminated(75, message=message))], NOW)
    assert [reason(each) for each in attempts] == ["Succeeded", "MetricMissing", "StoreFailed"]
    assert said(attempts[1]) == "why"


def test_words_of_another_attempt_are_not_taken_for_this_ones() -> None:
    other = FIRST.model_copy(update={"attempt": 2})
    pod = a_pod(FAILED_JOB, "Failed", state=terminated(1, message=words((other, "MetricMissing"))))
    assert reason(ended_with(pod)) == FailureReason.DISRUPTED


def test_of_items_that_nothing_is_said_of_the_first_is_charged_with_the_end_of_the_pod() -> None:
    message = words((FIRST, "Succeeded"))
    job = a_job(FIRST, SECOND, THIRD, conditions=failed())
    pod = a_pod(job, "Failed", state=terminated(137, reason="OOMKilled", message=message))
    attempts = observed(job, [pod], NOW)
    assert [reason(each) for each in attempts] == ["Succeeded", "OutOfMemory", "Disrupted"]
    assert said(attempts[2]) == "its pod ended before its turn came"


@pytest.mark.parametrize(
    ("pod_ended", "want"),
    [
        ({"state": terminated(137, reason="OOMKilled")}, "OutOfSharedMemory"),
        (
            {"reason": "Evicted", "message": 'Usage of EmptyDir volume "scratch" exceeds the limit "1Gi".'},
            "OutOfSharedMemory",
        ),
        ({"state": terminated(139)}, "WorkerDied"),
    ],
)
def test_of_trials_side_by_side_none_is_blamed_for_what_they_used_together(
    pod_ended: dict[str, Any], want: str
) -> None:
    job = a_job(FIRST, SECOND, THIRD, at_once=2, conditions=failed())
    attempts = observed(job, [a_pod(job, "Failed", **{"state": terminated(143), **pod_ended})], NOW)
    assert [reason(each) for each in attempts] == [want, want, "Disrupted"]


def test_the_last_of_trials_side_by_side_had_all_to_itself() -> None:
    job = a_job(FIRST, SECOND, at_once=2, conditions=failed())
    message = words((FIRST, "Succeeded"))
    pod = a_pod(job, "Failed", state=terminated(137, reason="OOMKilled", message=message))
    assert [reason(each) for each in observed(job, [pod], NOW)] == ["Succeeded", "OutOfMemory"]


@pytest.mark.parametrize("exit_code", [1, 75])
def test_items_that_the_words_were_cut_before_are_not_blamed(exit_code: int) -> None:
    job = a_job(FIRST, SECOND, THIRD, conditions=failed())
    message = words((FIRST, "MetricMissing"))
    attempts = observed(job, [a_pod(job, "Failed", state=terminated(exit_code, message=message))], NOW)
    assert [reason(each) for each in attempts] == ["MetricMissing", "Disrupted", "Disrupted"]


@pytest.mark.parametrize("message", ["", "[{", "warming up", "{}"])
def test_where_a_job_has_succeeded_the_store_has_the_result_whatever_was_said(message: str) -> None:
    job = a_job(FIRST, SECOND, conditions=complete())
    pod = a_pod(job, "Succeeded", state=terminated(0, message=message))
    assert [reason(each) for each in observed(job, [pod], NOW)] == ["Succeeded", "Succeeded"]
    assert [reason(each) for each in observed(job, [], NOW)] == ["Succeeded", "Succeeded"]


def test_a_request_that_can_not_be_read_started_none_of_its_trials() -> None:
    job = a_job(FIRST, SECOND, conditions=failed())
    printed = "REQUEST_URI: given 's3://…'; no answer from 10.0.0.1:8333"
    attempts = observed(job, [a_pod(job, "Failed", state=terminated(2, message=printed))], NOW)
    assert [reason(each) for each in attempts] == ["NotStarted", "NotStarted"]
    assert printed in said(attempts[1])


# ----------------------------------------------------------------------------- without a word


def test_out_of_memory_is_named_with_the_limit() -> None:
    pod = a_pod(FAILED_JOB, "Failed", state=terminated(137, reason="OOMKilled"))
    pod["spec"] = {"containers": [{"name": "trainer", "resources": {"limits": {"memory": "8Gi"}}}]}
    attempt = ended_with(pod)
    assert reason(attempt) == FailureReason.OUT_OF_MEMORY
    assert "its limit of 8Gi" in said(attempt)
    assert attempt.termination is not None
    assert attempt.termination.memory_limit_bytes == 8 * 2**30


def test_a_container_that_just_dies_is_a_dead_worker() -> None:
    attempt = ended_with(a_pod(FAILED_JOB, "Failed", state=terminated(139, message="Fatal Python error: Segmentation")))
    assert reason(attempt) == FailureReason.WORKER_DIED
    assert said(attempt) == "the container ended with exit code 139: Fatal Python error: Segmentation"


def test_a_command_that_is_not_in_the_image_is_told() -> None:
    why = 'failed to create task: exec: "python": executable file not found in $PATH'
    attempt = ended_with(a_pod(FAILED_JOB, "Failed", state=terminated(128, reason="StartError", message=why)))
    assert said(attempt) == f"the container ended with exit code 128: StartError: {why}"


@pytest.mark.parametrize(
    ("disruption", "message"),
    [
        ("EvictionByEvictionAPI", "Eviction API: evicting"),
        ("PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod"),
        ("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"),
        ("DeletionByPodGC", "PodGC: node no longer exists"),
        ("TerminationByKubelet", "The node was low on resource: memory."),
    ],
)
def test_a_disruption_is_told_by_kubernetes_word_whatever_became_of_the_container(
    disruption: str, message: str
) -> None:
    target = a_condition("DisruptionTarget", reason=disruption, message=message)
    for state in (terminated(137), running(), None):
        attempt = ended_with(a_pod(FAILED_JOB, "Failed", state=state, conditions=[target]))
        assert reason(attempt) == FailureReason.DISRUPTED
        assert said(attempt) == f"{disruption}: {message}"


@pytest.mark.parametrize(
    "message",
    [
        'Usage of EmptyDir volume "scratch" exceeds the limit "10Gi". ',
        'Container trainer exceeded its local ephemeral storage limit "1Gi". ',
        "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ",
    ],
    ids=["its scratch", "its container", "its pod"],
)
@pytest.mark.parametrize("exit_code", [137, 143, None])
def test_a_trial_that_fills_the_disk_has_failed_by_its_own_fault(message: str, exit_code: int | None) -> None:
    last_words = words((FIRST, "Disrupted"), message="the worker was told to end (SIGTERM)")
    state = None if exit_code is None else terminated(exit_code, message=last_words if exit_code == 143 else "")
    attempt = ended_with(a_pod(FAILED_JOB, "Failed", state=state, reason="Evicted", message=message))
    assert (reason(attempt), said(attempt)) == (FailureReason.STORAGE_EXCEEDED, message)


def test_a_pod_that_a_full_node_does_not_take_has_not_started() -> None:
    pod = a_pod(FAILED_JOB, "Failed", reason="Evicted", message="The node had condition: [DiskPressure]. ")
    assert reason(ended_with(pod)) == FailureReason.NOT_STARTED


def test_a_disrupted_workers_words_are_kept() -> None:
    target = a_condition("DisruptionTarget", reason="EvictionByEvictionAPI")
    job = a_job(FIRST, SECOND, conditions=failed(reason="PodFailurePolicy"))
    message = words((FIRST, "MetricMissing"), (SECOND, "Disrupted"))
    attempts = observed(job, [a_pod(job, "Failed", state=terminated(143, message=message), conditions=[target])], NOW)
    assert [reason(each) for each in attempts] == ["MetricMissing", "Disrupted"]


def test_a_pod_that_is_gone_was_deleted_by_somebody() -> None:
    why = "Pod team/digits has condition DisruptionTarget matching FailJob rule at index 0"
    attempt = ended_with(None, job=a_job(FIRST, conditions=failed(reason="PodFailurePolicy", message=why)))
    assert reason(attempt) == FailureReason.DISRUPTED
    assert said(attempt) == f"its pod was deleted; PodFailurePolicy: {why}"
    assert attempt.accelerator_seconds == 0
    assert attempt.started_at == 1000


@pytest.mark.parametrize("exit_code", [143, 137])
def test_a_pod_that_somebody_deletes_is_disrupted(exit_code: int) -> None:
    attempt = ended_with(a_pod(FAILED_JOB, "Failed", state=terminated(exit_code), deleted=True))
    assert reason(attempt) == FailureReason.DISRUPTED


def test_a_pod_that_its_node_does_not_take_has_not_started() -> None:
    pod = a_pod(FAILED_JOB, "Failed", reason="OutOfcpu", message="Node didn't have enough resource: cpu")
    attempt = ended_with(pod)
    assert reason(attempt) == FailureReason.NOT_STARTED
    assert said(attempt) == "its container did not start: OutOfcpu: Node didn't have enough resource: cpu"


def test_the_pods_own_deadline_ends_what_hung() -> None:
    """SIGTERM came with it: that the worker then says `Disrupted` is not why it ended."""
    job = a_job(FIRST, SECOND, THIRD, conditions=failed())
    message = words((FIRST, "Succeeded"), (SECOND, "Disrupted"), (THIRD, "Disrupted"))
    pod = a_pod(job, "Failed", reason="DeadlineExceeded", state=terminated(143, message=message))
    assert [reason(each) for each in observed(job, [pod], NOW)] == ["Succeeded", "DeadlineExceeded", "Disrupted"]


def test_a_pod_whose_deadline_passed_before_it_ran_was_not_the_trials_fault() -> None:
    pod = a_pod(FAILED_JOB, "Failed", reason="DeadlineExceeded", message="Pod was active on the node longer than …")
    assert reason(ended_with(pod)) == FailureReason.NOT_STARTED


def test_a_lost_node_leaves_the_container_running_and_the_time_counts_up_to_the_jobs_end() -> None:
    target = a_condition("DisruptionTarget", reason="DeletionByPodGC")
    attempt = ended_with(a_pod(FAILED_JOB, "Failed", state=running(since=1010), conditions=[target]))
    assert (attempt.accelerator_seconds, attempt.ended_at) == (2 * 50, 1060)


# ----------------------------------------------------------------------------- what is still to come


def test_a_failed_job_whose_pod_was_not_seen_to_end_is_looked_at_again() -> None:
    assert lacks_last_words(FAILED_JOB, [])
    assert lacks_last_words(FAILED_JOB, [a_pod(FAILED_JOB, state=running())])
    assert not lacks_last_words(FAILED_JOB, [a_pod(FAILED_JOB, "Failed", state=terminated(1))])
    assert not lacks_last_words(a_job(FIRST), [])
    assert not lacks_last_words(a_job(FIRST, conditions=complete()), [])


def test_a_job_whose_only_pod_is_counted_as_failed_has_ended_though_its_controller_never_says_so() -> None:
    job = a_job(FIRST)
    counts = {"failed": 1, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}}
    job["status"] |= {**counts, "startTime": job["metadata"]["creationTimestamp"]}
    (attempt,) = observed(job, [], NOW)
    assert (attempt.phase, reason(attempt)) == ("Ended", FailureReason.DISRUPTED)


@pytest.mark.parametrize(
    "status",
    [{"terminating": 1}, {"active": 1}, {"uncountedTerminatedPods": {"failed": ["uid"]}}, {"failed": 0}],
)
def test_a_job_with_a_pod_that_may_live_has_not_ended(status: Manifest) -> None:
    job = a_job(FIRST)
    job["status"] |= {"failed": 1, "terminating": 0, "uncountedTerminatedPods": {}, **status}
    (attempt,) = observed(job, [], NOW)
    assert attempt.phase == "Running"
