"""The chart's rights, as the API server judges them, are small and yet enough."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assay.kube import JOBS, PODS, STUDIES, Kube, KubeError, Resource
from assay_trainer.contract import TrialRequest
from chart.releases import Release
from cluster.client import Cluster
from cluster.commands import CommandFailed
from cluster.processes import wait_until
from controller.operators import Operators
from controller.played_pods import PlayedPods
from controller.team import Team

SECRETS = Resource("", "v1", "secrets", "Secret")
NAMESPACES = Resource("", "v1", "namespaces", "Namespace")

NOWHERE = {"assay.test/played": "true"}
"""Labels that no node has: pods of these tests are looked at, or played, but never run."""

VALUES: dict[str, Any] = {"crds": {"enabled": False}, "nodeSelector": NOWHERE}

RIGHTS = {
    "hypotheses": {"list", "watch"},
    "proxystudies": {"get", "list", "watch"},
    "hypotheses/status": {"patch"},
    "proxystudies/status": {"patch"},
    "jobs": {"get", "list", "watch", "create", "delete"},
    "pods": {"list", "watch"},
    "events": {"list", "create"},
    "workloads": {"list"},
}
"""All that the operator asks for."""

A_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "plain"},
    "spec": {"containers": [{"name": "plain", "image": "registry.example/plain"}]},
}


def rights_in(cluster: Cluster, namespace: str, account: str) -> dict[str, set[str]]:
    """Verbs by resource that a service account `NAMESPACE:NAME` has in a namespace, beyond what everybody has."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }

    def rules(user: str) -> list[dict[str, Any]]:
        words = ["create", "--validate=false", "--filename=-", "--output=json", f"--as=system:serviceaccount:{user}"]
        answer = json.loads(cluster.kubectl(*words, stdin=json.dumps(review)))
        found: list[dict[str, Any]] = answer["status"]["resourceRules"]
        return found

    everybodys = rules("nobody:nobody")
    return {
        resource: set(rule["verbs"])
        for rule in rules(account)
        if rule not in everybodys
        for resource in rule["resources"]
    }


def settled_rights_in(cluster: Cluster, namespace: str, account: str) -> dict[str, set[str]]:
    """The same, once the API server has taken note that there are roles."""
    wait_until(lambda: rights_in(cluster, namespace, account) != {}, "a role", within_seconds=30)
    return rights_in(cluster, namespace, account)


def test_for_one_namespace_the_operator_has_rights_there_and_nowhere_else(
    cluster: Cluster, release: Release, namespace: str, other_namespace: str
) -> None:
    release.install({**VALUES, "replicas": 0, "namespaces": [namespace]})
    assert settled_rights_in(cluster, namespace, f"{namespace}:assay") == RIGHTS
    assert rights_in(cluster, other_namespace, f"{namespace}:assay") == {}
    assert namespace not in cluster.kubectl("get", "clusterroles,clusterrolebindings", "--output=name")


def test_for_all_namespaces_the_operator_has_the_same_rights_everywhere(
    cluster: Cluster, release: Release, namespace: str, other_namespace: str
) -> None:
    release.install({**VALUES, "replicas": 0})
    assert settled_rights_in(cluster, namespace, f"{namespace}:assay") == RIGHTS
    assert settled_rights_in(cluster, other_namespace, f"{namespace}:assay") == RIGHTS


def test_who_edits_a_namespace_may_write_its_studies_but_not_what_they_say(
    cluster: Cluster, release: Release, namespace: str
) -> None:
    release.install({**VALUES, "replicas": 0})
    for role in ("view", "edit"):
        cluster.kubectl(
            "create", "rolebinding", role, f"--clusterrole={role}", f"--user={role}er", f"--namespace={namespace}"
        )

    def may(user: str, verb: str, resource: str, *options: str) -> bool:
        words = ["auth", "can-i", verb, resource, f"--as={user}", f"--namespace={namespace}", *options]
        return cluster.kubectl.attempt(*words).strip() == "yes"

    wait_until(lambda: may("viewer", "list", "hypotheses.assay.dev"), "the role of viewers", within_seconds=30)
    wait_until(lambda: may("editer", "create", "proxystudies.assay.dev"), "the role of editors", within_seconds=30)
    assert not may("viewer", "create", "proxystudies.assay.dev")
    # What studies let pods do, who may write them may do without: nobody gets more by them.
    assert all(may("editer", *words) for words in (("create", "pods"), ("get", "secrets")))
    assert not any(may("viewer", *words) for words in (("create", "pods"), ("get", "secrets")))
    assert may("editer", "list", "proxystudies.assay.dev")
    assert not may("editer", "patch", "proxystudies.assay.dev", "--subresource=status")


def test_a_study_runs_to_its_end_with_these_rights_in_a_namespace_that_enforces_restricted(
    cluster: Cluster, kube: Kube, release: Release, namespace: str, other_namespace: str, dataset: str, tmp_path: Path
) -> None:
    enforce_restricted(cluster, namespace)
    team = Team(cluster, kube, namespace, dataset)
    kubeconfig = tmp_path / "kubeconfig"
    with Operators.of(kubeconfig, tmp_path, namespace) as operators:
        values = {
            **VALUES,
            "replicas": 0,
            "namespaces": [namespace],
            "store": {"uri": operators.store.as_uri()},
            "trainer": {"image": "registry.example/assay-trainer:1", "podTemplate": {"nodeSelector": NOWHERE}},
        }
        release.install(values)
        release.write_kubeconfig(kubeconfig)
        operator = operators.start(release.settings(tmp_path / "etc"))
        with PlayedPods(kube, namespace, a_score):
            team.apply(*team.hypotheses("other"), team.study(retention={"finishedJobsSeconds": 0}))
            team.wait("Succeeded", seconds=60)
            team.kubectl("wait", "hyp", "--all", "--for=condition=Concluded", "--timeout=30s")
            team.until(lambda: not kube.list(JOBS, namespace), lambda: str(kube.list(JOBS, namespace)), seconds=30)
        assert {"Accepted", "Succeeded"} <= team.events().keys()
        assert 'code="403"' not in operator.scrape()
        assert "cannot" not in operator.log()
        assert operator.stop() == 0
    with closing(Kube.from_kubeconfig(kubeconfig)) as limited:
        the_operator_may_not_do_more(limited, namespace, other_namespace)


def a_score(item: TrialRequest) -> float:
    return 0.8 + 0.01 * item.seed + 0.001 * len(item.hypothesis)


def the_operator_may_not_do_more(kube: Kube, namespace: str, other_namespace: str) -> None:
    """Requests with the service account's token."""
    assert [each["metadata"]["name"] for each in kube.list(STUDIES, namespace)] == ["digits"]
    refused: list[Callable[[], object]] = [
        lambda: kube.list(SECRETS, namespace),
        lambda: kube.get(SECRETS, namespace, "assay-s3"),
        lambda: kube.create(PODS, namespace, A_POD),
        lambda: kube.delete(PODS, namespace, "plain"),
        lambda: kube.delete(STUDIES, namespace, "digits"),
        lambda: kube.annotate(STUDIES, namespace, "digits", {"a": "b"}, manager="assay"),
        lambda: kube.list(NAMESPACES, None),
        lambda: kube.list(STUDIES, None),
        lambda: kube.list(STUDIES, other_namespace),
        lambda: kube.create(JOBS, other_namespace, {"apiVersion": "batch/v1", "kind": "Job"}),
    ]
    for number, request in enumerate(refused):
        with pytest.raises(KubeError) as error:
            request()
        assert (number, error.value.code) == (number, 403)
        assert "cannot" in error.value.message  # said of rights; what is refused for another reason has other words


def test_network_policies_are_taken_by_the_api_server(cluster: Cluster, release: Release, namespace: str) -> None:
    rules = [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 443, "protocol": "TCP"}]}]
    policies = {
        "operator": {"enabled": True, "metricsFrom": [{"namespaceSelector": {}}], "egress": rules},
        "trials": {"enabled": True, "egress": rules},
    }
    release.install({**VALUES, "replicas": 0, "namespaces": [namespace], "networkPolicy": policies})
    names = cluster.kubectl("get", "networkpolicies", f"--namespace={namespace}", "--output=name").split()
    assert len(names) == 2


def test_a_namespace_that_enforces_restricted_takes_the_operator_and_the_test(
    cluster: Cluster, release: Release, namespace: str
) -> None:
    enforce_restricted(cluster, namespace)
    with pytest.raises(CommandFailed, match="violates PodSecurity"):
        cluster.apply(A_POD, namespace=namespace)
    release.install({**VALUES, "trainer": {"podTemplate": {"nodeSelector": NOWHERE}}})
    within = f"--namespace={namespace}"

    def names(kind: str, selector: str) -> list[str]:
        return cluster.kubectl("get", kind, f"--selector={selector}", "--output=name", within).split()

    # The Deployment is taken in any case; it is its pod that is looked at.
    operator = "app.kubernetes.io/component=operator"
    wait_until(lambda: len(names("pods", operator)) == 1, "the operator's pod", within_seconds=60)
    hooks = cluster.helm("get", "hooks", release.name, within)
    cluster.kubectl("create", "--dry-run=server", "--filename=-", within, stdin=hooks)


def enforce_restricted(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
