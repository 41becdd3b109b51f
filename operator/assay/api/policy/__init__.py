"""What whoever installs Assay lets studies ask for: checked in a cluster, where studies are somebody else's."""

from assay.api.policy.check import not_allowed
from assay.api.policy.pods import AllowedPods
from assay.api.policy.policy import Policy
from assay.api.policy.uris import AllowedUris

__all__ = ["AllowedPods", "AllowedUris", "Policy", "not_allowed"]
