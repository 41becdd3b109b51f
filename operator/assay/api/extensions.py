"""Kubernetes' own schema keywords, for `json_schema_extra`."""

from __future__ import annotations

from pydantic.config import JsonDict


def cel(*rules: tuple[str, str]) -> JsonDict:
    """Return the keyword for validation rules, given as (CEL expression over `self`, message)."""
    return {"x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in rules]}


def list_map(key: str) -> JsonDict:
    """Return the keyword for a list whose items are told apart by a key, so that several appliers can each own some."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def unique() -> JsonDict:
    """Return the keyword for a list that has each item once."""
    return {"x-kubernetes-list-type": "set"}
