"""What the operator's caches keep of Jobs and pods says the same as all of it."""

from __future__ import annotations

import json

import pytest

from assay.kube import Manifest
from assay.runners.jobs import lean_job, lean_pod
from assay.runners.jobs.observed.observation import lacks_last_words, observed
from assay.runners.jobs.waiting.waits import waits
from builders.jobs import (
    DATASET,
    a_condition,
    a_job,
    a_pod,
    a_served_study,
    complete,
    failed,
    running,
    terminated,
    waiting,
    words,
)
from builders.requests import a_trial

FIRST, SECOND = (a_trial(DATASET, "team.train:run", seed=seed, devices=2) for seed in (1, 2))
LIMITED = a_served_study(pod_template={"resources": {"limits": {"memory": "2Gi"}}})
JOB = a_job(FIRST, SECOND)
SIDE_BY_SIDE = a_job(FIRST, SECOND, at_once=2, conditions=failed())
QUEUED = a_job(FIRST, study=a_served_study(queue_name="gpus"), suspended=True)
DONE = a_job(FIRST, SECOND, conditions=complete())
FAILED = a_job(FIRST, study=LIMITED, conditions=failed())
DISRUPTED = a_condition("DisruptionTarget", reason="EvictionByEvictionAPI", message="evicted")
UNSCHEDULED = a_condition("PodScheduled", status="False", reason="Unschedulable", message="0/1 nodes are available")


@pytest.mark.parametrize(
    ("job", "pods"),
    [
        (JOB, []),
        (JOB, [a_pod(JOB, state=running())]),
        (JOB, [a_pod(JOB, "Succeeded", state=terminated(0))]),
        ({**JOB, "status": {"succeeded": 1}}, []),
        (JOB, [a_pod(JOB, "Pending", scheduled=False, conditions=[UNSCHEDULED])]),
        (JOB, [a_pod(JOB, "Pending", state=waiting("ImagePullBackOff", "no such image"))]),
        (QUEUED, []),
        (DONE, [a_pod(DONE, "Succeeded", state=terminated(0, message=words((FIRST, "Succeeded"))))]),
        (FAILED, [a_pod(FAILED, "Failed", state=terminated(137, reason="OOMKilled"))]),
        (FAILED, [a_pod(FAILED, "Failed", state=terminated(137), conditions=[DISRUPTED])]),
        (SIDE_BY_SIDE, [a_pod(SIDE_BY_SIDE, "Failed", state=terminated(137, reason="OOMKilled"))]),
        (FAILED, [a_pod(FAILED, "Failed", reason="DeadlineExceeded", message="too long", state=terminated(143))]),
        (FAILED, [a_pod(FAILED, "Running", state=running(), deleted=True)]),
    ],
)
def test_attempts_and_waits_are_those_of_the_whole_manifests(job: Manifest, pods: list[Manifest]) -> None:
    lean, lean_pods = lean_job(job), [lean_pod(pod) for pod in pods]
    assert observed(lean, lean_pods, 2000.0) == observed(job, pods, 2000.0)
    assert lacks_last_words(lean, lean_pods) == lacks_last_words(job, pods)
    said = [
        [(wait.reason, wait.cause, wait.trials, wait.times()) for wait in waits([each], of, [], {}, 60.0)]
        for each, of in ((lean, lambda _: lean_pods), (job, lambda _: pods))
    ]
    assert said[0] == said[1]


def test_the_limit_of_memory_that_killed_a_trial_is_still_known() -> None:
    pod = lean_pod(a_pod(FAILED, "Failed", state=terminated(137, reason="OOMKilled")))
    (attempt,) = observed(lean_job(FAILED), [pod], 2000.0)
    assert attempt.termination is not None
    assert "2Gi" in attempt.termination.message


def test_what_is_the_same_in_all_is_kept_once() -> None:
    one, other = (lean_job(json.loads(json.dumps(JOB))) for _ in range(2))
    assert "template" not in one["spec"]
    assert one["metadata"]["uid"] is other["metadata"]["uid"]
