"""Saying in plain words what a schema allows and what was given."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assay.api.reading.yaml_documents import Location
from assay.api.values import IN_WORDS

_LONGEST = 60


def given(value: Any) -> str:
    """Return what a user gave, as short text."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(value)} characters)"


def one_of(names: Sequence[str]) -> str:
    """Return `a, b or c`."""
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def allowed(schema: Mapping[str, Any]) -> str:
    """Return what a structural schema allows, in words."""
    if "enum" in schema:
        return one_of(schema["enum"])
    match schema.get("type"):
        case "integer":
            return "a whole number" + _between(schema, "minimum", "maximum")
        case "string":
            words = IN_WORDS.get(schema.get("pattern", ""))
            length = _between(schema, "minLength", "maxLength", " characters")
            return f"{words}; a length{length}" if words else f"text{length}"
        case "array":
            return "a list" + _between(schema, "minItems", "maxItems", " items")
        case "object":
            fields = schema.get("properties")
            return "an object" + (f" with the fields {', '.join(fields)}" if fields else "")
        case "boolean":
            return "true or false"
    return "a whole number of at most 64 bits, or text"


def schema_at(schema: Mapping[str, Any], location: Location) -> tuple[Mapping[str, Any], Location]:
    """Return the schema of the value there, and the location as far as the schema knows it."""
    for depth, step in enumerate(location):
        inner = schema.get("properties", {}).get(step) or schema.get("items" if isinstance(step, int) else "")
        inner = inner or schema.get("additionalProperties")
        if inner is None:
            return schema, location[:depth]
        schema = inner
    return schema, location


def _between(schema: Mapping[str, Any], low: str, high: str, unit: str = "") -> str:
    least, most = schema.get(low), schema.get(high)
    if least is not None and most is not None:
        return f" of {least} to {most}{unit}"
    if most is not None:
        return f" of at most {most}{unit}"
    return f" of {least}{unit} or more" if least is not None else ""
