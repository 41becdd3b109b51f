"""What keeps trials from running, as a study's condition says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from assay.api.conditions import Reason
from assay.kube import Manifest, Refused, Unreachable
from assay.planning.records.records import Obstacle
from assay.runners.jobs.memory import NotCreated, QueueAnswer
from assay.runners.jobs.waiting.obstacles import Wait, obstacles
from assay.runners.jobs.waiting.pod_waits import OVERDUE_SECONDS, PASSING_SECONDS
from assay.runners.jobs.waiting.waits import NO_POD_SECONDS, waits
from builders.jobs import a_condition, a_job, a_pod, a_served_study, running, terminated, waiting

PENDING_SECONDS = 60.0
LATER = 1000.0 + 2 * PENDING_SECONDS


def waits_of(
    *jobs_and_pods: tuple[Manifest, Sequence[Manifest]],
    not_created: Sequence[NotCreated] = (),
    warnings: Mapping[str, str] | None = None,
    queue: QueueAnswer | None = None,
) -> list[Wait]:
    pods = {job["metadata"]["uid"]: pods for job, pods in jobs_and_pods}
    jobs = [job for job, _ in jobs_and_pods]
    pods_of = lambda job: pods[job["metadata"]["uid"]]  # noqa: E731
    return list(waits(jobs, pods_of, not_created, warnings or {}, PENDING_SECONDS, queue))


def of_pod(pod: Manifest, at: float = LATER) -> Sequence[Obstacle]:
    return obstacles(waits_of((JOB, [pod])), at)


JOB = a_job()


def unscheduled(job: Manifest, message: str = "0/1 nodes are available: 1 Insufficient cpu.") -> Manifest:
    condition = a_condition("PodScheduled", status="False", reason="Unschedulable", message=message)
    return a_pod(job, "Pending", created=1000, scheduled=False, conditions=[condition])


# ----------------------------------------------------------------------------- nothing is in the way


@pytest.mark.parametrize(
    "pod",
    [
        a_pod(JOB, state=running()),
        a_pod(JOB, "Pending", created=LATER - 10, state=waiting("ContainerCreating")),
    ],
)
def test_a_trial_that_runs_or_is_about_to_is_not_in_the_way(pod: Manifest) -> None:
    assert of_pod(pod) == ()


def test_a_young_job_has_no_pod_yet() -> None:
    assert obstacles(waits_of((JOB, [])), 1000 + NO_POD_SECONDS / 2) == ()


def test_when_somebody_should_look_again_is_known_before() -> None:
    (wait,) = waits_of((JOB, [unscheduled(JOB)]))
    assert wait.until == 1000 + PENDING_SECONDS
    assert obstacles([wait], wait.until - 1) == ()
    assert len(obstacles([wait], wait.until)) == 1


# ----------------------------------------------------------------------------- what is


def test_a_pod_without_a_node_is_told_with_the_schedulers_words() -> None:
    assert of_pod(unscheduled(JOB)) == (
        Obstacle(
            Reason.UNSCHEDULABLE,
            "1 trial waits for a node: 0/1 nodes are available: 1 Insufficient cpu.",
            stalled=False,
        ),
    )
    assert "no scheduler has looked" in of_pod(a_pod(JOB, "Pending", scheduled=False))[0].message


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"])
def test_an_image_that_can_not_be_pulled_is_told_at_once(reason: str) -> None:
    message = 'Back-off pulling image "registry.example/trainer:v1": not found'
    pod = a_pod(JOB, "Pending", created=1000, state=waiting(reason, message))
    assert of_pod(pod, at=1001) == (
        Obstacle(Reason.IMAGE_NOT_PULLED, f"1 trial waits for an image that can't be pulled: {message}.", stalled=True),
    )


def test_a_missing_secret_is_told_at_once() -> None:
    pod = a_pod(JOB, "Pending", created=1000, state=waiting("CreateContainerConfigError", 'secret "s3" not found'))
    assert of_pod(pod, at=1001) == (
        Obstacle(
            Reason.CONTAINER_NOT_CREATED,
            '1 trial waits for a container that isn\'t made: secret "s3" not found.',
            stalled=True,
        ),
    )


def test_a_volume_that_can_not_be_mounted_is_told_with_the_warning_about_it() -> None:
    pod = a_pod(JOB, "Pending", created=1000, state=waiting("ContainerCreating"))
    (wait,) = waits_of((JOB, [pod]))
    assert wait.asks is pod
    assert (wait.ask_at, wait.until) == (1000 + PENDING_SECONDS, 1000 + PENDING_SECONDS)
    assert "its image may be large" in wait.cause
    (told,) = obstacles(waits_of((JOB, [pod]), warnings={"Pod": 'configmap "team" not found'}), LATER)
    assert (told.reason, told.stalled) == (Reason.CONTAINER_NOT_CREATED, True)
    assert 'configmap "team" not found' in told.message
    (told,) = obstacles(waits_of((JOB, [pod]), warnings={"Pod": "network plugin is not ready"}), LATER)
    assert (told.reason, told.stalled) == (Reason.CONTAINER_NOT_CREATED, False)


def test_pods_over_the_quota_are_told_from_pods_that_are_refused() -> None:
    over = 'Error creating: pods "digits-x" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=4'
    (told,) = obstacles(waits_of((JOB, []), warnings={"Job": over}), LATER)
    assert (told.reason, told.stalled) == (Reason.QUOTA_EXCEEDED, False)
    assert told.message == f"1 trial waits for quota: {over}."
    (told,) = obstacles(waits_of((JOB, []), warnings={"Job": 'violates PodSecurity "restricted:latest"'}), LATER)
    assert (told.reason, told.stalled) == (Reason.JOB_REFUSED, True)


def test_a_job_that_kueue_does_not_admit_is_told_with_its_queue() -> None:
    queued = a_job(study=a_served_study(queue_name="gpu-queue"), trials=3)
    (told,) = obstacles(waits_of((queued, [])), LATER)
    assert told == Obstacle(
        Reason.NOT_ADMITTED,
        "3 trials wait to be admitted: Kueue has not let their Jobs out of queue 'gpu-queue'; "
        "`kubectl get workloads` says why.",
        stalled=False,
    )
    suspended_again = a_condition("Suspended", at=LATER - 10)
    queued["status"] = {"conditions": [suspended_again]}
    assert obstacles(waits_of((queued, [])), LATER) == ()


def test_a_job_that_somebody_has_suspended_is_told() -> None:
    (told,) = obstacles(waits_of((a_job(suspended=True), [])), LATER)
    assert "suspended by somebody" in told.message


ENDED = a_pod(JOB, "Failed", state=terminated(1, until=1050))
BACKOFF = "Job has reached the specified backoff limit"


def ending(**status: object) -> Manifest:
    return {**JOB, "status": status}


@pytest.mark.parametrize(
    ("job", "pods"),
    [
        (JOB, [ENDED]),
        (JOB, [a_pod(JOB, "Succeeded", state=terminated(0, until=1050))]),
        (JOB, [a_pod(JOB, "Failed", state=terminated(143, until=1050), deleted=True)]),
        (ending(active=1), []),  # its pod's event is still to come, or its pod was deleted
        (ending(terminating=1), []),
        (ending(succeeded=1), []),
        (ending(failed=1), []),
        (ending(uncountedTerminatedPods={"failed": ["uid"]}), []),
        (ending(conditions=[a_condition("FailureTarget", reason="BackoffLimitExceeded", message=BACKOFF)]), []),
        (ending(conditions=[a_condition("SuccessCriteriaMet")]), []),
        (ending(conditions=[a_condition("Suspended", at=1000)]), []),  # let go again, and not looked at since
    ],
)
@pytest.mark.parametrize("warnings", [{}, {"Job": BACKOFF}])
def test_a_job_whose_pod_is_there_or_has_ended_is_not_refused_one(
    job: Manifest, pods: Sequence[Manifest], warnings: Mapping[str, str]
) -> None:
    assert obstacles(waits_of((job, pods), warnings=warnings), LATER) == ()


def test_a_job_whose_end_nobody_tells_is_said_after_a_while() -> None:
    assert obstacles(waits_of((JOB, [ENDED])), 1050 + OVERDUE_SECONDS - 1) == ()
    (told,) = obstacles(waits_of((JOB, [ENDED])), 1050 + OVERDUE_SECONDS)
    assert (told.reason, told.stalled) == (Reason.NOT_ENDING, False)
    assert "the Job controller has not yet said so" in told.message


def test_a_job_that_went_on_is_not_judged_by_the_pods_and_times_of_before() -> None:
    resumed = a_condition("Suspended", status="False", at=LATER - 10)
    job = {**JOB, "status": {"conditions": [resumed]}}
    (wait,) = waits_of((job, [ENDED]))
    assert (wait.reason, wait.asks, wait.ask_at) == (Reason.NO_POD, job, LATER - 10 + NO_POD_SECONDS)
    assert obstacles([wait], LATER) == ()


def test_a_job_that_is_being_deleted_is_refused_nothing() -> None:
    job = {**JOB, "metadata": {**JOB["metadata"], "deletionTimestamp": "1970-01-01T00:16:40Z"}}
    assert obstacles(waits_of((job, [])), 1000 + OVERDUE_SECONDS - 1) == ()
    (told,) = obstacles(waits_of((job, [])), 1000 + OVERDUE_SECONDS)
    assert (told.reason, told.stalled) == (Reason.NOT_ENDING, False)


def test_a_job_without_a_pod_and_without_a_refusal_is_no_refusal() -> None:
    (wait,) = waits_of((JOB, []))
    assert (wait.asks, wait.ask_at) == (JOB, 1000 + NO_POD_SECONDS)
    assert obstacles([wait], 1000 + PENDING_SECONDS - 1) == ()
    (told,) = obstacles([wait], 1000 + PENDING_SECONDS)
    assert (told.reason, told.stalled) == (Reason.NO_POD, False)


# ----------------------------------------------------------------------------- what passes by itself


UNANSWERED = 'Internal error occurred: failed calling webhook "pods.example": connect: connection refused'


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        (
            "ErrImagePull",
            'failed to do request: Head "https://registry.example/v2/": dial tcp 10.0.0.1:443: i/o timeout',
        ),
        ("ImagePullBackOff", 'Back-off pulling image "registry.example/trainer:500"'),
        ("ErrImagePull", "unexpected status code 503 Service Unavailable"),
        ("ErrImagePull", "toomanyrequests: you have reached your pull rate limit"),
        ("CreateContainerError", "context deadline exceeded"),
    ],
)
def test_a_registry_or_node_that_does_not_answer_has_time_to_do_so(reason: str, message: str) -> None:
    pod = a_pod(JOB, "Pending", created=1000, state=waiting(reason, message))
    for at, want in ((1001.0, False), (999.0 + PASSING_SECONDS, False), (1000.0 + PASSING_SECONDS, True)):
        (told,) = of_pod(pod, at=at)
        assert told.stalled is want
        assert message in told.message


def test_a_webhook_that_does_not_answer_has_time_to_do_so() -> None:
    refused = NotCreated(JOB, Unreachable(500, "InternalError", UNANSWERED), since=1000, tried=1000)
    for wait, since in (
        (waits_of(not_created=[refused])[0], 1000.0),
        (waits_of((JOB, []), warnings={"Job": f"Error creating: {UNANSWERED}"})[0], 1000.0 + NO_POD_SECONDS),
    ):
        assert (wait.reason, wait.until, wait.stalls_at) == (Reason.JOB_REFUSED, since, since + PASSING_SECONDS)


def test_a_quota_that_nothing_uses_and_that_is_too_small_needs_somebody() -> None:
    for used, want in (("0", True), ("2", False)):
        message = f"exceeded quota: q, requested: count/jobs.batch=1, used: count/jobs.batch={used}, limited: …=0"
        refused = NotCreated(JOB, Refused(403, "Forbidden", message), since=1000, tried=1000)
        (told,) = obstacles(waits_of(not_created=[refused]), 1000)
        assert (told.reason, told.stalled) == (Reason.QUOTA_EXCEEDED, want)


QUEUED = a_job(study=a_served_study(queue_name="gpu-queue"))


@pytest.mark.parametrize(
    ("answer", "at", "want_reason", "want_stalled", "want_words"),
    [
        (QueueAnswer(True, None, False, 0), 1000 + NO_POD_SECONDS, Reason.KUEUE_MISSING, True, "not installed"),
        (QueueAnswer(False, "insufficient quota", False, 0), LATER, Reason.NOT_ADMITTED, False, "insufficient quota"),
        (QueueAnswer(False, "no LocalQueue", True, 0), LATER, Reason.NOT_ADMITTED, True, "no LocalQueue"),
        (QueueAnswer(False, None, False, 0), LATER, Reason.NOT_ADMITTED, False, "`kubectl get workloads`"),
    ],
)
def test_a_queue_that_lets_nothing_out_is_told_with_what_kueue_says(
    answer: QueueAnswer, at: float, want_reason: Reason, want_stalled: bool, want_words: str
) -> None:
    (wait,) = waits_of((QUEUED, []), queue=answer)
    assert (wait.asks, wait.ask_at) == (QUEUED, 1000 + NO_POD_SECONDS)
    (told,) = obstacles([wait], at)
    assert (told.reason, told.stalled) == (want_reason, want_stalled)
    assert want_words in told.message


@pytest.mark.parametrize(
    ("error", "want_reason", "want_stalled"),
    [
        (Refused(403, "Forbidden", "exceeded quota: jobs, used: count/jobs.batch=4"), Reason.QUOTA_EXCEEDED, False),
        (Refused(422, "Invalid", "spec.template.spec.containers[0].env: …"), Reason.JOB_REFUSED, True),
        (Unreachable(500, "InternalError", "failed calling webhook mjob.kb.io"), Reason.JOB_REFUSED, False),
    ],
)
def test_a_job_that_could_not_be_made_is_told_at_once(
    error: Refused | Unreachable, want_reason: Reason, want_stalled: bool
) -> None:
    (told,) = obstacles(waits_of(not_created=[NotCreated(JOB, error, since=1000, tried=1000)]), 1000)
    assert (told.reason, told.stalled) == (want_reason, want_stalled)
    assert error.message in told.message


# ----------------------------------------------------------------------------- many


def test_there_is_one_line_for_each_kind_and_that_of_most_trials_is_first() -> None:
    jobs = [a_job(study=a_served_study(uid=f"study-{number}"), trials=2) for number in range(3)]
    pods = [
        a_pod(jobs[0], "Pending", state=waiting("ErrImagePull", "no such image")),
        unscheduled(jobs[1], "1 Insufficient nvidia.com/gpu."),
        unscheduled(jobs[2], "1 Insufficient cpu."),
    ]
    told = obstacles(waits_of(*((job, [pod]) for job, pod in zip(jobs, pods, strict=True))), LATER)
    assert [each.reason for each in told] == [Reason.UNSCHEDULABLE, Reason.IMAGE_NOT_PULLED]
    assert told[0].message.startswith("4 trials wait for a node: 1 Insufficient nvidia.com/gpu.")


def test_a_long_story_is_cut_so_that_all_kinds_fit_into_a_condition() -> None:
    (told,) = of_pod(unscheduled(JOB, "x" * 1000))
    assert len(told.message) < 300
    assert told.message.endswith("…")


# ----------------------------------------------------------------------------- a node that is lost


def outliving(pod: Manifest) -> Manifest:
    pod["spec"] = {**pod["spec"], "nodeName": "node-7", "activeDeadlineSeconds": 100}
    pod["status"] = {**pod["status"], "startTime": "1970-01-01T00:16:50Z"}
    return pod


@pytest.mark.parametrize(
    ("pod", "ends"),
    [(outliving(a_pod(JOB, state=running())), 1010 + 100), (a_pod(JOB, state=running(), deleted=True), 1001 + 30)],
)
def test_a_pod_that_outlives_its_end_is_said_with_what_to_do(pod: Manifest, ends: float) -> None:
    assert of_pod(pod, ends + OVERDUE_SECONDS - 1) == ()
    (obstacle,) = of_pod(pod, ends + OVERDUE_SECONDS)
    assert (obstacle.reason, obstacle.stalled) == (Reason.NOT_ENDING, True)
    assert f"`kubectl delete pod {pod['metadata']['name']} --force`" in obstacle.message
