"""What pydantic found wrong with a resource, in the words of the resource's schema."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from assay.api.base import Model
from assay.api.errors import nearest
from assay.api.reading import words
from assay.api.reading.yaml_documents import Location
from assay.api.schema import structural_schema


class Fault(NamedTuple):
    """One field that is wrong: what was given there, what is allowed, the valid name that was probably meant."""

    location: Location
    given: str
    allowed: str
    nearest: str | None = None


def faults_of(model: type[Model], error: ValidationError) -> Iterator[Fault]:
    """Yield each wrong field once; of a value with wrong parts, only these."""
    found = list(_all_faults(model, error))
    for fault in found:
        depth = len(fault.location)
        if not any(len(each.location) > depth and each.location[:depth] == fault.location for each in found):
            yield fault


def _all_faults(model: type[Model], error: ValidationError) -> Iterator[Fault]:
    seen = set()
    for found in error.errors(include_url=False):
        schema, location = words.schema_at(_schema(model), found["loc"])
        if found["type"] == "extra_forbidden":
            location, fields = found["loc"], list(schema["properties"])
            fault = Fault(location, "an unknown field", ", ".join(fields), nearest(location[-1], fields))
        elif found["type"] == "missing":
            what = schema.get("description", "").rstrip(".")
            fault = Fault(location, "nothing", f"{words.allowed(schema)} ({what})")
        else:
            close = nearest(found["input"], schema.get("enum", ()))
            fault = Fault(location, words.given(found["input"]), words.allowed(schema), close)
        # A value of several types, none of which fits, is one problem.
        if location not in seen:
            yield fault
        seen.add(location)


@cache
def _schema(model: type[Model]) -> dict[str, Any]:
    return structural_schema(model)
