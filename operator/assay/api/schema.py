"""From models to structural schemas, the form that Kubernetes wants them in.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.api.base import Model

_TAKEN_OVER = (
    "description",
    "type",
    "enum",
    "format",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "anyOf",
)


def structural_schema(model: type[Model]) -> dict[str, Any]:
    """Return the structural schema of a model: references written out, "or null" left out, unknown fields forbidden.

    Unknown fields are pruned where `properties` says what is known; a free-form object keeps them.
    Raises ValueError for what such a schema can't express.
    """
    schema = model.model_json_schema(by_alias=True, mode="validation")
    return _structural(schema, schema.get("$defs", {}))


def resource_schema(model: type[Model]) -> dict[str, Any]:
    """Return the schema of a whole resource. Kubernetes itself says what apiVersion, kind and metadata are."""
    schema = structural_schema(model)
    properties = schema["properties"]
    name = properties["metadata"]["properties"]["name"]
    properties["apiVersion"] = {"type": "string", "description": "Version of the schema of this resource."}
    properties["kind"] = {"type": "string", "description": "Kind of this resource."}
    properties["metadata"] = {
        "type": "object",
        "properties": {"name": {key: name[key] for key in ("type", "pattern", "minLength", "maxLength")}},
    }
    properties["status"] = without_defaults(properties["status"])
    schema["required"] = ["spec"]
    return schema


def without_defaults(schema: Any) -> Any:
    """Return the schema without any default: what nobody has observed must not appear in a status."""
    if isinstance(schema, dict):
        # A field named "default" would be below "properties", where its value is a schema of its own.
        return {
            key: {name: without_defaults(each) for name, each in value.items()}
            if key == "properties"
            else without_defaults(value)
            for key, value in schema.items()
            if key != "default"
        }
    return schema


def _structural(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    node = _written_out(node, definitions)
    schema = {key: node[key] for key in _TAKEN_OVER if key in node}
    schema |= {key: value for key, value in node.items() if key.startswith("x-kubernetes-")}
    if schema.get("x-kubernetes-int-or-string"):
        return schema
    if "anyOf" in schema or "type" not in schema:
        raise ValueError(f"a structural schema needs one type, not {dict(node)}")
    if "description" in schema:
        schema["description"] = " ".join(schema["description"].split())
    if "const" in node:
        schema["enum"] = [node["const"]]
    if schema["type"] == "integer":
        schema["format"] = "int64"
    if schema["type"] == "array":
        schema["items"] = _structural(node["items"], definitions)
        schema.setdefault("x-kubernetes-list-type", "atomic")
    if schema["type"] == "object":
        schema |= _content(node, definitions)
    # An empty default would only make has() in the rules always true.
    if (default := _without_nulls(node.get("default"))) not in (None, {}, []):
        schema["default"] = default
    return schema


def _content(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    if properties := node.get("properties"):
        content: dict[str, Any] = {
            "properties": {name: _structural(each, definitions) for name, each in properties.items()}
        }
        if required := node.get("required"):
            content["required"] = list(required)
        return content
    values = node.get("additionalProperties")
    if isinstance(values, Mapping) and (values := _written_out(values, definitions)):
        return {"additionalProperties": _structural(values, definitions)}
    return {"x-kubernetes-preserve-unknown-fields": True}


def _written_out(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the node with its reference, or the one alternative to null, written out; what the node says wins."""
    while True:
        options = [each for each in node.get("anyOf", ()) if each.get("type") != "null"]
        if "$ref" in node:
            inner = definitions[node["$ref"].removeprefix("#/$defs/")]
        elif len(options) == 1:
            inner = options[0]
        else:
            return dict(node)
        node = {**inner, **{key: value for key, value in node.items() if key not in ("$ref", "anyOf")}}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return value
