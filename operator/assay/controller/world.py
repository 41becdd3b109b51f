"""The latest manifests of everything in the cluster that studies consist of."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TypeVar

from assay.api.errors import InvalidInput
from assay.api.reading.manifests import resource_from
from assay.api.resources import Hypothesis, ProxyStudy
from assay.kube import HYPOTHESES, JOBS, PODS, STUDIES, STUDY_LABEL, Cache, Kube, Manifest, NotFound, Resource, relist
from assay.runners.jobs import lean_job, lean_pod

_Parsed = TypeVar("_Parsed", ProxyStudy, Hypothesis)


class World:
    """Caches that are fed by watch events, and the resources in them. For threads to share."""

    def __init__(self) -> None:
        self.studies = Cache()
        self.hypotheses = Cache()
        self.jobs = Cache(lean_job)
        self.pods = Cache(lean_pod)
        self._caches = {STUDIES: self.studies, HYPOTHESES: self.hypotheses, JOBS: self.jobs, PODS: self.pods}
        self._lock = Lock()
        self._parsed: dict[str, tuple[str, ProxyStudy | Hypothesis | InvalidInput]] = {}

    def load(self, kube: Kube, namespaces: Sequence[str]) -> None:
        """List everything in the namespaces, or in all if none is given. Raises KubeError."""
        for resource, cache in self._caches.items():
            for namespace in namespaces or (None,):
                for manifest in kube.list(resource, namespace, label_selector=_selector(resource)):
                    cache.put(manifest)

    def refresh(self, kube: Kube, namespace: str, study: str) -> None:
        """Make good for missed events of a study, of its Jobs and pods, and of its namespace's hypotheses.

        Raises KubeError.
        """
        kept = self.studies.get(namespace, study)
        if kept is not None:
            try:
                self.studies.put(kube.get(STUDIES, namespace, study))
            except NotFound:
                self.studies.remove(kept)
        relist(kube, HYPOTHESES, self.hypotheses, namespace)
        relist(kube, JOBS, self.jobs, namespace, study)
        relist(kube, PODS, self.pods, namespace, study)

    def study(self, namespace: str, name: str) -> Manifest | None:
        """Return a study, None if it is not there or is being deleted."""
        return _living(self.studies.get(namespace, name))

    def hypothesis(self, namespace: str, name: str) -> Manifest | None:
        """Return a hypothesis, None if it is not there or is being deleted."""
        return _living(self.hypotheses.get(namespace, name))

    def studies_of(self, namespace: str) -> list[Manifest]:
        """Return the studies of a namespace, without those that are being deleted."""
        return [each for each in self.studies.all(namespace) if _living(each)]

    def hypotheses_of(self, namespace: str) -> list[Manifest]:
        """Return the hypotheses of a namespace, without those that are being deleted."""
        return [each for each in self.hypotheses.all(namespace) if _living(each)]

    def parsed(self, model: type[_Parsed], manifest: Manifest) -> _Parsed:
        """Return the resource of a manifest; each version is read once. Raises InvalidInput."""
        uid, version = manifest["metadata"]["uid"], manifest["metadata"]["resourceVersion"]
        with self._lock:
            known = self._parsed.get(uid)
        if known is None or known[0] != version:
            known = (version, _resource_or_why_not(model, manifest))
            with self._lock:
                self._parsed[uid] = known
        if isinstance(known[1], InvalidInput):
            raise known[1]
        assert isinstance(known[1], model)
        return known[1]

    def forget(self, manifest: Manifest) -> None:
        """Drop what was read from the manifests of an object that was deleted."""
        with self._lock:
            self._parsed.pop(manifest["metadata"]["uid"], None)


def _living(manifest: Manifest | None) -> Manifest | None:
    return None if manifest is None or manifest["metadata"].get("deletionTimestamp") else manifest


def _selector(resource: Resource) -> str:
    """Return the labels to list objects by: only Jobs and pods of studies are of interest."""
    return STUDY_LABEL if resource in (JOBS, PODS) else ""


def _resource_or_why_not(model: type[_Parsed], manifest: Manifest) -> _Parsed | InvalidInput:
    try:
        return resource_from(model, manifest)
    except InvalidInput as error:
        return error
