"""The fixtures of tests that need Kubernetes: one cluster for all of a session, a namespace for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cluster.client import Cluster
from cluster.local import LocalCluster, start_control_plane
from cluster.node import can_have_node
from cluster.processes import Processes
from cluster.requirements import Unavailable
from cluster.tools import kubernetes_programs
from images.built import BuiltImages, built_images

CRDS = Path(__file__).parents[2] / "crds"


@contextmanager
def skipped_where_unavailable() -> Iterator[None]:
    """A test that this machine can't run is skipped, and says what to install. (In CI a skip is a failure.)"""
    try:
        yield
    except Unavailable as unavailable:
        pytest.skip(str(unavailable))


@pytest.fixture(scope="session")
def cluster_programs(request: pytest.FixtureRequest) -> None:
    """The programs of a cluster of our own are there."""
    # Building them takes minutes, once on a machine, and says so: past pytest's capture.
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with skipped_where_unavailable(), capture.global_and_fixture_disabled():
        kubernetes_programs()


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster of ASSAY_TEST_KUBECONFIG, or else a control plane of our own; there may be no node for pods."""
    folder = tmp_path_factory.mktemp("cluster")
    existing = os.environ.get("ASSAY_TEST_KUBECONFIG")
    if existing:
        started = Cluster(Path(existing).resolve(), folder, Processes(folder / "logs"))
    else:
        request.getfixturevalue("cluster_programs")
        with skipped_where_unavailable():
            started = start_control_plane(folder, reachable_from_pods=can_have_node())
    with started:
        yield started


@pytest.fixture
def own_cluster(cluster_programs: None, tmp_path: Path) -> Iterator[LocalCluster]:
    """A control plane for this test alone, which may stop its API server, or it."""
    with skipped_where_unavailable():
        started = start_control_plane(tmp_path / "cluster")
    with started:
        yield started


@pytest.fixture(scope="session")
def images(request: pytest.FixtureRequest) -> BuiltImages:
    """The images of operator and trainer, built from this checkout."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with skipped_where_unavailable(), capture.global_and_fixture_disabled():
        return built_images()


@pytest.fixture(scope="session")
def cluster_with_node(cluster: Cluster, request: pytest.FixtureRequest) -> Cluster:
    """The same cluster, with a node that runs real pods. It has the images if any test of the session wants them."""
    if isinstance(cluster, LocalCluster):
        store = None
        if any("images" in item.fixturenames for item in request.session.items if isinstance(item, pytest.Function)):
            with suppress(pytest.skip.Exception):  # tests that need no image run all the same
                store = request.getfixturevalue("images").store
        with skipped_where_unavailable():
            cluster.add_node(store)
    return cluster


@pytest.fixture(scope="session")
def cluster_with_images(images: BuiltImages, cluster_with_node: Cluster) -> LocalCluster:
    """The same cluster; its node has the images."""
    if not isinstance(cluster_with_node, LocalCluster):
        pytest.skip("needs a cluster of its own, since images are not brought to that of ASSAY_TEST_KUBECONFIG")
    return cluster_with_node


@pytest.fixture(scope="session")
def custom_resources(cluster: Cluster) -> None:
    """Assay's resources, known to the API server."""
    cluster.kubectl("apply", "--server-side", "--filename", CRDS)
    cluster.kubectl("wait", "--for=condition=Established", "--filename", CRDS, "--timeout=30s")


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace for this test alone, deleted with all in it afterwards."""
    name = f"test-{os.urandom(4).hex()}"
    cluster.kubectl("create", "namespace", name)
    # The controller manager makes this account; Pods are refused until then.
    cluster.kubectl("wait", f"--namespace={name}", "--for=create", "serviceaccount/default", "--timeout=30s")
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")
