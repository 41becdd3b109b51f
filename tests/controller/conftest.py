"""A namespace with an operator, and what its users do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.kube import Kube
from builders.datasets import tiny_dataset
from cluster.client import Cluster
from controller.operators import Operators, RunningOperator
from controller.team import Team


@pytest.fixture
def kube(cluster: Cluster) -> Iterator[Kube]:
    """Yield the API as an administrator has it."""
    client = Kube.from_kubeconfig(cluster.kubeconfig)
    yield client
    client.close()


@pytest.fixture
def operators(cluster: Cluster, custom_resources: None, namespace: str, tmp_path: Path) -> Iterator[Operators]:
    """Yield what starts operators for the test's namespace; all of them end with the test."""
    with Operators.of(cluster.kubeconfig, tmp_path, namespace) as found:
        yield found


@pytest.fixture(scope="module")
def operator(
    cluster: Cluster, custom_resources: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningOperator]:
    """Yield an operator that serves all namespaces, for the tests of a module."""
    with Operators.of(cluster.kubeconfig, tmp_path_factory.mktemp("operator"), "") as operators:
        yield operators.start()


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URI of a data set's manifest."""
    return tiny_dataset(tmp_path_factory.mktemp("dataset")).manifest


@pytest.fixture
def team(cluster: Cluster, kube: Kube, namespace: str, dataset: str) -> Team:
    """Return a team that writes hypotheses and studies with kubectl."""
    return Team(cluster, kube, namespace, dataset)
