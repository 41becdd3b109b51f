"""Installed, upgraded, uninstalled and installed again by Helm, while a study is alive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.kube import JOBS, STUDIES, Kube
from assay_trainer.contract import TrialRequest
from chart.releases import Release
from cluster.commands import CommandFailed
from cluster.local import LocalCluster
from controller.operators import Operators, RunningOperator
from controller.played_pods import PlayedPods
from controller.team import Team

NOWHERE = {"assay.test/played": "true"}


def a_score(item: TrialRequest) -> float:
    return 0.8 + 0.01 * item.seed + 0.001 * len(item.hypothesis)


class Installation:
    """A release on a cluster of its own, whose operator is a process here with the rights and settings of the chart."""

    def __init__(self, cluster: LocalCluster, folder: Path) -> None:
        self.kubeconfig = folder / "operator.kubeconfig"
        self.operators = Operators.of(self.kubeconfig, folder, "")
        self.release = Release(cluster, "assay-system")
        self.values: dict[str, Any] = {
            "replicas": 0,
            "store": {"uri": self.operators.store.as_uri()},
            "trainer": {"image": "registry.example/assay-trainer:1", "podTemplate": {"nodeSelector": NOWHERE}},
        }
        cluster.kubectl("create", "namespace", self.release.namespace)

    def start_operator(self) -> RunningOperator:
        """Start the operator as its Deployment would."""
        self.release.write_kubeconfig(self.kubeconfig)
        return self.operators.start(self.release.settings(self.operators.folder / "etc"))


@pytest.fixture
def installation(own_cluster: LocalCluster, tmp_path: Path) -> Iterator[Installation]:
    """A release that is still to be installed."""
    found = Installation(own_cluster, tmp_path)
    with found.operators:
        yield found


def test_a_study_outlives_upgrades_and_the_release(
    installation: Installation, own_cluster: LocalCluster, dataset: str
) -> None:
    release, values = installation.release, installation.values
    own_cluster.kubectl("create", "namespace", "vision")
    kube = Kube.from_kubeconfig(own_cluster.kubeconfig)
    team = Team(own_cluster, kube, "vision", dataset)
    release.install(values)
    first = installation.start_operator()
    with PlayedPods(kube, "vision", lambda _: None) as pods:
        team.apply(*team.hypotheses("other"), team.study(budget={"parallelism": 4}))
        team.until(lambda: len(pods.started) == 4, lambda: str(pods.started), seconds=60)
        uid = team.get()["metadata"]["uid"]

        # New settings: another pod of the operator, and new trials that are made by them.
        before = release.get("deployment", release.name)["spec"]["template"]
        changed = {**values["trainer"], "podTemplate": {"nodeSelector": NOWHERE, "labels": {"cost-centre": "7"}}}
        release.upgrade({**values, "trainer": changed})
        assert release.get("deployment", release.name)["spec"]["template"] != before
        assert first.stop() == 0
        second = installation.start_operator()
        pods.outcome = lambda item: a_score(item) if item.seed == 0 else None
        team.until(lambda: len(pods.started) == 8, lambda: str(pods.started), seconds=60)
        labelled = team.kubectl("get", "pods", "--selector=cost-centre=7", "--output=name").split()
        assert len(labelled) == 4

        # Without the release: nobody looks, but nothing is lost, and what runs comes to its end.
        assert second.stop() == 0
        release.uninstall()
        assert own_cluster.kubectl("get", "clusterroles", "--output=name").count("assay") == 0
        assert team.get()["metadata"]["uid"] == uid
        pods.outcome = a_score
        team.until(lambda: pods.running() == 0, lambda: str(pods.started), seconds=60)
        assert len(kube.list(JOBS, "vision")) == 8

        # And again: it goes on from there.
        release.install(values)
        third = installation.start_operator()
        team.wait("Succeeded", seconds=60)
        team.kubectl("wait", "hyp", "--all", "--for=condition=Concluded", "--timeout=60s")
    assert team.get()["metadata"]["uid"] == uid
    assert set(Counter(pods.started).values()) == {1}
    assert len(pods.started) == 8
    for operator in (first, second, third):
        assert "cannot" not in operator.log()
    assert 'code="403"' not in third.scrape()
    kube.close()


def test_the_resource_definitions_are_handed_on_only_on_request_and_go_only_on_request(
    installation: Installation, own_cluster: LocalCluster, dataset: str
) -> None:
    release, values = installation.release, installation.values
    kube = Kube.from_kubeconfig(own_cluster.kubeconfig)
    own_cluster.kubectl("create", "namespace", "other")
    release.install(values)
    own_cluster.kubectl("wait", "crd", "proxystudies.assay.dev", "--for=condition=Established", "--timeout=60s")
    team = Team(own_cluster, kube, "other", dataset)
    team.apply(team.study())
    release.uninstall()
    other = Release(own_cluster, "other", "another-assay")
    with pytest.raises(CommandFailed, match="invalid ownership metadata"):
        other.install(values)
    other.install(values, "--take-ownership")
    assert [each["metadata"]["name"] for each in kube.list(STUDIES, "other")] == ["digits"]
    other.upgrade({**values, "crds": {"keep": False}})
    other.uninstall()
    assert "assay.dev" not in own_cluster.kubectl("get", "crds", "--output=name")
    kube.close()
