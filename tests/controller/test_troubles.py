"""What goes wrong around a study is said in its conditions within seconds, and passes when its cause does."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assay.api.times import time_string
from assay.kube import PODS, Kube
from assay_trainer.contract import FailureReason, TrialRequest
from builders.s3_server import BUCKET, S3Server
from controller.operators import Operators, RunningOperator
from controller.played_pods import PlayedPods
from controller.team import Team


def a_score(item: TrialRequest) -> float:
    return 0.8 + 0.01 * item.seed + 0.001 * len(item.hypothesis)


def test_a_data_set_that_comes_later_is_found(
    kube: Kube, operator: RunningOperator, team: Team, dataset: str, tmp_path: Path
) -> None:
    later = tmp_path / "later"
    team.apply(*team.hypotheses("other"), team.study(dataset={"manifest": f"{later.as_uri()}/manifest.json"}))
    said = team.wait("Accepted", status="False", reason="DatasetNotReadable")
    assert "spec.dataset.manifest" in said
    assert "It is tried again by itself." in team.condition("Stalled")["message"]
    shutil.copytree(Path(dataset.removeprefix("file://")).parent, later)
    with PlayedPods(kube, team.namespace, a_score):
        team.wait("Succeeded", seconds=40)


def test_trials_that_all_crash_end_a_study_with_their_reason(kube: Kube, operator: RunningOperator, team: Team) -> None:
    with PlayedPods(kube, team.namespace, lambda _: FailureReason.OUT_OF_MEMORY) as pods:
        team.apply(*team.hypotheses("other"), team.study())
        team.wait("Succeeded", status="False", reason="ReferenceFailed")
    status = team.get()["status"]
    assert {row["name"]: row["message"] for row in status["ranking"]}["other"].startswith("OutOfMemory: ")
    assert len(pods.started) == status["trials"]["failed"] == 8
    said = "Waiting for digits (ReferenceFailed)."
    team.until(lambda: team.conclusion("other")["message"] == said, lambda: str(team.conclusion("other")))


def test_an_s3_server_that_is_away_is_said_and_waited_for(
    kube: Kube, operators: Operators, team: Team, own_s3: S3Server
) -> None:
    operators.start({"ASSAY_STORE": f"s3://{BUCKET}/results", "ASSAY_S3_RETRY_SECONDS": "0"})
    own_s3.stop()
    team.apply(*team.hypotheses("other"), team.study())
    said = team.wait("Reconciling", reason="StoreUnreachable", seconds=30)
    assert team.condition("Stalled")["status"] == "False"
    assert "can't be reached" in said
    assert "It is tried again by itself." in said
    own_s3.start()
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.wait("Succeeded", seconds=60)
    assert team.condition("Stalled")["status"] == "False"
    assert len(pods.started) == len(set(pods.started)) == 8


def test_an_image_that_can_not_be_pulled_is_said_until_it_can(
    kube: Kube, operator: RunningOperator, team: Team
) -> None:
    team.apply(*team.hypotheses("other"), team.study(budget={"parallelism": 2}))
    team.until(lambda: len(kube.list(PODS, team.namespace)) == 2, lambda: "no pods")
    for pod in kube.list(PODS, team.namespace):
        kube.apply_status(PODS, team.namespace, pod["metadata"]["name"], NOT_PULLED, manager="kubelet")
    # A round may begin between the two pods' statuses: the first then waits alone, until the next round.
    said = "2 trials wait for an image that can't be pulled: no such image: registry.example/assay-trainer:1."
    team.until(lambda: team.condition("Stalled").get("message") == said, lambda: str(team.condition("Stalled")))
    assert team.condition("Stalled")["reason"] == "ImageNotPulled"
    assert team.condition("Reconciling")["reason"] == "ImageNotPulled"
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.wait("Succeeded", seconds=40)
    assert team.condition("Stalled")["status"] == "False"
    assert len(pods.started) == len(set(pods.started)) == 8


NOT_PULLED = {
    "phase": "Pending",
    "conditions": [{"type": "PodScheduled", "status": "True"}],
    "containerStatuses": [
        {
            "name": "trainer",
            "image": "registry.example/assay-trainer:1",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {
                "waiting": {
                    "reason": "ImagePullBackOff",
                    "message": "no such image: registry.example/assay-trainer:1",
                }
            },
        }
    ],
}


def test_trials_that_fill_their_scratch_are_not_tried_again(kube: Kube, operator: RunningOperator, team: Team) -> None:
    seen: set[str] = set()

    def all_are_evicted() -> bool:
        for pod in kube.list(PODS, team.namespace):
            if pod["metadata"]["uid"] not in seen:
                seen.add(pod["metadata"]["uid"])
                kube.apply_status(PODS, team.namespace, pod["metadata"]["name"], OVER_ITS_LIMIT, manager="kubelet")
        return bool(team.condition("Succeeded").get("reason") == "ReferenceFailed")

    team.apply(*team.hypotheses("other"), team.study())
    team.until(all_are_evicted, lambda: str(team.get()))
    rows = {row["name"]: row["message"] for row in team.get()["status"]["ranking"]}
    assert rows["other"] == 'StorageExceeded: Usage of EmptyDir volume "scratch" exceeds the limit "10Gi".'
    assert len(seen) == team.get()["status"]["trials"]["failed"] == 8


OVER_ITS_LIMIT = {
    "phase": "Failed",
    "reason": "Evicted",
    "message": 'Usage of EmptyDir volume "scratch" exceeds the limit "10Gi". ',
    "conditions": [{"type": "PodScheduled", "status": "True"}],
}


def test_trials_that_may_not_read_their_requests_are_said_until_one_has_begun(
    kube: Kube, operator: RunningOperator, team: Team
) -> None:
    team.apply(*team.hypotheses("other"), team.study(proxies=[], budget={"parallelism": 1}))
    ended: set[str] = set()
    for attempt in range(2):
        team.until(lambda: len(pods_but(kube, team, ended)) == 1, lambda: "no pod")
        (pod,) = pods_but(kube, team, ended)
        if attempt:  # what kept the first one from beginning is not gone because there is another
            kube.apply_status(PODS, team.namespace, pod, status_of_pod("Running", begun()), manager="kubelet")
            job = pod.rpartition("-")[0]
            team.kubectl("wait", f"job/{job}", "--for=jsonpath={.status.ready}=1", "--timeout=30s")
            assert team.condition("Stalled")["status"] == "True"
        kube.apply_status(PODS, team.namespace, pod, status_of_pod("Failed", refused()), manager="kubelet")
        ended.add(pod)
        said = team.wait("Stalled", reason="NotStarted")
        assert "InvalidAccessKeyId" in said
    assert "GoesOn" not in team.events()
    with PlayedPods(kube, team.namespace, a_score):
        team.wait("Succeeded", seconds=60)
    assert team.condition("Stalled")["status"] == "False"


def pods_but(kube: Kube, team: Team, those: set[str]) -> list[str]:
    return [name for each in kube.list(PODS, team.namespace) if (name := each["metadata"]["name"]) not in those]


def status_of_pod(phase: str, state: Mapping[str, Any]) -> Mapping[str, Any]:
    said = {"image": "played", "imageID": "", "ready": "running" in state, "restartCount": 0}
    ready = {"type": "Ready", "status": "True" if "running" in state else "False"}
    conditions = [{"type": "PodScheduled", "status": "True"}, ready]
    return {
        "phase": phase,
        "conditions": conditions,
        "containerStatuses": [{"name": "trainer", **said, "state": state}],
    }


def begun() -> Mapping[str, Any]:
    return {"running": {"startedAt": time_string(time.time())}}


def refused() -> Mapping[str, Any]:
    now = time_string(time.time())
    message = "s3://assay/team/requests/1.json: the S3 server at http://s3 answered 403 InvalidAccessKeyId"
    said = {"exitCode": 2, "reason": "Error", "message": message}
    return {"terminated": {**said, "startedAt": now, "finishedAt": now}}


def test_a_quota_that_is_used_up_is_said(kube: Kube, operator: RunningOperator, team: Team) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "two-jobs"}}
    team.apply({**quota, "spec": {"hard": {"count/jobs.batch": "2"}}})
    team.until(lambda: "two-jobs" in team.kubectl("get", "quota"), lambda: "")
    with PlayedPods(kube, team.namespace, lambda _: None) as pods:
        team.apply(*team.hypotheses("other"), team.study())
        said = team.wait("Reconciling", reason="QuotaExceeded")
        assert "two-jobs" in said
        team.kubectl("delete", "quota", "two-jobs")
        pods.outcome = a_score
        team.wait("Succeeded", seconds=40)
    assert len(pods.started) == len(set(pods.started)) == 8


@pytest.mark.parametrize("depth", [300, 5000])
def test_a_recipe_nested_beyond_measure_harms_no_other_study(
    kube: Kube, operator: RunningOperator, team: Team, depth: int
) -> None:
    recipe = "[" * depth + "1" + "]" * depth
    text = json.dumps(team.hypothesis("deep", recipe={"layers": "HERE"})).replace('"HERE"', recipe)
    with PlayedPods(kube, team.namespace, a_score):
        team.cluster.kubectl("create", f"--namespace={team.namespace}", "--filename=-", stdin=text)
        team.apply(*team.hypotheses("other"), team.study())
        assert "Hypothesis/deep" in team.wait("Accepted", status="False", reason="Invalid")
        # By kubectl: it is nested too deeply for this process.
        team.kubectl("wait", "hyp/deep", "--for=jsonpath={.status.conditions[0].reason}=Invalid", "--timeout=10s")
        team.kubectl("delete", "hyp", "deep")
        team.wait("Succeeded")
    assert operator.process.running
