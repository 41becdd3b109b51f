"""What the chart consists of, as real Helm renders it."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.api.crds import custom_resource_definitions
from assay.api.policy import AllowedPods
from assay.api.resources import PodTemplate
from assay.controller.settings import settings_from
from assay.kube import Manifest
from assay.runners.jobs import CacheClaim, TrialSettings
from assay.runners.jobs.manifests.manifest import job_manifest
from assay.store import StoreLimits
from builders.jobs import IMAGE, a_request, a_served_study
from chart.releases import CHART, environment_of, one, rendered
from cluster.tools import helm

pytestmark = pytest.mark.usefixtures("helm_program")

CLUSTER_WIDE = {"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"}
USUAL = {"ServiceAccount", "Deployment", "Service", "Pod"}
EVERYTHING: dict[str, Any] = {
    "namespaces": ["vision", "speech"],
    "metrics": {"podMonitor": {"enabled": True}},
    "trainer": {"podTemplate": {"priorityClassName": "low"}},
    "networkPolicy": {
        "operator": {
            "enabled": True,
            "metricsFrom": [{"namespaceSelector": {}}],
            "egress": [{"ports": [{"port": 443}]}],
        },
        "trials": {"enabled": True, "egress": [{"ports": [{"port": 443}]}]},
    },
}


def kinds(manifests: list[Manifest]) -> set[str]:
    return {manifest["kind"] for manifest in manifests}


def definitions(manifests: list[Manifest]) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] == "CustomResourceDefinition"}


def test_as_it_comes_it_serves_all_namespaces() -> None:
    assert kinds(rendered()) == USUAL | CLUSTER_WIDE


def test_for_some_namespaces_nothing_but_the_resource_definitions_is_cluster_wide() -> None:
    manifests = rendered({"namespaces": ["vision", "speech"]})
    assert kinds(manifests) == USUAL | {"CustomResourceDefinition", "Role", "RoleBinding"}
    places = [(each["kind"], each["metadata"]["namespace"]) for each in manifests if each["kind"].startswith("Role")]
    assert sorted(places) == [(kind, name) for kind in ("Role", "RoleBinding") for name in ("speech", "vision")]
    assert environment_of(one(manifests, "Deployment"))["ASSAY_NAMESPACES"] == "vision,speech"


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["as it comes", "everything"])
def test_every_object_says_what_it_belongs_to_and_where_it_is(values: dict[str, Any]) -> None:
    for manifest in rendered(values):
        labels = manifest["metadata"]["labels"]
        want = {"name": "assay", "instance": "demo", "managed-by": "Helm", "part-of": "assay", "version": "0.1.0"}
        assert {name: labels[f"app.kubernetes.io/{name}"] for name in want} == want
        assert ("namespace" in manifest["metadata"]) == (manifest["kind"] not in CLUSTER_WIDE)


def test_the_resource_definitions_are_what_the_models_say_and_are_kept() -> None:
    found = definitions(rendered())
    want = {each["metadata"]["name"]: each["spec"] for each in custom_resource_definitions().values()}
    assert {name: each["spec"] for name, each in found.items()} == want
    for each in found.values():
        assert each["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_the_resource_definitions_may_go_with_the_release_or_be_somebody_elses() -> None:
    assert all(
        "annotations" not in each["metadata"] for each in definitions(rendered({"crds": {"keep": False}})).values()
    )
    assert definitions(rendered({"crds": {"enabled": False}})) == {}


def test_the_default_pod_template_reaches_the_operator_which_restarts_when_it_changes() -> None:
    template = {
        "resources": {"limits": {"cpu": 2, "memory": "4Gi", "nvidia.com/gpu": 1}},
        "tolerations": [{"key": "gpu", "operator": "Exists", "tolerationSeconds": 100_000_000}],
        "env": [{"name": "NOTE", "value": "100000000"}],
    }
    manifests = rendered({"trainer": {"podTemplate": template}})
    (data,) = one(manifests, "ConfigMap")["data"].values()
    assert yaml.safe_load(data) == template
    pod = one(manifests, "Deployment")["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    (volume,) = [each for each in pod["spec"]["volumes"] if "configMap" in each]
    (mount,) = [each for each in container["volumeMounts"] if each["name"] == volume["name"]]
    (file,) = one(manifests, "ConfigMap")["data"]
    assert volume["configMap"]["name"] == one(manifests, "ConfigMap")["metadata"]["name"]
    assert environment_of(one(manifests, "Deployment"))["ASSAY_POD_TEMPLATE"] == f"{mount['mountPath']}/{file}"
    other = rendered({"trainer": {"podTemplate": {**template, "priorityClassName": "low"}}})
    assert one(other, "Deployment")["spec"]["template"]["metadata"] != pod["metadata"]
    assert "ConfigMap" not in kinds(rendered())


def test_the_operator_understands_all_settings(tmp_path: Path) -> None:
    digest = "sha256:" + "0" * 64
    values = {
        "namespaces": ["vision"],
        "store": {
            "uri": "s3://results/assay",
            "endpoint": "http://s3.example:8333",
            "region": "eu-1",
            "pathStyle": False,
            "secret": "s3",
        },
        "datasets": {"allow": ["s3://data", "s3://of-{namespace}/x"]},
        "trainer": {
            "image": f"registry.example/trainer@{digest}",
            "serviceAccount": "trials",
            "podTemplate": {"labels": {"team": "vision"}},
            "allow": {"secrets": [], "images": ["registry.example/team/*"]},
            "scratch": "500Mi",
            "cache": {"claim": "blocks", "size": "1Gi"},
            "pendingSeconds": 90,
        },
        "limits": {"jobs": 70, "parallelism": 7, "manifest": "8Mi", "result": 4096, "names": 2_000_000},
        "workers": 3,
        "log": {"format": "text", "level": "debug"},
    }
    manifests = rendered(values)
    template = tmp_path / "template.yaml"
    template.write_text(*one(manifests, "ConfigMap")["data"].values())
    settings = settings_from({**environment_of(one(manifests, "Deployment")), "ASSAY_POD_TEMPLATE": str(template)})
    assert (settings.store, settings.namespaces) == ("s3://results/assay", ("vision",))
    assert (settings.jobs, settings.trials.parallelism) == (70, 7)
    assert settings.datasets == ("s3://data", "s3://of-{namespace}/x")
    assert settings.trials.scratch == "500Mi"
    assert settings.trials.cache == CacheClaim("blocks", 1 << 30)
    assert settings.allow == AllowedPods(secrets=(), images=("registry.example/team/*",))
    assert settings.limits == StoreLimits(manifest=8 << 20, result=4096, names=2_000_000)
    assert (settings.workers, settings.log_format, settings.log_level) == (3, "text", "debug")
    assert settings.trials.image == f"registry.example/trainer@{digest}"
    assert settings.trials.pod_template == PodTemplate(labels={"team": "vision"})
    assert settings.trials.environment == {
        "ASSAY_S3_ADDRESSING_STYLE": "virtual",
        "AWS_ENDPOINT_URL_S3": "http://s3.example:8333",
        "AWS_REGION": "eu-1",
    }
    assert (settings.trials.environment_secret, settings.trials.service_account) == ("s3", "trials")
    assert settings.trials.pending_seconds == 90
    for pod in (one(manifests, "Deployment")["spec"]["template"]["spec"], one(manifests, "Pod")["spec"]):
        assert pod["containers"][0]["envFrom"] == [{"secretRef": {"name": "s3"}}]


def test_the_example_for_several_teams_keeps_each_to_its_own() -> None:
    manifests = rendered(yaml.safe_load((CHART.parents[1] / "examples" / "teams.yaml").read_text()))
    assert not any(each["kind"] in ("ClusterRole", "ClusterRoleBinding") for each in manifests)
    settings = settings_from(environment_of(one(manifests, "Deployment")))
    assert settings.namespaces == ("team-a", "team-b")
    assert settings.policy.data.allows("s3://bucket/assay/team-a/x/manifest.json", "team-a")
    assert not settings.policy.data.allows("s3://bucket/assay/team-b/x/manifest.json", "team-a")
    allowed = settings.policy.pods
    assert None not in (allowed.secrets, allowed.service_accounts, allowed.images)


def test_as_it_comes_the_operator_has_its_own_defaults() -> None:
    environment = environment_of(one(rendered(), "Deployment"))
    settings = settings_from(environment)
    assert settings == settings_from({"ASSAY_STORE": "s3://results/assay", "ASSAY_LOG_FORMAT": "json"})
    ports = {
        each["name"]: each["containerPort"]
        for each in one(rendered(), "Deployment")["spec"]["template"]["spec"]["containers"][0]["ports"]
    }
    assert ports == {"health": settings.health_port, "metrics": settings.metrics_port}


def test_where_pods_go_and_what_they_are_given_holds_for_operator_and_test() -> None:
    shared: dict[str, Any] = {
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"pool": "system"},
        "tolerations": [{"key": "system", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
    }
    environment = {"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"}
    volume, mount = {"name": "ca", "configMap": {"name": "ca"}}, {"name": "ca", "mountPath": "/etc/ca"}
    manifests = rendered({**shared, "extraEnv": [environment], "volumes": [volume], "volumeMounts": [mount]})
    for pod in (one(manifests, "Deployment")["spec"]["template"]["spec"], one(manifests, "Pod")["spec"]):
        assert {name: pod[name] for name in shared} == shared
        assert environment in pod["containers"][0]["env"]
        assert volume in pod["volumes"]
        assert mount in pod["containers"][0]["volumeMounts"]


def test_pods_write_to_tmp_alone_and_the_test_has_no_token() -> None:
    manifests = rendered({"trainer": {"podTemplate": {"priorityClassName": "low"}}})
    operator, test = one(manifests, "Deployment")["spec"]["template"]["spec"], one(manifests, "Pod")["spec"]
    for pod in (operator, test):
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert [each["mountPath"] for each in container["volumeMounts"] if not each.get("readOnly")] == ["/tmp"]
    tokens = [each["automountServiceAccountToken"] for each in (one(manifests, "ServiceAccount"), operator, test)]
    assert tokens == [False, True, False]


def test_rights_and_service_account_may_be_somebody_elses() -> None:
    manifests = rendered({"rbac": {"create": False}, "serviceAccount": {"create": False, "name": "ours"}})
    assert kinds(manifests) == {"CustomResourceDefinition", "Deployment", "Service", "Pod"}
    assert one(manifests, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"] == "ours"
    manifests = rendered({"serviceAccount": {"name": "ours", "annotations": {"identity.example/role": "assay"}}})
    account = one(manifests, "ServiceAccount")["metadata"]
    assert (account["name"], account["annotations"]) == ("ours", {"identity.example/role": "assay"})
    assert one(manifests, "ClusterRoleBinding")["subjects"] == [
        {"kind": "ServiceAccount", "name": "ours", "namespace": "assay-system"}
    ]


@pytest.mark.parametrize(
    ("image", "want"),
    [
        ({}, "registry.example/assay-operator:0.1.0"),
        ({"tag": "1.2.3"}, "registry.example/assay-operator:1.2.3"),
        ({"tag": "1.2.3", "digest": "sha256:" + "0" * 64}, "registry.example/assay-operator@sha256:" + "0" * 64),
    ],
    ids=["of the chart's version", "by tag", "by digest"],
)
def test_operator_and_test_run_the_same_image(image: dict[str, str], want: str) -> None:
    manifests = rendered({"image": {"repository": "registry.example/assay-operator", **image}})
    assert one(manifests, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"] == want
    assert one(manifests, "Pod")["spec"]["containers"][0]["image"] == want


def test_service_and_pod_monitor_find_the_operator_and_not_the_test() -> None:
    manifests = rendered(EVERYTHING)
    operator = one(manifests, "Deployment")["spec"]["template"]
    ports = {each["name"] for each in operator["spec"]["containers"][0]["ports"]}
    service, monitor = one(manifests, "Service")["spec"], one(manifests, "PodMonitor")["spec"]
    assert {service["ports"][0]["targetPort"], monitor["podMetricsEndpoints"][0]["port"]} <= ports
    for selector in (service["selector"], monitor["selector"]["matchLabels"]):
        assert selector.items() <= operator["metadata"]["labels"].items()
        assert not selector.items() <= one(manifests, "Pod")["metadata"]["labels"].items()


def test_who_does_not_use_kueue_need_not_give_rights_to_it() -> None:
    for kueue, want in ((True, ["list"]), (False, [])):
        role = one(rendered({"rbac": {"kueue": kueue}, "namespaces": ["vision"]}), "Role")
        assert [verb for rule in role["rules"] for verb in rule["verbs"] if "workloads" in rule["resources"]] == want


def test_network_policies_are_of_the_operator_and_of_the_pods_of_trials() -> None:
    manifests = rendered(EVERYTHING)
    assert "NetworkPolicy" not in kinds(rendered())
    policies = {each["metadata"]["namespace"]: each["spec"] for each in manifests if each["kind"] == "NetworkPolicy"}
    operator = policies.pop("assay-system")
    pod = one(manifests, "Deployment")["spec"]["template"]
    assert operator["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    ports = {each["name"] for each in pod["spec"]["containers"][0]["ports"]}
    assert {port["port"] for rule in operator["ingress"] for port in rule["ports"]} == ports
    (everybody, test) = operator["ingress"][1]["from"]
    assert everybody == {"namespaceSelector": {}}
    assert test["podSelector"]["matchLabels"].items() <= one(manifests, "Pod")["metadata"]["labels"].items()
    (selector,) = {yaml.safe_dump(each["podSelector"]) for each in policies.values()}
    job = job_manifest(
        a_served_study(), a_request(trials=1), "s3://assay/team/requests/1.json", TrialSettings(image=IMAGE)
    )
    (expression,) = yaml.safe_load(selector)["matchExpressions"]
    assert expression["key"] in job["spec"]["template"]["metadata"]["labels"]
    assert {name: each["ingress"] for name, each in policies.items()} == {"vision": [], "speech": []}
    for each in (operator, *policies.values()):
        assert (each["policyTypes"], each["egress"]) == (["Ingress", "Egress"], [{"ports": [{"port": 443}]}])


def test_two_releases_of_one_name_share_nothing_that_is_outside_of_their_namespaces() -> None:
    here, there = rendered({"crds": {"enabled": False}}), rendered({"crds": {"enabled": False}}, "--namespace=other")
    names = [{each["metadata"]["name"] for each in both if each["kind"] in CLUSTER_WIDE} for both in (here, there)]
    assert names[0].isdisjoint(names[1])


def test_helm_finds_nothing_to_complain_of() -> None:
    done = subprocess.run([helm(), "lint", "--strict", CHART], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "[WARNING]" not in done.stdout


def test_a_packed_chart_is_the_same(tmp_path: Path) -> None:
    subprocess.run([helm(), "package", CHART, f"--destination={tmp_path}"], check=True, capture_output=True)
    (packed,) = tmp_path.iterdir()
    assert rendered(EVERYTHING, chart=packed) == rendered(EVERYTHING)


def test_its_version_is_the_projects() -> None:
    project = tomllib.loads((CHART.parents[1] / "pyproject.toml").read_text())["project"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == project["version"]
