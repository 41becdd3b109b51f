"""What the installation does not allow studies is refused by name: data that the operator reads, what pods name."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.kube import JOBS, Kube
from assay_trainer.contract import TrialRequest
from cluster.client import Cluster
from controller.operators import Operators
from controller.played_pods import PlayedPods
from controller.team import Team


def a_score(item: TrialRequest) -> float:
    return 0.8 + 0.01 * item.seed + 0.001 * len(item.hypothesis)


@pytest.fixture(scope="module")
def store(
    cluster: Cluster, custom_resources: None, tmp_path_factory: pytest.TempPathFactory, dataset: str
) -> Iterator[Path]:
    """Yield the store of an operator that lets studies ask for little; beside it is a folder of data sets."""
    with Operators.of(cluster.kubeconfig, tmp_path_factory.mktemp("operator"), "") as operators:
        operator = operators.start(
            {
                "ASSAY_DATASETS": "",
                "ASSAY_TRIAL_ENV_SECRET": "assay-s3",
                "ASSAY_TRIAL_ALLOW": json.dumps({"secrets": [], "images": ["registry.example/team/*"]}),
            }
        )
        shutil.copytree(folder_of(dataset), operators.store.with_name("datasets") / "tiny")
        shutil.copytree(folder_of(dataset), operators.store / "other-team" / "tiny")
        yield operators.store
        assert operator.process.running


def folder_of(manifest: str) -> Path:
    return Path(manifest.removeprefix("file://")).parent


def said_of(team: Team, uri: str, study: str = "digits", resource: str = "ProxyStudy/digits") -> str:
    """Return what a study that names this URI is told; it must not depend on whether anything is there."""
    said = team.wait("Accepted", status="False", reason="NotAllowed", study=study)
    want = f'{resource}: spec.dataset.manifest: given "{uri}"; allowed: what is below '
    assert said.startswith(want)
    return said.removeprefix(want)


def test_of_what_is_outside_nobody_learns_whether_it_is_there(team: Team, store: Path, tmp_path: Path) -> None:
    team.apply(*team.hypotheses("other"))
    os.mkfifo(tmp_path / "manifest.json")
    beside = store.with_name("datasets").as_uri()
    uris = [
        "file:///dev/zero",
        "file:///proc/self/environ",
        "file:///nowhere/manifest.json",
        (tmp_path / "manifest.json").as_uri(),
        f"{store.as_uri()}/other-team/tiny/manifest.json",
        f"{store.as_uri()}/other-team/no-such/manifest.json",
        f"{beside}/%2e%2e/store/other-team/tiny/manifest.json",
        f"{beside}-of-others/tiny/manifest.json",
        "s3://somebody-elses-bucket/manifest.json",
    ]
    studies = {f"s{number}": uri for number, uri in enumerate(uris)}
    team.apply(*(team.study(name, dataset={"manifest": uri}) for name, uri in studies.items()))
    shown = {name: uri if len(uri) <= 120 else uri[:119] + "…" for name, uri in studies.items()}
    told = {said_of(team, uri, name, f"ProxyStudy/{name}") for name, uri in shown.items()}
    assert told == {f"{beside}/ or {store.as_uri()}/{team.namespace}/, as whoever installed Assay has set"}
    with pytest.raises(OSError, match="No such device or address"):  # what it says of a pipe that nobody reads
        os.open(tmp_path / "manifest.json", os.O_WRONLY | os.O_NONBLOCK)


def test_a_hypothesis_may_name_no_more_than_a_study_nor_by_a_link(team: Team, store: Path, dataset: str) -> None:
    own = store / team.namespace
    own.mkdir()
    (own / "link").symlink_to(folder_of(dataset))
    uri = f"{own.as_uri()}/link/manifest.json"
    team.apply(*team.hypotheses(), team.hypothesis("cleaned", dataset={"manifest": uri}))
    team.apply(team.study(dataset={"manifest": f"{store.with_name('datasets').as_uri()}/tiny/manifest.json"}))
    shown = uri if len(uri) <= 120 else uri[:119] + "…"
    said_of(team, shown, resource="Hypothesis/cleaned")


def test_what_is_inside_is_read_and_said_as_ever(kube: Kube, team: Team, store: Path, dataset: str) -> None:
    own = store / team.namespace / "data"
    shutil.copytree(folder_of(dataset), own)
    team.apply(*team.hypotheses(), team.hypothesis("cleaned", dataset={"manifest": f"{own.as_uri()}/manifest.json"}))
    there = store.with_name("datasets").as_uri()
    team.apply(team.study(dataset={"manifest": f"{there}/none/manifest.json"}))
    assert "where there is nothing" in team.wait("Accepted", status="False", reason="DatasetNotReadable")
    with PlayedPods(kube, team.namespace, a_score):
        team.apply(team.study(dataset={"manifest": f"{there}/tiny/manifest.json"}))
        team.wait("Succeeded")


def test_a_study_names_what_is_allowed_and_has_what_the_installation_gives(
    kube: Kube, team: Team, store: Path, dataset: str
) -> None:
    data = {"manifest": f"{store.with_name('datasets').as_uri()}/tiny/manifest.json"}
    image = "registry.example/elsewhere/trainer@sha256:" + "0" * 64
    template = {"envFrom": [{"secretRef": {"name": "admin"}}], "imagePullSecrets": [{"name": "registry"}]}
    trainer = {"entrypoint": "team.train:run", "podTemplate": template}
    branch = team.hypothesis("branch", trainer={"image": image})
    team.apply(*team.hypotheses(), branch, team.study(dataset=data, trainer=trainer))
    said = team.wait("Accepted", status="False", reason="NotAllowed")
    assert f'Hypothesis/branch: spec.trainer.image: given "{image}"; allowed: registry.example/team/*' in said
    field = "ProxyStudy/digits: spec.trainer.podTemplate.envFrom[0].secretRef.name"
    assert f'{field}: given "admin"; allowed: no Secret at all' in said
    assert said.endswith("; and 1 more")
    assert kube.list(JOBS, team.namespace) == []
    team.apply(team.hypothesis("branch", trainer={"image": image.replace("elsewhere", "team")}))
    trainer = {"entrypoint": "team.train:run", "podTemplate": {"serviceAccountName": "of-the-team"}}
    team.apply(team.study(dataset=data, trainer=trainer, retention={"finishedJobsSeconds": 3600}))
    with PlayedPods(kube, team.namespace, a_score):
        team.kubectl("create", "serviceaccount", "of-the-team")
        team.wait("Succeeded")
    pods = [job["spec"]["template"]["spec"] for job in kube.list(JOBS, team.namespace)]
    assert {pod["serviceAccountName"] for pod in pods} == {"of-the-team"}
    assert all({"secretRef": {"name": "assay-s3"}} in pod["containers"][0]["envFrom"] for pod in pods)
