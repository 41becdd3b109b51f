"""What Kubernetes warns of, where an object's own status does not say why nothing goes on."""

from __future__ import annotations

from collections.abc import Iterable

from assay.api.times import unix_seconds_or_none
from assay.kube import EVENTS, KubeError, Manifest
from assay.runners.jobs.memory import JobsMemory, Warned
from assay.runners.jobs.objects import StudyObjects
from assay.runners.jobs.observed.state import awaits_pod_since, is_suspended
from assay.runners.jobs.waiting.obstacles import Wait

WARNING_SECONDS = 15.0
"""How often the events of objects of one kind are asked for."""

_REFUSAL = "FailedCreate"
"""The Job controller's word for a pod that it may not make. Its other warnings are about how a Job ended."""


def ask_for_warnings(objects: StudyObjects, waiting: Iterable[Wait], memory: JobsMemory, now: float) -> None:
    """Remember the latest warning about one Job and one pod of those that wait without saying what for.

    Events only help: where they can't be read, the status says that trials wait, and not why.
    """
    asks = [wait.asks for wait in waiting if wait.asks is not None and wait.ask_at <= now]
    asked = {about["kind"]: about for about in asks if about["kind"] == "Pod" or not is_suspended(about)}
    for kind in set(memory.warned) - set(asked):
        del memory.warned[kind]
    for kind, about in asked.items():
        known = memory.warned.get(kind)
        if known is None or now >= known.asked_at + WARNING_SECONDS:
            memory.warned[kind] = Warned(_warning(objects, about), now)


def _warning(objects: StudyObjects, about: Manifest) -> str | None:
    """Return the latest event of an object if it is a warning: what was warned of before another event has passed."""
    selector = f"involvedObject.uid={about['metadata']['uid']}"
    try:
        events = objects.kube.list(EVENTS, objects.namespace, field_selector=selector)
    except KubeError:
        return None
    latest = max(events, key=_order, default=None)
    if latest is None or latest.get("type") != "Warning":
        return None
    if about["kind"] == "Job" and not _is_refusal(latest, about):
        return None
    return str(latest.get("message") or "")


def _is_refusal(event: Manifest, job: Manifest) -> bool:
    """Return whether the Job is refused its pod now, and not before it was suspended and let go on again."""
    since, said = awaits_pod_since(job), unix_seconds_or_none(_time_of(event))
    return event.get("reason") == _REFUSAL and since is not None and said is not None and said >= int(since)


def _order(event: Manifest) -> tuple[str, bool]:
    """Return what to sort events by: times as Kubernetes writes them, and in one second the warning last."""
    return _time_of(event), event.get("type") == "Warning"


def _time_of(event: Manifest) -> str:
    series = (event.get("series") or {}).get("lastObservedTime")
    return str(series or event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"])
