"""Checks a manifest and the hypotheses beside it as `assay validate` does, without a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assay.api.base import API_VERSION
from assay.api.errors import InvalidInput, Problem
from assay.api.metadata import wrong_keys
from assay.api.policy import Policy, not_allowed
from assay.api.reading.manifests import resource_from
from assay.api.resources import Hypothesis, ObjectMeta, ProxyStudy
from assay.api.selection import select_hypotheses
from assay.controller.reconciling.datasets import DatasetNotReadable, Datasets
from assay.controller.reconciling.links import followed
from assay.rounds.gather import gather_study
from assay.runners.jobs.manifests.programs import image_code
from assay.runners.protocol import Runner

_METADATA = {field.alias or name for name, field in ObjectMeta.model_fields.items()}

MODELS: dict[str, Any] = {"Hypothesis": Hypothesis, "ProxyStudy": ProxyStudy}


class _Images:
    """The part of a runner that a check needs."""

    def slots(self) -> int:
        return 1

    def idle_slots_are_free(self) -> bool:
        return False

    def code_digest(self, program: Any) -> str:
        return image_code(program, "registry.example/assay-trainer:1")


def read(manifest: Any, *, as_written: bool = False) -> ProxyStudy | Hypothesis:
    """Return the resource, as the server has it or as somebody wrote it. Raises InvalidInput."""
    if not isinstance(manifest, dict) or manifest.get("apiVersion") != API_VERSION:
        raise InvalidInput([Problem("manifest", "apiVersion", "something else", API_VERSION)])
    kind = manifest.get("kind")
    if not isinstance(kind, str) or kind not in MODELS:
        raise InvalidInput([Problem("manifest", "kind", "something else", "Hypothesis or ProxyStudy")])
    if not isinstance(manifest.get("metadata"), dict):
        raise InvalidInput([Problem("manifest", "metadata", "something else", "an object")])
    if unknown := [name for name in manifest["metadata"] if as_written and name not in _METADATA]:
        raise InvalidInput([Problem("manifest", f"metadata.{unknown[0]}", "an unknown field", "known ones")])
    found: ProxyStudy | Hypothesis = resource_from(MODELS[kind], manifest)
    if as_written and (wrong := list(wrong_keys(found.metadata))):
        raise InvalidInput([Problem("manifest", f"metadata.{field}", key, "a key") for field, key in wrong])
    return found


def problems_of(
    study: ProxyStudy, hypotheses: Sequence[Hypothesis], datasets: Datasets, policy: Policy
) -> tuple[str | None, Sequence[Problem]]:
    """Return the reason that a study's condition Accepted should have (None if it is accepted) and what is wrong."""
    runner: Runner = _Images()  # type: ignore[assignment]
    if refused := not_allowed(study, select_hypotheses(study, hypotheses), policy, followed):
        return "NotAllowed", refused
    try:
        gather_study(study, hypotheses, runner, datasets)
    except DatasetNotReadable as error:
        return "DatasetNotReadable", error.problems
    except InvalidInput as error:
        return "Invalid", error.problems
    return None, ()
