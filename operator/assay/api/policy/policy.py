"""All that an installation says of what studies may ask for."""

from __future__ import annotations

from dataclasses import dataclass

from assay.api.policy.uris import AllowedUris


@dataclass(frozen=True)
class Policy:
    """`data` says which URIs studies and hypotheses may name: the operator reads them with its own rights."""

    data: AllowedUris
