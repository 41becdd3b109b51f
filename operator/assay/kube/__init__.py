"""The one place that imports the Kubernetes client. Manifests are plain JSON, in and out; what they mean is not known
here."""

from typing import TYPE_CHECKING, Any

from assay.kube.cache import Cache
from assay.kube.errors import AlreadyExists, Conflict, KubeError, NotFound, Refused, Unreachable
from assay.kube.relist import relist
from assay.kube.resources import EVENTS, HYPOTHESES, JOBS, PODS, STUDIES, STUDY_LABEL, Manifest, Resource

if TYPE_CHECKING:
    from assay.kube.client import Kube

__all__ = [
    "EVENTS",
    "HYPOTHESES",
    "JOBS",
    "PODS",
    "STUDIES",
    "STUDY_LABEL",
    "AlreadyExists",
    "Cache",
    "Conflict",
    "Kube",
    "KubeError",
    "Manifest",
    "NotFound",
    "Refused",
    "Resource",
    "Unreachable",
    "relist",
]


def __getattr__(name: str) -> Any:
    """Load the client when it is first asked for: code that only needs errors and names then starts sooner."""
    if name == "Kube":
        from assay.kube.client import Kube

        return Kube
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
