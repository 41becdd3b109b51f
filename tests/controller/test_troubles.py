"""What goes wrong around a study is said in its conditions within seconds, and passes when its cause does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from assay.kube import Kube
from assay_trainer.contract import FailureReason, TrialRequest
from controller.operators import RunningOperator
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
