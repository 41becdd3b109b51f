"""Values: what may be said, what Helm answers to the rest, and that all of it is described."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from assay.api.resources import PodTemplate
from assay.api.schema import structural_schema
from chart.releases import CHART, Refused, rendered
from cluster.tools import helm

pytestmark = pytest.mark.usefixtures("helm_program")

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())


@pytest.mark.parametrize(
    ("values", "path", "what"),
    [
        ({"sotre": {}}, "''", "'sotre' not allowed"),
        ({"store": {"uri": "s3://results", "enpoint": "x"}}, "'/store'", "'enpoint' not allowed"),
        ({"trainer": {"podTemplate": {"nodeSelektor": {}}}}, "'/trainer/podTemplate'", "'nodeSelektor' not allowed"),
        (
            {"trainer": {"podTemplate": {"resources": {"limit": {"cpu": 1}}}}},
            "'/trainer/podTemplate/resources'",
            "'limit' not allowed",
        ),
        (
            {"trainer": {"podTemplate": {"env": [{"name": "A", "vlaue": "1"}]}}},
            "'/trainer/podTemplate/env/0'",
            "'vlaue' not allowed",
        ),
        ({"metrics": {"podMonitor": {"enable": True}}}, "'/metrics/podMonitor'", "'enable' not allowed"),
        ({"store": {"uri": "http://results"}}, "'/store/uri'", "does not match pattern"),
        ({"store": {"uri": "s3://results/../other"}}, "'/store/uri'", "does not match pattern"),
        ({"image": {"repository": "operator:1"}}, "'/image/repository'", "does not match pattern"),
        ({"image": {"repository": "operator", "tag": 1}}, "'/image/tag'", "got number, want string"),
        ({"image": {"repository": "operator", "digest": "1234"}}, "'/image/digest'", "does not match pattern"),
        ({"trainer": {"image": "trainer"}}, "'/trainer/image'", "does not match pattern"),
        ({"namespaces": ["Vision"]}, "'/namespaces/0'", "does not match pattern"),
        ({"namespaces": "vision"}, "'/namespaces'", "got string, want array"),
        ({"datasets": {"allow": ["data/digits"]}}, "'/datasets/allow/0'", "does not match pattern"),
        ({"trainer": {"allow": {"secret": []}}}, "'/trainer/allow'", "'secret' not allowed"),
        ({"trainer": {"allow": {"images": "x/*"}}}, "'/trainer/allow/images'", "got string, want array"),
        ({"trainer": {"scratch": "lots"}}, "'/trainer/scratch'", "does not match pattern"),
        ({"limits": {"results": "1Mi"}}, "'/limits'", "'results' not allowed"),
        ({"limits": {"result": "1M"}}, "'/limits/result'", "does not match pattern"),
        ({"limits": {"names": 1}}, "'/limits/names'", "got 1, want 1,000"),
        ({"limits": {"jobs": 0}}, "'/limits/jobs'", "got 0, want 1"),
        ({"networkPolicy": {"enabled": True}}, "'/networkPolicy'", "'enabled' not allowed"),
        ({"workers": 0}, "'/workers'", "got 0, want 1"),
        ({"replicas": 3}, "'/replicas'", "got 3, want 1"),
        ({"log": {"level": "verbose"}}, "'/log/level'", "'debug', 'info', 'warning', 'error'"),
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_with_its_path(values: dict[str, Any], path: str, what: str) -> None:
    with pytest.raises(Refused) as refused:
        rendered(values)
    assert f"at {path}" in str(refused.value)
    assert what in str(refused.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"image": {}}, "image.repository: given nothing; allowed: "),
        ({"store": {}}, "store.uri: given nothing; allowed: s3://bucket/prefix"),
        ({"networkPolicy": {"trials": {"enabled": True}}}, "allowed: true only with `namespaces`"),
        ({"trainer": {"image": "registry.example/trainer:latest"}}, "allowed: an image by digest (name@sha256:…), or"),
    ],
    ids=["no image", "no store", "a policy for no namespace", "a tag that moves"],
)
def test_what_a_schema_can_not_say_is_said_in_a_sentence(values: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refused:
        rendered(values)
    assert said in str(refused.value)


def test_a_chart_that_depends_on_it_may_switch_it_and_have_values_of_its_own(tmp_path: Any) -> None:
    parent = {
        "apiVersion": "v2",
        "name": "platform",
        "version": "1.0.0",
        "dependencies": [
            {"name": "assay", "version": "0.1.0", "repository": CHART.as_uri(), "condition": "assay.enabled"}
        ],
    }
    values = {"image": {"repository": "operator"}, "store": {"uri": "s3://results"}, "enabled": True}
    (tmp_path / "charts").mkdir()
    (tmp_path / "Chart.yaml").write_text(json.dumps(parent))
    (tmp_path / "values.yaml").write_text(json.dumps({"global": {"team": "vision"}, "assay": values}))
    subprocess.run([helm(), "dependency", "build", tmp_path], check=True, capture_output=True)
    assert "Deployment" in {each["kind"] for each in rendered(chart=tmp_path)}


def test_the_default_pod_template_has_the_fields_of_a_studys() -> None:
    # Made from the model, and told to refuse what it does not name.
    assert SCHEMA["$defs"]["podTemplate"] == closed(structural_schema(PodTemplate))


def closed(node: Any) -> Any:
    """The schema, as JSON Schema has it, with nothing allowed but what it names."""
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if key != "format" and not key.startswith("x-kubernetes-")}
    found = {
        key: {name: closed(each) for name, each in value.items()} if key == "properties" else closed(value)
        for key, value in kept.items()
    }
    return {**found, "additionalProperties": False} if "properties" in found else found


def test_every_value_is_described_and_every_object_closed() -> None:
    for path, node in fields(SCHEMA):
        assert node.get("description") or "$ref" in node, path
        assert "properties" not in node or node["additionalProperties"] is False, path


def fields(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, node
    for name, each in node.get("properties", {}).items():
        yield from fields(each, f"{path}.{name}")


def test_the_table_of_the_readme_has_every_value_and_no_other() -> None:
    rows = re.findall(r"^\| (`.*?) \|", (CHART / "README.md").read_text(), re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert described == set(leaves(VALUES))


def leaves(values: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in values.items():
        where = f"{path}{name}"
        if isinstance(value, dict) and value and where != "resources":
            yield from leaves(value, f"{where}.")
        else:
            yield where
