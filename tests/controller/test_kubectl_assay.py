"""`kubectl assay`, as kubectl finds it on the PATH, about a study on a real API server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.kube import Kube
from assay_trainer.contract import FailureReason, TrialRequest
from cluster.client import Cluster
from cluster.tools import kubectl
from controller.operators import RunningOperator
from controller.played_pods import PlayedPods
from controller.team import Team

pytestmark = pytest.mark.usefixtures("operator")

KubectlAssay = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def kubectl_assay(cluster: Cluster, namespace: str) -> KubectlAssay:
    environment = {
        "HOME": os.environ["HOME"],
        "KUBECONFIG": str(cluster.kubeconfig),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "COLUMNS": "120",
    }

    def call(command: str, *words: str) -> subprocess.CompletedProcess[str]:
        arguments = [str(kubectl()), "assay", command, *words, f"--namespace={namespace}"]
        return subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60)

    return call


@pytest.fixture
def finished(kube: Kube, team: Team) -> Team:
    """A team whose study has finished."""
    with PlayedPods(kube, team.namespace, a_score):
        team.apply(*team.hypotheses("better"), team.study())
        team.wait("Succeeded")
    return team


def a_score(item: TrialRequest) -> float:
    return 0.8 + 0.01 * item.seed + 0.1 * (item.hypothesis == "better")


def test_status_shows_the_tables_of_the_local_run(finished: Team, kubectl_assay: KubectlAssay) -> None:
    shown = kubectl_assay("status", "digits")
    assert shown.returncode == 0, shown.stderr
    assert "reference" in shown.stdout
    assert "1 [1–2]  better      0.9050" in shown.stdout
    status: dict[str, Any] = json.loads(kubectl_assay("status", "digits", "--output=json").stdout)
    assert status == finished.get()["status"]


def test_status_watched_ends_with_the_study(kube: Kube, team: Team, kubectl_assay: KubectlAssay) -> None:
    with PlayedPods(kube, team.namespace, a_score):
        team.apply(*team.hypotheses("better"), team.study())
        shown = kubectl_assay("status", "digits", "--watch")
    assert shown.returncode == 0, shown.stderr
    assert team.condition("Succeeded")["status"] == "True"


def test_report_has_every_form(finished: Team, kubectl_assay: KubectlAssay, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    written = kubectl_assay("report", "digits", f"--to={page}")
    assert written.returncode == 0, written.stderr
    assert page.read_text().lower().startswith("<!doctype html>")
    comment = kubectl_assay("report", "digits", "--output=markdown").stdout
    assert comment.startswith("### Assay: digits\n")
    assert "**better**" in comment
    assert "better" in kubectl_assay("report", "digits").stdout


def test_a_report_that_is_not_there_yet_is_said(team: Team, kubectl_assay: KubectlAssay) -> None:
    team.apply(*team.hypotheses("better"), team.study())
    team.wait("Accepted")
    refused = kubectl_assay("report", "digits", "--output=html")
    assert refused.returncode == 2
    assert "no report is there yet" in refused.stderr
    assert kubectl_assay("report", "digits", "--output=table").returncode == 0


def test_retry_tries_failed_trials_again(kube: Kube, team: Team, kubectl_assay: KubectlAssay) -> None:
    with PlayedPods(kube, team.namespace, lambda _: FailureReason.TRAIN_FUNCTION_RAISED) as pods:
        team.apply(*team.hypotheses("better"), team.study(proxies=[]))
        team.wait("Succeeded", status="False", reason="ReferenceFailed")
        pods.outcome = a_score
        said = kubectl_assay("retry", "digits")
        assert said.stdout == "4 failed trials of digits will be tried again.\n", said.stderr
        team.wait("Succeeded")


def test_logs_say_when_there_is_nothing_to_show(team: Team, kubectl_assay: KubectlAssay) -> None:
    team.apply(*team.hypotheses("better"), team.study(suspend=True))
    team.wait("Accepted")
    said = kubectl_assay("logs", "digits")
    assert (said.returncode, said.stdout) == (0, "")
    assert said.stderr.startswith("No pods: ")


@pytest.mark.parametrize("command", ["status", "report", "logs", "retry"])
def test_a_study_that_is_not_there_is_said_with_the_one_that_was_meant(
    team: Team, kubectl_assay: KubectlAssay, command: str, operator: RunningOperator
) -> None:
    team.apply(*team.hypotheses(), team.study())
    said = kubectl_assay(command, "digit")
    assert said.returncode == 2
    assert "STUDY: given 'digit'; allowed: digits; did you mean digits?" in said.stderr
    assert "Traceback" not in said.stderr
