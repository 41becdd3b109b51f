"""Publishing what came of a reconcile: in the study's status, in events, in metrics."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable

from pydantic import ValidationError

from assay.api.conditions import ConditionType
from assay.api.resources import ProxyStudyStatus
from assay.controller.publishing.events import REPORTER, Occurrence, event_manifest, transitions, trial_failed
from assay.controller.publishing.statuses import seconds_until_write
from assay.controller.queue.schedule import Key
from assay.controller.remembering.memory import StudyMemory
from assay.controller.world import World
from assay.kube import EVENTS, STUDIES, AlreadyExists, Kube, KubeError, Manifest, NotFound
from assay.planning.records.records import Records
from assay.planning.results.progress import progress_of
from assay.planning.study.study import Study
from assay.reporting.metrics import StudyCollector

_log = logging.getLogger(__name__)


class Publisher:
    """Writes statuses and events of studies. `wake` is called for hypotheses whose conclusion may have changed."""

    def __init__(self, kube: Kube, world: World, collector: StudyCollector, wake: Callable[[Key], None]) -> None:
        self._kube = kube
        self._world = world
        self._collector = collector
        self._wake = wake

    def publish(self, manifest: Manifest, status: ProxyStudyStatus, memory: StudyMemory, now: float) -> float | None:
        """Write a study's status if there is something new; return the seconds after which to do it, if not now.

        Raises KubeError.
        """
        metadata = manifest["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        self._collector.put(namespace, name, status)
        wanted = status.to_dict()
        if memory.written == (wanted, metadata["resourceVersion"]):
            return None  # whatever else is in there is somebody else's
        wait = seconds_until_write(manifest.get("status"), wanted, memory.written_at, now)
        if wait != 0:
            return wait
        try:
            written = self._kube.apply_status(STUDIES, namespace, name, wanted, manager=REPORTER)
        except NotFound:
            return None
        memory.written_at = now
        memory.written = (wanted, written["metadata"]["resourceVersion"])
        self._world.studies.put(written)
        before = earlier_status(manifest)
        self.say(manifest, transitions(before, status), memory, now)
        if before is None or _succeeded(before) != _succeeded(status):
            self.wake_hypotheses(namespace)
        return None

    def say(self, manifest: Manifest, occurrences: Iterable[Occurrence], memory: StudyMemory, now: float) -> None:
        """Make events, as far as the study may have more. They are a courtesy: errors are only logged."""
        for occurrence in occurrences:
            if not memory.events.take(now):
                return
            event = event_manifest(manifest, occurrence, now)
            try:
                self._kube.create(EVENTS, manifest["metadata"]["namespace"], event)
            except AlreadyExists:
                pass
            except KubeError as error:
                _log.info("event %s: %s", event["metadata"]["name"], error)

    def say_failures(
        self, manifest: Manifest, study: Study, records: Records, failed: int, memory: StudyMemory, now: float
    ) -> None:
        """Make events of the trials that have failed for good since the last time; `failed` is how many have in all."""
        failures = progress_of(study, records).failures if failed else {}
        if memory.failed is not None:
            new = [work for work in study.design.work if work.key in failures and work.key not in memory.failed]
            self.say(manifest, (trial_failed(work, failures[work.key]) for work in new), memory, now)
        memory.failed = frozenset(failures)

    def wake_hypotheses(self, namespace: str) -> None:
        """Wake every hypothesis of a namespace."""
        for hypothesis in self._world.hypotheses_of(namespace):
            self._wake(Key("hypothesis", namespace, hypothesis["metadata"]["name"]))


def earlier_status(manifest: Manifest) -> ProxyStudyStatus | None:
    """Return the status that a study has, None if it has none that can be read."""
    try:
        return ProxyStudyStatus.model_validate_json(json.dumps(manifest["status"]), strict=True, by_name=False)
    except (KeyError, ValidationError):
        return None


def _succeeded(status: ProxyStudyStatus) -> tuple[str, str, int | None] | None:
    found = status.condition(ConditionType.SUCCEEDED)
    return (found.status, found.reason, found.observed_generation) if found else None
