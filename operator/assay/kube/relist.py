"""Bringing a cache in line with what the API server has now, in case an event was missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.kube.resources import STUDY_LABEL, Resource

if TYPE_CHECKING:
    from assay.kube.cache import Cache
    from assay.kube.client import Kube  # at run time it would load Kubernetes' own client, which is slow


def relist(kube: Kube, resource: Resource, cache: Cache, namespace: str, study: str | None = None) -> None:
    """List the objects of a namespace (with `study`: those with its label), and bring the cache in line with the list.

    What the cache held before the list was taken, and the list does not have, was deleted. What came into the cache
    while the list was taken stays. Raises KubeError.
    """
    held = cache.all(namespace) if study is None else cache.of_study(namespace, study)
    listed = kube.list(resource, namespace, label_selector="" if study is None else f"{STUDY_LABEL}={study}")
    for manifest in listed:
        cache.put(manifest)
    there = {manifest["metadata"]["uid"] for manifest in listed}
    for manifest in held:
        if manifest["metadata"]["uid"] not in there:
            cache.remove(manifest)
