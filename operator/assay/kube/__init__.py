"""The one place that speaks to the Kubernetes API. Manifests are plain JSON, in and out."""

from assay.kube.cache import Cache
from assay.kube.client import Kube
from assay.kube.errors import AlreadyExists, Conflict, KubeError, NotFound, Refused, Unreachable
from assay.kube.resources import EVENTS, HYPOTHESES, JOBS, PODS, STUDIES, STUDY_LABEL, Manifest, Resource

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
]
