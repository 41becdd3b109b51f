"""What the installation lets studies ask for. It is checked in a cluster, where others write the studies."""

from assay.api.policy.check import not_allowed
from assay.api.policy.pods import AllowedPods
from assay.api.policy.policy import Policy
from assay.api.policy.uris import AllowedUris

__all__ = ["AllowedPods", "AllowedUris", "Policy", "not_allowed"]
