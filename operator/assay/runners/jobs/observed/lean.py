"""Which parts of Jobs and pods are kept: there may be thousands, and most of each is the same as in the others."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from assay.kube import Manifest
from assay.runners.jobs.manifests.names import AT_ONCE_ANNOTATION, DEVICES_ANNOTATION, ITEMS_ANNOTATION

_LONGEST_TEXT = 64 * 1024
"""The most characters that are kept. A kubelet writes no longer texts, but users who may edit a pod's status can."""

_METADATA = (
    "namespace",
    "name",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "labels",
    "ownerReferences",
)
_ANNOTATIONS = (ITEMS_ANNOTATION, DEVICES_ANNOTATION, AT_ONCE_ANNOTATION)
_JOB_STATUS = ("conditions", "startTime", "active", "terminating", "succeeded", "failed", "uncountedTerminatedPods")
_POD_STATUS = ("phase", "reason", "message", "conditions", "startTime")


def lean_job(job: Manifest) -> Manifest:
    """Return the parts of a Job that `state`, `observation` and `waits` read."""
    spec, status = _some(job.get("spec"), "suspend"), _some(job.get("status"), *_JOB_STATUS)
    return _shared_manifest({**_about(job), "spec": spec, "status": status})


def lean_pod(pod: Manifest) -> Manifest:
    """Return the parts of a pod that `state`, `observation`, `endings` and `waits` read."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    containers = [_some(container, "name", "resources") for container in spec.get("containers") or ()]
    states = [_some(each, "name", "state") for each in status.get("containerStatuses") or ()]
    return _shared_manifest(
        {
            **_about(pod),
            "spec": {**_some(spec, "nodeName", "activeDeadlineSeconds"), "containers": containers},
            "status": {**_some(status, *_POD_STATUS), "containerStatuses": states},
        }
    )


def _about(manifest: Manifest) -> dict[str, Any]:
    metadata = manifest["metadata"]
    annotations = _some(metadata.get("annotations"), *_ANNOTATIONS)
    kept = {**_some(metadata, *_METADATA), "annotations": annotations}
    return {**_some(manifest, "apiVersion", "kind"), "metadata": kept}


def _some(value: Mapping[str, Any] | None, *fields: str) -> dict[str, Any]:
    return {field: value[field] for field in fields if field in value} if value else {}


def _shared_manifest(manifest: Manifest) -> Manifest:
    """Return the same manifest, with each text once in memory, however many manifests have it."""
    return {key: _shared(value) for key, value in manifest.items()}


def _shared(value: Any) -> Any:
    if isinstance(value, str):
        return sys.intern(value[:_LONGEST_TEXT])
    if isinstance(value, dict):
        return {sys.intern(key): _shared(each) for key, each in value.items()}
    return [_shared(each) for each in value] if isinstance(value, list) else value
