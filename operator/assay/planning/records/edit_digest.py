"""The criteria by which results are judged; changing them after a look voids the error probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay_trainer.contract import canonical_json, short_digest

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudySpec


def criteria_of(spec: ProxyStudySpec) -> dict[str, Any]:
    """What of a spec says how results are judged, as JSON values."""
    return {
        "question": spec.question,
        "metric": spec.metric.to_dict(),
        "trust": spec.trust.to_dict(),
        "verdicts": spec.verdicts.to_dict(),
    }


def criteria_digest(spec: ProxyStudySpec) -> str:
    """Name of a spec's criteria: 32 hex digits."""
    return short_digest(canonical_json(criteria_of(spec)))
