from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import Field

from assay.api.base import Model
from assay.api.crds import crd_texts, custom_resource_definitions, drifted_crds, write_crds
from assay.api.resources import Hypothesis, ProxyStudy
from assay.api.schema import structural_schema

FOLDER = Path(__file__).parents[3] / "crds"
DEFINITIONS = custom_resource_definitions()
SCHEMAS = {
    definition["spec"]["names"]["kind"]: definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for definition in DEFINITIONS.values()
}
BY_KIND = pytest.mark.parametrize("kind", SCHEMAS)

ALLOWED_KEYWORDS = {
    "type", "description", "properties", "required", "items", "additionalProperties", "enum", "pattern", "format",
    "default", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties", "anyOf",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string", "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys", "x-kubernetes-validations",
}  # fmt: skip


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema with the path of what it is of."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if keyword in schema:
            yield from nodes(schema[keyword], path + mark)


def test_the_committed_definitions_are_those_of_the_models() -> None:
    assert drifted_crds(FOLDER) == []


def test_drift_and_missing_files_are_found(tmp_path: Path) -> None:
    written = write_crds(tmp_path / "new")
    assert drifted_crds(tmp_path / "new") == []
    written[0].write_text(written[0].read_text() + "\n")
    written[1].unlink()
    assert drifted_crds(tmp_path / "new") == written


def test_the_text_is_the_definition_without_anchors() -> None:
    for name, text in crd_texts().items():
        assert yaml.safe_load(text) == DEFINITIONS[name]
        assert not re.search(r"[&*]id\d", text)


@BY_KIND
def test_every_value_has_one_type_and_only_keywords_of_structural_schemas(kind: str) -> None:
    for path, schema in nodes(SCHEMAS[kind]):
        assert set(schema) <= ALLOWED_KEYWORDS, path
        if schema.get("x-kubernetes-int-or-string"):
            assert "type" not in schema, path
            assert schema["anyOf"] == [{"type": "integer"}, {"type": "string"}], path
        else:
            assert schema["type"] in {"object", "array", "string", "integer", "boolean"}, path
            assert "anyOf" not in schema, path


@BY_KIND
def test_properties_and_additional_properties_exclude_each_other(kind: str) -> None:
    for path, schema in nodes(SCHEMAS[kind]):
        ways = {"properties", "additionalProperties", "x-kubernetes-preserve-unknown-fields"} & set(schema)
        assert len(ways) == (1 if schema.get("type") == "object" else 0), path
        assert set(schema.get("required", ())) <= set(schema.get("properties", ())), path


@BY_KIND
def test_list_maps_have_a_required_scalar_key(kind: str) -> None:
    for path, schema in nodes(SCHEMAS[kind]):
        assert ("x-kubernetes-list-type" in schema) == (schema.get("type") == "array"), path
        for key in schema.get("x-kubernetes-list-map-keys", ()):
            assert key in schema["items"]["required"], path
            assert schema["items"]["properties"][key]["type"] == "string", path


@BY_KIND
def test_lists_maps_and_texts_of_a_spec_and_a_status_are_bounded(kind: str) -> None:
    bound = {"array": "maxItems", "string": "maxLength", "object": "maxProperties"}
    for path, schema in nodes(SCHEMAS[kind]):
        free = path.split(".")[-1] in {"apiVersion", "kind"} or "enum" in schema or "properties" in schema
        if path and not free and schema.get("type") in bound and not path.endswith("annotations{}"):
            assert bound[schema["type"]] in schema, path


@BY_KIND
def test_every_field_is_described_and_defaults_are_of_the_spec_alone(kind: str) -> None:
    for path, schema in nodes(SCHEMAS[kind]):
        if path and not path.endswith(("[]", "{}")) and not path.startswith(".metadata"):
            assert schema.get("description"), path
        assert "default" not in schema or path.startswith(".spec."), path


@BY_KIND
def test_defaults_are_valid_and_the_models_own(kind: str) -> None:
    for path, schema in nodes(SCHEMAS[kind]):
        if "default" in schema and schema["type"] == "object":
            inner = {name: each["default"] for name, each in schema["properties"].items() if "default" in each}
            assert schema["default"] == inner, path
        if "default" in schema and "enum" in schema:
            assert schema["default"] in schema["enum"], path


@BY_KIND
def test_no_field_is_a_float(kind: str) -> None:
    assert {schema.get("type") for _, schema in nodes(SCHEMAS[kind])}.isdisjoint({"number"})


@BY_KIND
def test_rules_have_messages_and_name_fields_that_exist(kind: str) -> None:
    rules = 0
    for path, schema in nodes(SCHEMAS[kind]):
        for rule in schema.get("x-kubernetes-validations", ()):
            rules += 1
            assert rule["message"].strip(), path
            for field in re.findall(r"\bself\.([A-Za-z]+)", rule["rule"]):
                assert field in schema["properties"], (path, field)
    assert rules > 0


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=list(DEFINITIONS))
def test_columns_show_fields_that_exist(definition: dict[str, Any]) -> None:
    (version,) = definition["spec"]["versions"]
    known = {path.replace("[]", "") for path, _ in nodes(version["schema"]["openAPIV3Schema"])}
    for column in version["additionalPrinterColumns"]:
        path = re.sub(r"\[[^]]*\]", "", column["jsonPath"])
        assert path in known | {".metadata.creationTimestamp"}, column


def test_names_and_short_names_are_those_of_the_documentation() -> None:
    names = {name: definition["spec"]["names"] for name, definition in DEFINITIONS.items()}
    assert [each["shortNames"] for each in names.values()] == [["hyp"], ["pstudy"]]
    assert all(each["categories"] == ["assay"] for each in names.values())
    assert [definition["metadata"]["name"] for definition in DEFINITIONS.values()] == [
        "hypotheses.assay.dev",
        "proxystudies.assay.dev",
    ]


def test_a_field_of_two_types_can_not_be_expressed() -> None:
    class Odd(Model):
        either: int | str = Field(description="Either.")

    with pytest.raises(ValueError, match="one type"):
        structural_schema(Odd)


def test_every_field_of_the_models_is_in_the_schema() -> None:
    assert set(SCHEMAS["Hypothesis"]["properties"]) == {each.alias for each in Hypothesis.model_fields.values()}
    assert set(SCHEMAS["ProxyStudy"]["properties"]) == {each.alias for each in ProxyStudy.model_fields.values()}
