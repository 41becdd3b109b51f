"""From watch events to keys: which reconciles an event calls for."""

from __future__ import annotations

from typing import Any

from assay.api.base import RETRY_ANNOTATION
from assay.controller.queue.schedule import SHARES, Key
from assay.controller.queue.workers import Workers
from assay.controller.world import World
from assay.kube import STUDY_LABEL, Cache, Manifest
from assay.runners.jobs import Shares, is_news

RELIST = Key("relist", "", "")
"""The task to read everything anew that is remembered: events may have been missed."""

RELIST_PAUSE_SECONDS = 1.0

SHARES_SECONDS = 0.3
"""How long room for Jobs is left to their own study: Jobs often end together, and it may need the room itself."""

SOON_SECONDS = 0.05
"""How long after an event that is news its study is visited: such events often come together."""

LATER_SECONDS = 1.0
"""How long after another event: each trial brings a dozen that only change a sentence in a condition."""


class Wakes:
    """Keeps the caches up to date, and wakes the reconciles that an event calls for. Does nothing that takes time.

    The type of an event is ADDED, MODIFIED or DELETED; None: the object comes from a list, after a watch has broken.
    """

    def __init__(self, world: World, workers: Workers, shares: Shares | None = None) -> None:
        self._world = world
        self._workers = workers
        self._shares = shares or Shares()

    def study(self, event_type: str | None, manifest: Manifest) -> None:
        """Wake a study and, if it may select others or say something new, the hypotheses of its namespace."""
        before, after = self._update(self._world.studies, event_type, manifest)
        if before is after:
            return
        namespace, name = _place(manifest)
        edited = _of_user(before) != _of_user(after)
        self._workers.wake(Key("study", namespace, name), eager=edited)
        if edited or _said(before) != _said(after):
            for hypothesis in self._world.hypotheses_of(namespace):
                self._workers.wake(Key("hypothesis", namespace, hypothesis["metadata"]["name"]))

    def hypothesis(self, event_type: str | None, manifest: Manifest) -> None:
        """Wake a hypothesis and, unless only its status has changed, the studies of its namespace."""
        before, after = self._update(self._world.hypotheses, event_type, manifest)
        if before is after:
            return
        namespace, name = _place(manifest)
        self._workers.wake(Key("hypothesis", namespace, name))
        if _of_user(before) != _of_user(after):
            for study in self._world.studies_of(namespace):
                self._workers.wake(Key("study", namespace, study["metadata"]["name"]), eager=True)

    def job(self, event_type: str | None, manifest: Manifest) -> None:
        """Wake the study of a Job, in no hurry if nothing follows from the event."""
        before, after = self._update(self._world.jobs, event_type, manifest)
        if before is not after:
            news = is_news(before, after)
            self._wake_study(manifest, SOON_SECONDS if news else LATER_SECONDS)
            if news and self._shares.is_waited_for():
                self._workers.wake(SHARES, delay=SHARES_SECONDS)

    def pod(self, event_type: str | None, manifest: Manifest) -> None:
        """Wake the study of a pod, in no hurry: a trial ends with its Job."""
        before, after = self._update(self._world.pods, event_type, manifest)
        if before is not after:
            self._wake_study(manifest, LATER_SECONDS)

    def _wake_study(self, manifest: Manifest, delay: float) -> None:
        if study := (manifest["metadata"].get("labels") or {}).get(STUDY_LABEL):
            self._workers.wake(Key("study", manifest["metadata"]["namespace"], study), delay=delay)

    def _update(
        self, cache: Cache, event_type: str | None, manifest: Manifest
    ) -> tuple[Manifest | None, Manifest | None]:
        """Update a cache; return what it held of the object, and what it holds now."""
        namespace, name = _place(manifest)
        before = cache.get(namespace, name)
        if event_type == "DELETED":
            cache.remove(manifest)
            self._world.forget(manifest)
        else:
            cache.put(manifest)
        if event_type is None:
            self._workers.wake(RELIST, delay=RELIST_PAUSE_SECONDS)
        return before, cache.get(namespace, name)


def _place(manifest: Manifest) -> tuple[str, str]:
    return manifest["metadata"]["namespace"], manifest["metadata"]["name"]


def _of_user(manifest: Manifest | None) -> Any:
    """Return the part of a resource that its users decide on."""
    if manifest is None:
        return None
    metadata = manifest["metadata"]
    retry = (metadata.get("annotations") or {}).get(RETRY_ANNOTATION)
    fields = ("uid", "generation", "labels", "deletionTimestamp")
    return retry, [metadata.get(field) for field in fields]


def _said(manifest: Manifest | None) -> list[Any]:
    """Return the part of a study's status that the conclusions of hypotheses depend on."""
    conditions = ((manifest or {}).get("status") or {}).get("conditions") or ()
    return [each for each in conditions if each["type"] == "Succeeded"]
