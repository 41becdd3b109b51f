"""A refusal by admission and an admission that does not answer are told apart, with their own words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assay.kube import Kube, Manifest
from assay_trainer.contract import TrialRequest
from cluster.client import Cluster
from controller.played_pods import PlayedPods
from controller.team import Team

pytestmark = pytest.mark.usefixtures("operator")

GROUP = "admissionregistration.k8s.io"
ADDRESS = "https://127.0.0.1:1/"


def a_score(item: TrialRequest) -> float:
    return 0.8 + 0.01 * item.seed + 0.001 * len(item.hypothesis)


def creates(resource: str, group: str) -> list[Manifest]:
    return [{"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": [resource]}]


@pytest.fixture
def no_pods(cluster: Cluster, namespace: str) -> Iterator[str]:
    """Yield the name of a policy that refuses all pods of the test's namespace."""
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    policy: dict[str, Any] = {"matchConstraints": {"resourceRules": creates("pods", "")}, "failurePolicy": "Fail"}
    policy["validations"] = [{"expression": "false", "message": "this team has no pods"}]
    binding = {"policyName": namespace, "validationActions": ["Deny"], "matchResources": here}
    kinds = {"ValidatingAdmissionPolicy": policy, "ValidatingAdmissionPolicyBinding": binding}
    for kind, spec in kinds.items():
        cluster.apply({"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": {"name": namespace}, "spec": spec})
    yield namespace
    for kind in kinds:
        cluster.kubectl("delete", kind, namespace, "--ignore-not-found")


@pytest.fixture
def silent_webhook(cluster: Cluster, namespace: str) -> Iterator[str]:
    """Yield the name of a webhook that is asked about all Jobs of the test's namespace and does not answer."""
    webhook = {
        "name": "jobs.example.com",
        "clientConfig": {"url": ADDRESS},
        "rules": creates("jobs", "batch"),
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    kind = "ValidatingWebhookConfiguration"
    metadata = {"name": namespace}
    cluster.apply({"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata, "webhooks": [webhook]})
    yield namespace
    cluster.kubectl("delete", kind, namespace, "--ignore-not-found")


def test_pods_that_admission_refuses_need_somebody(cluster: Cluster, kube: Kube, no_pods: str, team: Team) -> None:
    def is_refused() -> bool:
        words = ["run", "probe", "--image=registry.example/x", "--dry-run=server", f"--namespace={team.namespace}"]
        return cluster.kubectl.attempt(*words) == ""

    team.until(is_refused, lambda: "the policy is not in force")
    team.apply(*team.hypotheses("other"), team.study(proxies=[]))
    said = team.wait("Stalled", reason="JobRefused")
    assert "this team has no pods" in said
    cluster.kubectl("delete", "ValidatingAdmissionPolicyBinding", no_pods)
    with PlayedPods(kube, team.namespace, a_score):
        team.wait("Succeeded", seconds=90)


def test_a_webhook_that_does_not_answer_is_waited_for(
    cluster: Cluster, kube: Kube, silent_webhook: str, team: Team
) -> None:
    def is_asked() -> bool:
        words = ["create", "job", "probe", "--image=registry.example/x", "--dry-run=server"]
        return cluster.kubectl.attempt(*words, f"--namespace={team.namespace}") == ""

    team.until(is_asked, lambda: "the webhook is not asked")
    team.apply(*team.hypotheses("other"), team.study(proxies=[]))
    said = team.wait("Reconciling", reason="JobRefused")
    assert "failed calling webhook" in said
    assert team.condition("Stalled")["status"] == "False"
    cluster.kubectl("delete", "ValidatingWebhookConfiguration", silent_webhook)
    with PlayedPods(kube, team.namespace, a_score):
        team.wait("Succeeded", seconds=60)
    assert "GoesOn" not in team.events()
