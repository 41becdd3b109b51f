"""What quotas and queues hold back, and what makes room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assay.kube import JOBS, STUDY_LABEL, Kube, Manifest, Resource
from assay_trainer.contract import TrialRequest
from cluster.client import Cluster
from controller.operators import RunningOperator
from controller.played_pods import PlayedPods
from controller.team import Team

pytestmark = pytest.mark.usefixtures("operator")

WORKLOADS = Resource("kueue.x-k8s.io", "v1beta1", "workloads", "Workload")


def a_score(item: TrialRequest) -> float:
    return 0.8 + 0.01 * item.seed + 0.001 * len(item.hypothesis)


def a_quota(**hard: str) -> Manifest:
    names = {"jobs": "count/jobs.batch", "pods": "count/pods"}
    spec = {"hard": {names[name]: value for name, value in hard.items()}}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": spec}


def apply_quota(team: Team, **hard: str) -> None:
    team.apply(a_quota(**hard))
    used = "--output=jsonpath={.status.used}"
    team.until(lambda: team.kubectl("get", "quota", "few", used) != "", lambda: "")


@pytest.mark.parametrize("hard", [{"jobs": "2"}, {"pods": "2"}], ids=["Jobs", "pods"])
def test_a_study_makes_room_for_itself(kube: Kube, team: Team, hard: dict[str, str]) -> None:
    apply_quota(team, **hard)
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study(proxies=[]))
        team.wait("Succeeded", seconds=90)
    assert len(pods.started) == len(set(pods.started)) == 4
    assert team.condition("Stalled")["status"] == "False"


def test_a_study_that_has_finished_makes_room_for_another(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study("first", proxies=[]))
        team.wait("Succeeded", study="first")
        assert len(pods.jobs()) == 4
        apply_quota(team, jobs="4")
        team.apply(team.study("second", proxies=[], reference={"epochs": 16}))
        team.wait("Succeeded", study="second", seconds=90)
    left = {job["metadata"]["labels"][STUDY_LABEL] for job in kube.list(JOBS, team.namespace)}
    assert left <= {"second"}


def test_a_quota_that_is_never_enough_needs_somebody(team: Team) -> None:
    apply_quota(team, jobs="0")
    team.apply(*team.hypotheses("other"), team.study())
    assert "few" in team.wait("Stalled", reason="QuotaExceeded")
    table = team.kubectl("get", "pstudy").splitlines()
    assert table[0].split()[:3] == ["NAME", "SUCCEEDED", "REASON"]
    assert table[1].split()[:3] == ["digits", "False", "QuotaExceeded"]
    assert all(len(line) <= 120 for line in table)
    assert "exceeded quota" in team.kubectl("get", "pstudy", "--output=wide")


@pytest.fixture
def kueue(cluster: Cluster) -> Iterator[None]:
    """Install Kueue as far as studies see it: its kind of Workloads, which the test itself makes."""
    cluster.apply(A_DEFINITION)
    name = A_DEFINITION["metadata"]["name"]
    cluster.kubectl("wait", "--for=condition=Established", f"crd/{name}", "--timeout=30s")
    yield
    cluster.kubectl("delete", "crd", name)


A_DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": "workloads.kueue.x-k8s.io",
        "annotations": {"api-approved.kubernetes.io": "unapproved, a test's"},
    },
    "spec": {
        "group": WORKLOADS.group,
        "scope": "Namespaced",
        "names": {"kind": "Workload", "plural": "workloads", "singular": "workload"},
        "versions": [
            {
                "name": WORKLOADS.version,
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            }
        ],
    },
}


def queued(team: Team) -> Manifest:
    return team.study(trainer={"entrypoint": "team.train:run", "queueName": "nowhere"}, budget={"parallelism": 2})


def test_where_kueue_is_not_installed_a_study_with_a_queue_says_so(team: Team) -> None:
    team.apply(*team.hypotheses("other"), queued(team))
    said = team.wait("Stalled", reason="KueueMissing")
    assert "Kueue is not installed" in said
    assert "'nowhere'" in said
    assert team.kubectl("get", "pstudy").splitlines()[1].split()[2] == "KueueMissing"


@pytest.mark.usefixtures("kueue")
def test_a_study_says_why_kueue_does_not_admit_its_trials(
    cluster: Cluster, kube: Kube, operator: RunningOperator, team: Team
) -> None:
    team.apply(*team.hypotheses("other"), queued(team))
    team.until(lambda: len(kube.list(JOBS, team.namespace)) == 2, lambda: "no Jobs")
    for job in kube.list(JOBS, team.namespace):
        kube.create(WORKLOADS, team.namespace, a_workload(job))
    said = team.wait("Stalled", reason="NotAdmitted", seconds=90)
    assert "Kueue has not let their Jobs out of queue 'nowhere': LocalQueue nowhere doesn't exist." in said
    with PlayedPods(kube, team.namespace, a_score):
        team.apply({**queued(team), "spec": {**queued(team)["spec"], "trainer": {"entrypoint": "team.train:run"}}})
        for job in kube.list(JOBS, team.namespace):
            name = job["metadata"]["name"]
            team.kubectl("patch", "job", name, "--type=merge", '--patch={"spec":{"suspend":false}}')
        team.wait("Succeeded")


def a_workload(job: Manifest) -> Manifest:
    reserved = {
        "type": "QuotaReserved",
        "status": "False",
        "reason": "Inadmissible",
        "message": "LocalQueue nowhere doesn't exist",
        "lastTransitionTime": job["metadata"]["creationTimestamp"],
    }
    labels = {"kueue.x-k8s.io/job-uid": job["metadata"]["uid"]}
    return {
        "apiVersion": WORKLOADS.api_version,
        "kind": WORKLOADS.kind,
        "metadata": {"name": f"job-{job['metadata']['name']}", "labels": labels},
        "status": {"conditions": [reserved]},
    }


def test_a_hypothesis_of_two_studies_lists_both(kube: Kube, team: Team) -> None:
    with PlayedPods(kube, team.namespace, a_score) as pods:
        team.apply(*team.hypotheses("other"), team.study("first"))
        team.wait("Succeeded", study="first")
        pods.outcome = lambda _: None
        team.apply(team.study("second", reference={"epochs": 16}))
        want = "Waiting for second. first: "
        team.until(lambda: team.conclusion("other")["message"].startswith(want), lambda: str(team.conclusion("other")))
        pods.outcome = a_score
        team.kubectl("wait", "hyp/other", "--for=condition=Concluded", "--timeout=60s")
    line = team.kubectl("get", "hyp", "other").splitlines()[1]
    assert "first, second" in line
    verdicts = team.get_hypothesis("other")["status"]["verdicts"]
    assert verdicts in line
    assert len(verdicts.split(", ")) == 2
