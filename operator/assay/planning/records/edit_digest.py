"""Telling whether a spec was edited after a look, in the part by which results are judged: that voids the error
probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay_trainer.contract import canonical_json, short_digest

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudySpec


def guarded_part(spec: ProxyStudySpec) -> dict[str, Any]:
    """Return the part of a spec that says how results are judged, as JSON values."""
    return {
        "question": spec.question,
        "metric": spec.metric.to_dict(),
        "trust": spec.trust.to_dict(),
        "verdicts": spec.verdicts.to_dict(),
    }


def edit_digest(spec: ProxyStudySpec) -> str:
    """Return the digest of that part, 32 hex digits: it names the criteria that results were looked at under."""
    return short_digest(canonical_json(guarded_part(spec)))
