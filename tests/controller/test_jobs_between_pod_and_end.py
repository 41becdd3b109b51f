"""Between the end of a pod and its Job's own word of it nothing is said that isn't so."""

from __future__ import annotations

import time
from functools import partial

import pytest

from assay.api.times import time_string, unix_seconds
from assay.kube import EVENTS, JOBS, PODS, STUDY_LABEL, Kube, Manifest
from assay_trainer.contract import FailureReason, TrialRequest
from cluster.client import Cluster
from cluster.local import LocalCluster
from controller.operators import Operators, RunningOperator
from controller.played_pods import Outcome, PlayedPods
from controller.team import Team

OLD_ENOUGH_SECONDS = 10
"""So long a Job may have no pod before anybody asks why."""


def some_fail(item: TrialRequest) -> Outcome:
    return FailureReason.TRAIN_FUNCTION_RAISED if item.hypothesis == "other" else 0.8 + 0.01 * item.seed


@pytest.fixture
def local_cluster(cluster: Cluster) -> LocalCluster:
    if not isinstance(cluster, LocalCluster):
        pytest.skip("the controllers of this cluster are not ours to stop")
    return cluster


def test_a_job_whose_pod_has_ended_is_not_refused_one(
    local_cluster: LocalCluster, kube: Kube, operators: Operators, team: Team
) -> None:
    operator = operators.start()
    with PlayedPods(kube, team.namespace, lambda _: None) as pods:
        team.apply(*team.hypotheses("other"), team.study())
        team.until(lambda: pods.running() == 8, lambda: str(pods.started))
        team.until(lambda: age_of_youngest(pods.jobs()) > OLD_ENOUGH_SECONDS, lambda: str(pods.jobs()))
        with local_cluster.without_controllers():
            pods.outcome = some_fail
            team.until(lambda: pods.running() == 0, lambda: str(pods.started))
            for job in pods.jobs():
                kube.create(EVENTS, team.namespace, a_warning(job))
            # A pod that ended and was deleted since; nobody takes the Job's finalizer off it.
            gone = kube.list(PODS, team.namespace, label_selector=STUDY_LABEL)[0]["metadata"]["name"]
            team.kubectl("patch", "pod", gone, "--type=merge", '--patch={"metadata":{"finalizers":null}}')
            team.kubectl("delete", "pod", gone, "--wait=false")
            looks_again(team, operator)
            assert said(team) == ("True", "Progressing")
            operator.kill()
            operator = operators.start()
            looks_again(team, operator)
            assert said(team) == ("True", "Progressing")
            assert not {"JobRefused", "NoPod"} & team.events().keys()
        team.until(lambda: team.condition("Reconciling")["status"] == "False", lambda: str(team.get()["status"]))
    assert not {"JobRefused", "NoPod"} & team.events().keys()


def said(team: Team) -> tuple[str, str]:
    assert team.condition("Stalled")["status"] == "False"
    reconciling = team.condition("Reconciling")
    return reconciling["status"], reconciling["reason"]


def looks_again(team: Team, operator: RunningOperator) -> None:
    """Have the study looked at twice more."""
    for look in ("first", "second"):
        wanted = looks(operator) + 1
        team.kubectl("annotate", "pstudy", "digits", f"look={look}", "--overwrite")
        team.until(partial(has_looked, operator, wanted), operator.scrape)


def has_looked(operator: RunningOperator, often: float) -> bool:
    return looks(operator) >= often


def looks(operator: RunningOperator) -> float:
    name = 'assay_reconcile_duration_seconds_count{kind="study"} '
    counts = [line.removeprefix(name) for line in operator.scrape().splitlines() if line.startswith(name)]
    return float(counts[0]) if counts else 0.0


def age_of_youngest(jobs: list[Manifest]) -> float:
    return time.time() - max(unix_seconds(job["metadata"]["creationTimestamp"]) or 0.0 for job in jobs)


def a_warning(job: Manifest) -> Manifest:
    """Return the event that the Job controller writes when a Job has failed."""
    about = {"apiVersion": "batch/v1", "kind": JOBS.kind, "name": job["metadata"]["name"]}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{job['metadata']['name']}.backoff", "namespace": job["metadata"]["namespace"]},
        "involvedObject": {**about, "namespace": job["metadata"]["namespace"], "uid": job["metadata"]["uid"]},
        "type": "Warning",
        "reason": "BackoffLimitExceeded",
        "message": "Job has reached the specified backoff limit",
        "lastTimestamp": time_string(time.time()),
        "source": {"component": "job-controller"},
    }
