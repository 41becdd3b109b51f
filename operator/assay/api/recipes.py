"""How recipes merge: study, then arm, then hypothesis, so that an arm never hides what a hypothesis changes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from assay.api.resources import ProxyArm, ProxyStudy


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7396): objects merge key by key, null removes a key, all else replaces.

    Neither argument is changed; the result may share values with both.
    """
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def arm_recipe(study: ProxyStudy, proxy: ProxyArm | None) -> dict[str, Any]:
    """Return the recipe of an arm before a hypothesis changes it: study <- reference <- proxy, if it is of one."""
    patches = [study.spec.trainer.recipe, study.spec.reference.recipe, *([proxy.recipe] if proxy else [])]
    # The study's recipe is itself merged into nothing, so that a null in it means the same everywhere.
    merged: dict[str, Any] = reduce(merge_patch, patches, {})
    return merged
