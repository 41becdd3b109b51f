"""Reading the resources that the API server has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from assay.api.errors import InvalidInput, Problem
from assay.api.metadata import ObjectMeta
from assay.api.reading.depth import ALLOWED, TOO_DEEP, too_deep
from assay.api.reading.faults import faults_of
from assay.api.reading.yaml_documents import path_text
from assay.api.resources import Hypothesis, ProxyStudy

_Resource = TypeVar("_Resource", ProxyStudy, Hypothesis)

_METADATA = {field.alias or name for name, field in ObjectMeta.model_fields.items()}


def resource_from(model: type[_Resource], manifest: Mapping[str, Any]) -> _Resource:
    """Return the resource of a manifest. Raises InvalidInput with every field that is wrong.

    A server may hold what an older or newer schema allowed. Unknown metadata is left to Kubernetes, and a status that
    can't be read counts as none: it is written anew.
    """
    metadata = {key: value for key, value in (manifest.get("metadata") or {}).items() if key in _METADATA}
    value = {**manifest, "metadata": metadata}
    where = f"{manifest.get('kind')}/{metadata.get('name')}"
    if (location := too_deep(value)) is not None:
        raise InvalidInput([Problem(where, path_text(location), TOO_DEEP, ALLOWED)])
    try:
        return _validated(model, value)
    except ValidationError:
        value["status"] = None
    try:
        return _validated(model, value)
    except ValidationError as error:
        raise InvalidInput(
            [
                Problem(where, path_text(fault.location), fault.given, fault.allowed, fault.nearest)
                for fault in faults_of(model, error)
            ]
        ) from error


def _validated(model: type[_Resource], value: Mapping[str, Any]) -> _Resource:
    # From JSON and strictly, as manifests in files are read.
    return model.model_validate_json(json.dumps(value), strict=True, by_alias=True, by_name=False)
