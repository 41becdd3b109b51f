"""Telling whether a spec was edited after a look, in the part by which results are judged: that voids the error
probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.api.resources import GeneraliseTo, OnFailure
from assay_trainer.contract import canonical_json, short_digest

if TYPE_CHECKING:
    from assay.api.resources import Metric, ProxyStudySpec, Trust, Verdicts


_LATER_FIELDS = {"onFailure": OnFailure.UNSTABLE, "generaliseTo": GeneraliseTo.HELD_OUT}
"""Fields that releases before did not have, with their defaults. At these they are left out, so that what was written
down by such a release stays the same: an upgrade is no edit."""


def guarded_part(spec: ProxyStudySpec) -> dict[str, Any]:
    """Return the part of a spec that says how results are judged, as JSON values."""
    guarded = {
        "question": spec.question,
        "metric": _without_later_defaults(spec.metric),
        "trust": _without_later_defaults(spec.trust),
        "verdicts": _without_later_defaults(spec.verdicts),
    }
    if spec.hypotheses.cluster_by is not None:
        guarded["clusterBy"] = spec.hypotheses.cluster_by
    return guarded


def _without_later_defaults(part: Metric | Trust | Verdicts) -> dict[str, Any]:
    return {field: value for field, value in part.to_dict().items() if _LATER_FIELDS.get(field) != value}


def edit_digest(spec: ProxyStudySpec) -> str:
    """Return the digest of that part, 32 hex digits: it names the criteria that results were looked at under."""
    return short_digest(canonical_json(guarded_part(spec)))
