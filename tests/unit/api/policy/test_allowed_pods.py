"""Which Secrets, service accounts and images studies may name."""

from __future__ import annotations

from typing import Any

import pytest

from assay.api.policy import AllowedPods, AllowedUris, Policy, not_allowed
from assay.api.resources import PodTemplate, TrainerOverride, TrainerSpec
from builders.manifests import a_hypothesis, a_proxy_study

DATA = AllowedUris(("file:///data",))
"""Where the builders' studies have theirs."""

DIGEST = "@sha256:" + "0" * 64
SET = "as whoever installed Assay has set"


def problems(allowed: AllowedPods, template: dict[str, Any], image: str | None = None) -> list[str]:
    trainer = TrainerSpec(entrypoint="team.train:run", image=image, pod_template=PodTemplate.model_validate(template))
    found = not_allowed(
        a_proxy_study(namespace="vision", trainer=trainer), [a_hypothesis("baseline")], Policy(DATA, allowed)
    )
    return [str(problem) for problem in found]


WAYS_TO_NAME_A_SECRET: list[tuple[str, dict[str, Any]]] = [
    (
        "env[1].valueFrom.secretKeyRef.name",
        {"env": [{"name": "A"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "admin", "key": "k"}}}]},
    ),
    ("envFrom[0].secretRef.name", {"envFrom": [{"secretRef": {"name": "admin"}}]}),
    ("volumes[0].secret.secretName", {"volumes": [{"name": "v", "secret": {"secretName": "admin"}}]}),
    (
        "volumes[0].projected.sources[1].secret.name",
        {"volumes": [{"name": "v", "projected": {"sources": [{"downwardAPI": {}}, {"secret": {"name": "admin"}}]}}]},
    ),
    (
        "volumes[0].projected.sources[0].secret.name",
        {"volumes": [{"projected": {"sources": [{"secret": {"secretName": "tracker", "name": "admin"}}]}}]},
    ),
    (
        "volumes[0].csi.nodePublishSecretRef.name",
        {"volumes": [{"name": "v", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "admin"}}}]},
    ),
    (
        "volumes[0].csi.volumeAttributes.secretname",
        {"volumes": [{"csi": {"driver": "file.csi.azure.com", "volumeAttributes": {"secretname": "admin"}}}]},
    ),
    ("volumes[0].cephfs.secretRef.name", {"volumes": [{"cephfs": {"secretRef": {"name": "admin"}}}]}),
    ("volumes[0].rbd.secretRef.name", {"volumes": [{"rbd": {"secretRef": {"name": "admin"}}}]}),
    ("volumes[0].iscsi.secretRef.name", {"volumes": [{"iscsi": {"secretRef": {"name": "admin"}}}]}),
    ("volumes[0].flexVolume.secretRef.name", {"volumes": [{"flexVolume": {"secretRef": {"name": "admin"}}}]}),
    ("volumes[0].azureFile.secretName", {"volumes": [{"azureFile": {"secretName": "admin", "shareName": "s"}}]}),
    ("imagePullSecrets[1].name", {"imagePullSecrets": [{"name": "tracker"}, {"name": "admin"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "template"), WAYS_TO_NAME_A_SECRET, ids=[path for path, _ in WAYS_TO_NAME_A_SECRET])
def test_a_secret_may_be_named_only_if_it_is_listed(path: str, template: dict[str, Any]) -> None:
    want = f'ProxyStudy/digits: spec.trainer.podTemplate.{path}: given "admin"; allowed: '
    assert problems(AllowedPods(secrets=("tracker", "team-*")), template) == [f"{want}tracker or team-*, {SET}"]
    assert f"{want}no Secret at all, {SET}" in problems(AllowedPods(secrets=()), template)
    assert problems(AllowedPods(secrets=("tracker", "ad*")), template) == []
    assert problems(AllowedPods(service_accounts=(), images=()), template) == []


@pytest.mark.parametrize("source", [{"secret": {}}, {"secret": None}, {"secret": {"secretName": 5}}, {"secret": []}])
def test_a_secret_without_a_name_is_none_that_is_listed(source: dict[str, Any]) -> None:
    (said,) = problems(AllowedPods(secrets=("tracker",)), {"volumes": [{"name": "v", **source}]})
    assert 'given ""; allowed: tracker' in said


def test_what_names_no_secret_is_nobodys_concern() -> None:
    template = {
        "env": [{"name": "SECRET", "value": "admin"}, {"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}],
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "volumes": [{"name": "secret", "configMap": {"name": "code"}}, {"name": "v", "emptyDir": {}}],
    }  # fmt: skip
    assert problems(AllowedPods(secrets=(), service_accounts=(), images=()), template) == []


def test_a_service_account_may_be_named_only_if_it_is_listed() -> None:
    path = "ProxyStudy/digits: spec.trainer.podTemplate.serviceAccountName"
    template = {"serviceAccountName": "admin"}
    assert problems(AllowedPods(service_accounts=("trials",)), template) == [
        f'{path}: given "admin"; allowed: trials, {SET}'
    ]
    assert problems(AllowedPods(service_accounts=()), template) == [
        f'{path}: given "admin"; allowed: no service account at all, {SET}'
    ]
    assert problems(AllowedPods(service_accounts=("trials", "adm?n")), template) == []
    assert problems(AllowedPods(secrets=(), images=()), template) == []


@pytest.mark.parametrize(
    ("image", "listed"),
    [
        ("registry.example/team/trainer", True),
        ("registry.example/team/sub/trainer", True),
        ("registry.example/team-2/trainer", False),
        ("registry.example.evil.example/team/trainer", False),
        ("evil.example/registry.example/team/trainer", False),
        ("trainer", False),
    ],
)
def test_an_image_may_be_named_only_if_it_is_listed(image: str, listed: bool) -> None:
    allowed = AllowedPods(images=("registry.example/team/*",))
    told = [f'spec.trainer.image: given "{image}{DIGEST}"; allowed: registry.example/team/*, {SET}']
    assert problems(allowed, {}, image + DIGEST) == ([] if listed else [f"ProxyStudy/digits: {told[0]}"])
    branch = a_hypothesis("branch", trainer=TrainerOverride(image=image + DIGEST))
    found = not_allowed(a_proxy_study(namespace="vision"), [a_hypothesis("baseline"), branch], Policy(DATA, allowed))
    assert [str(problem) for problem in found] == ([] if listed else [f"Hypothesis/branch: {told[0]}"])


def test_an_image_is_one_in_a_volume_too() -> None:
    volume = {"name": "v", "image": {"reference": f"evil.example/x{DIGEST}"}}
    (said,) = problems(AllowedPods(images=("registry.example/*",)), {"volumes": [volume]})
    assert said.startswith("ProxyStudy/digits: spec.trainer.podTemplate.volumes[0].image.reference: given ")


def test_without_a_list_everything_may_be_named_and_what_the_installation_gives_needs_none() -> None:
    template = {"envFrom": [{"secretRef": {"name": "admin"}}], "serviceAccountName": "admin"}
    assert problems(AllowedPods(), template, f"anything{DIGEST}") == []
    assert problems(AllowedPods(secrets=(), service_accounts=(), images=()), {}) == []
