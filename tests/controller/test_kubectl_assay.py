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
import yaml

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
def environment(cluster: Cluster) -> dict[str, str]:
    return {
        "HOME": os.environ["HOME"],
        "KUBECONFIG": str(cluster.kubeconfig),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "COLUMNS": "120",
    }


@pytest.fixture
def kubectl_assay(environment: dict[str, str], namespace: str) -> KubectlAssay:
    def call(command: str, *words: str) -> subprocess.CompletedProcess[str]:
        arguments = [str(kubectl()), "assay", command, *words, f"--namespace={namespace}"]
        return subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60)

    return call


@pytest.fixture
def finished(kube: Kube, team: Team) -> Team:
    """Return a team whose study has finished."""
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


def test_an_unknown_hypothesis_is_said_with_those_that_may_be_meant(team: Team, kubectl_assay: KubectlAssay) -> None:
    team.apply(*team.hypotheses("better", "bigger"), team.study(suspend=True))
    team.wait("Accepted")
    for given, meant in (("bettr", "did you mean better or bigger?"), ("nosuch", "allowed: "), ("a,b=c", "allowed: ")):
        said = kubectl_assay("logs", "digits", given)
        assert (said.returncode, said.stdout) == (2, "")
        assert f"study digits: HYPOTHESIS: given '{given}', an unknown hypothesis; allowed: baseline, b" in said.stderr
        assert meant in said.stderr
    known = kubectl_assay("logs", "digits", "better")
    assert (known.returncode, known.stderr.startswith("No pods: ")) == (0, True)


def test_studies_are_listed_of_a_namespace_and_of_all(team: Team, kubectl_assay: KubectlAssay) -> None:
    team.apply(*team.hypotheses(), team.study(suspend=True))
    team.wait("Accepted")
    heading, *lines = kubectl_assay("status").stdout.splitlines()
    assert heading.split() == ["study", "trials", "trusted", "better", "state"]
    assert [line.split()[0] for line in lines] == ["digits"]
    every = kubectl_assay("status", "-A").stdout
    assert any(line.split()[:2] == [team.namespace, "digits"] for line in every.splitlines())
    items = json.loads(kubectl_assay("status", "--output=json").stdout)["items"]
    assert [each["metadata"]["name"] for each in items] == ["digits"]


@pytest.mark.parametrize("command", ["status", "report", "logs", "retry"])
def test_a_single_study_is_in_one_namespace(kubectl_assay: KubectlAssay, command: str) -> None:
    said = kubectl_assay(command, "digits", "-A")
    assert said.returncode == 2
    assert "-A, --all-namespaces: given together with a study; allowed: --namespace" in said.stderr


def test_the_cluster_is_chosen_as_kubectl_has_it(
    team: Team, kubectl_assay: KubectlAssay, cluster: Cluster, tmp_path: Path
) -> None:
    team.apply(*team.hypotheses(), team.study(suspend=True))
    team.wait("Accepted")
    config = yaml.safe_load(Path(cluster.kubeconfig).read_text())
    config["contexts"].append(
        {"name": "other", "context": {**config["contexts"][0]["context"], "namespace": "nowhere"}}
    )
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    for options in ([], ["--context=other"]):
        said = kubectl_assay("status", "digits", f"--kubeconfig={file}", *options)
        assert said.returncode == 0, said.stderr
    before = kubectl_assay("--kubeconfig", str(file), "--context", "other", "status")
    assert before.stdout.splitlines()[1].startswith("digits ")
    wrong = kubectl_assay("status", "digits", f"--kubeconfig={file}", "--context=otter")
    assert (wrong.returncode, "--context: given 'otter'" in wrong.stderr) == (2, True)
    assert "did you mean other?" in wrong.stderr
    missing = kubectl_assay("status", "digits", f"--kubeconfig={tmp_path / 'none'}")
    assert (missing.returncode, "--kubeconfig: given " in missing.stderr) == (2, True)


def test_kubectl_completes_the_names_of_studies_and_hypotheses(team: Team, environment: dict[str, str]) -> None:
    team.apply(*team.hypotheses("better"), team.study(suspend=True))
    team.wait("Accepted")
    namespace = f"--namespace={team.namespace}"
    for words, want in (("status", namespace, "di"), "digits"), (("logs", namespace, "digits", "bet"), "better"):
        arguments = [str(kubectl()), "__complete", "assay", *words]
        said = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60)
        assert said.stdout.splitlines() == [want, ":4"], said.stderr
