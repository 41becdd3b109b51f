"""All that an installation says of what studies may ask for."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.api.policy.pods import AllowedPods
from assay.api.policy.uris import AllowedUris


@dataclass(frozen=True)
class Policy:
    """What studies may ask for.

    data: which URIs studies and hypotheses may name: the operator reads them with its own rights.
    pods: what they may name for their trials' pods.
    """

    data: AllowedUris
    pods: AllowedPods = field(default_factory=AllowedPods)
