"""One cluster with Assay installed for the tests of this folder, and a team for each of their modules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.kube import Kube
from builders.s3_server import S3Server
from cluster.fixtures import skipped_where_unavailable
from cluster.installation import Installation
from cluster.local import start_control_plane
from e2e_cluster.person import Person
from images.built import BuiltImages

TEAMS = ("first", "troubles")


@pytest.fixture(scope="package")
def installation(
    images: BuiltImages, cluster_programs: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Installed with helm, for all namespaces, in a cluster where nothing was before."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "s3").mkdir()
    with skipped_where_unavailable():
        started = start_control_plane(folder / "cluster", reachable_from_pods=True)
    with started as cluster, S3Server(folder / "s3", bind="0.0.0.0", teams=TEAMS) as s3:
        with skipped_where_unavailable():
            cluster.add_node(images.store)
        found = Installation(cluster, images, s3)
        found.install()
        for team in TEAMS:
            found.make_team(team)
        yield found


@pytest.fixture(scope="package")
def store(installation: Installation) -> Iterator[None]:
    """This process finds the store."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in installation.environment.items():
            if name != "KUBECONFIG":
                patch.setenv(name, value)
        yield


@pytest.fixture(scope="package")
def kube(installation: Installation) -> Iterator[Kube]:
    """The API as an administrator has it."""
    client = Kube.from_kubeconfig(installation.cluster.kubeconfig)
    yield client
    client.close()


@pytest.fixture(scope="package")
def person(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody of the team `first`."""
    return Person(installation, TEAMS[0], tmp_path_factory.mktemp("person") / "home")
