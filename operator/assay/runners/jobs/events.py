"""What Kubernetes warns of, where an object's own status does not say why nothing goes on."""

from __future__ import annotations

from collections.abc import Iterable

from assay.kube import EVENTS, KubeError, Manifest
from assay.runners.jobs.memory import JobsMemory, Warned
from assay.runners.jobs.objects import StudyObjects
from assay.runners.jobs.waits import Wait

WARNING_SECONDS = 15.0
"""Between looks at the events of objects of one kind."""


def ask_for_warnings(objects: StudyObjects, waiting: Iterable[Wait], memory: JobsMemory, now: float) -> None:
    """Remember the latest warning about one Job, and one pod, of those that wait without saying what for.

    Events are a help, not a need: where they can't be read, the wait is told without its cause.
    """
    asked = {wait.asks["kind"]: wait.asks for wait in waiting if wait.asks is not None and wait.until <= now}
    for kind in set(memory.warned) - set(asked):
        del memory.warned[kind]
    for kind, about in asked.items():
        known = memory.warned.get(kind)
        if known is None or now >= known.asked_at + WARNING_SECONDS:
            memory.warned[kind] = Warned(_latest_warning(objects, about), now)


def _latest_warning(objects: StudyObjects, about: Manifest) -> str | None:
    selector = f"type=Warning,involvedObject.uid={about['metadata']['uid']}"
    try:
        events = objects.kube.list(EVENTS, objects.namespace, field_selector=selector)
    except KubeError:
        return None
    latest = max(events, key=_time_of, default=None)
    return None if latest is None else str(latest.get("message") or "")


def _time_of(event: Manifest) -> str:
    """Times as Kubernetes writes them sort as text."""
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])
