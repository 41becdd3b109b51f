"""The Jobs and pods of one study, in the caches and on the API server."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

from assay.api.resources import ProxyStudy
from assay.kube import JOBS, PODS, STUDY_LABEL, AlreadyExists, Cache, Kube, Manifest, Refused, relist
from assay.runners.jobs.manifests.names import JOB_NAME_LABEL
from assay.runners.jobs.observed.observation import living_by_owner
from assay.runners.jobs.observed.state import controller_of, created_at, end_of, is_terminal
from assay.runners.jobs.sharing.shares import Owner

LIVE_SECONDS = 5.0
"""How long a list of all that lives may be used."""


class Live(NamedTuple):
    """The Jobs and pods that the API server had at a time (Unix seconds), whoever owns them."""

    jobs: list[Manifest]
    pods: list[Manifest]
    at: float


class StudyObjects:
    """Reads from the caches, unless a method says otherwise, and puts into them what the API server says."""

    def __init__(self, kube: Kube, jobs: Cache, pods: Cache, study: ProxyStudy) -> None:
        if study.metadata.namespace is None or study.metadata.uid is None:
            raise ValueError(f"study {study.name!r} is not one that the API server has")
        self.kube = kube
        self.namespace = study.metadata.namespace
        self._study = study.name
        self.uid = study.metadata.uid
        self._jobs = jobs
        self._pods = pods
        self._live: Live | None = None

    def jobs(self, without: Container[str]) -> list[Manifest]:
        """Return the Jobs that the study owns, without those of these uids, in the order in which they were made."""
        jobs = [job for job in self._jobs.owned_by(self.uid) if job["metadata"]["uid"] not in without]
        return sorted(jobs, key=created_at)

    def job(self, name: str) -> Manifest | None:
        """Return the study's Job of that name, None if there is none."""
        job = self._jobs.get(self.namespace, name)
        return job if job is not None and self.is_own(job) else None

    def is_own(self, job: Manifest) -> bool:
        """Return whether the study owns a Job: a deleted study of the same name may have left its Jobs."""
        return controller_of(job) == self.uid

    def pods_of(self, job: Manifest) -> list[Manifest]:
        """Return the pods of a Job."""
        return self._pods.owned_by(job["metadata"]["uid"])

    def living(self) -> list[Manifest]:
        """Return all Jobs and pods of the namespace that have not ended, whoever owns them."""
        jobs = [job for job in self._jobs.all(self.namespace) if end_of(job) is None]
        return jobs + [pod for pod in self._pods.all(self.namespace) if not is_terminal(pod)]

    def living_by_owner(self) -> Mapping[Owner, int]:
        """Return how many Jobs of each study have not ended, in all namespaces that the cache has."""
        return living_by_owner(self._jobs.all())

    def create(self, manifest: Manifest) -> Manifest:
        """Make the Job, unless it is there, and return it as the server has it. Raises KubeError."""
        try:
            job = self.kube.create(JOBS, self.namespace, manifest)
        except AlreadyExists as error:
            job = self.kube.get(JOBS, self.namespace, manifest["metadata"]["name"])
            if not self.is_own(job):
                raise Refused(error.code, error.reason, f"{error.message}, and is not this study's") from error
        self._jobs.put(job)
        return job

    def delete(self, job: Manifest) -> None:
        """Delete a Job and, in the background, its pods. Raises KubeError."""
        metadata = job["metadata"]
        self.kube.delete(JOBS, self.namespace, metadata["name"], uid=metadata["uid"])

    def drop(self, job: Manifest) -> None:
        """Delete a Job that has ended, and drop it from the cache. Raises KubeError."""
        self.delete(job)
        self._jobs.remove(job)

    def ask_for_pods_of(self, job: Manifest) -> list[Manifest]:
        """List the pods of a Job; return them with those that only the cache has. Raises KubeError."""
        selector = f"{JOB_NAME_LABEL}={job['metadata']['name']}"
        for pod in self.kube.list(PODS, self.namespace, label_selector=selector):
            self._pods.put(pod)
        return self.pods_of(job)

    def live(self, now: float) -> Live:
        """Return all Jobs and pods with the study's label, as they were at most LIVE_SECONDS ago. Raises KubeError."""
        if self._live is None or now >= self._live.at + LIVE_SECONDS:
            selector = f"{STUDY_LABEL}={self._study}"
            jobs = self.kube.list(JOBS, self.namespace, label_selector=selector)
            pods = self.kube.list(PODS, self.namespace, label_selector=selector)
            for job in jobs:
                self._jobs.put(job)
            for pod in pods:
                self._pods.put(pod)
            self._live = Live(jobs, pods, now)
        return self._live

    def refresh(self) -> None:
        """Bring the caches up to date. Raises KubeError."""
        # The Jobs first: what they say of their end, the pods then say too.
        relist(self.kube, JOBS, self._jobs, self.namespace, self._study)
        relist(self.kube, PODS, self._pods, self.namespace, self._study)
