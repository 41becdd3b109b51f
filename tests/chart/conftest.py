"""Releases, and those who use them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.kube import Kube
from builders.datasets import tiny_dataset
from chart.releases import Release
from cluster.client import Cluster
from cluster.fixtures import skipped_where_unavailable
from cluster.tools import helm


@pytest.fixture(scope="session")
def helm_program() -> None:
    """Helm is there."""
    with skipped_where_unavailable():
        helm()


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> str:
    """URI of a data set's manifest."""
    return tiny_dataset(tmp_path_factory.mktemp("dataset")).manifest


@pytest.fixture
def kube(cluster: Cluster) -> Iterator[Kube]:
    """The API as an administrator has it."""
    client = Kube.from_kubeconfig(cluster.kubeconfig)
    yield client
    client.close()


@pytest.fixture
def release(cluster: Cluster, custom_resources: None, namespace: str) -> Iterator[Release]:
    """A release that may be installed into the test's namespace; gone at the end."""
    found = Release(cluster, namespace)
    yield found
    cluster.helm("uninstall", found.name, f"--namespace={namespace}", "--ignore-not-found")


@pytest.fixture
def other_namespace(cluster: Cluster, namespace: str) -> Iterator[str]:
    """A second namespace, where nothing of the release is."""
    name = f"{namespace}-other"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")
