"""What Jobs and pods say of themselves, read from their manifests."""

from __future__ import annotations

from typing import Any, NamedTuple

from assay.api.times import unix_seconds_or_none
from assay.kube import Manifest
from assay.runners.jobs.manifests.names import CONTAINER


class JobEnd(NamedTuple):
    """How a Job ended, and when (Unix seconds). All its pods have ended before."""

    complete: bool
    reason: str
    message: str
    at: float


def created_at(manifest: Manifest) -> float:
    """Return when the object was made, in Unix seconds."""
    return unix_seconds_or_none(manifest["metadata"]["creationTimestamp"]) or 0.0


def controller_of(manifest: Manifest) -> str | None:
    """Return the uid of the object's controller: what owns it and looks after it."""
    owners = manifest["metadata"].get("ownerReferences") or []
    return next((owner["uid"] for owner in owners if owner.get("controller")), None)


def end_of(job: Manifest) -> JobEnd | None:
    """Return how the Job ended; None: it has not.

    `FailureTarget` and `SuccessCriteriaMet` come before and say that it will end; pods may still run then.
    """
    for kind, complete in (("Complete", True), ("Failed", False)):
        if condition := condition_of(job, kind):
            at = unix_seconds_or_none(condition.get("lastTransitionTime")) or created_at(job)
            return JobEnd(complete, condition.get("reason") or "", condition.get("message") or "", at)
    return _unsaid_end(job)


def _unsaid_end(job: Manifest) -> JobEnd | None:
    """Return the end of a Job whose controller does not say it: its one pod has failed, and it makes no other.

    The controller may never say so. If it missed, while the API server was away, that a pod was made which was then
    deleted, it waits for that pod (seen with 1.37). `backoffLimit` is 0.
    """
    status = _status(job)
    uncounted = (status.get("uncountedTerminatedPods") or {}).values()
    if not status.get("failed") or status.get("active") or status.get("terminating") or any(uncounted):
        return None
    target = condition_of(job, "FailureTarget") or {}
    at = unix_seconds_or_none(target.get("lastTransitionTime") or status.get("startTime")) or created_at(job)
    return JobEnd(False, target.get("reason") or "PodFailed", target.get("message") or "its pod has failed", at)


def condition_of(manifest: Manifest, kind: str, status: str = "True") -> dict[str, Any] | None:
    """Return a condition of an object, None if it is not there with that status."""
    for condition in _status(manifest).get("conditions") or []:
        if condition.get("type") == kind and condition.get("status") == status:
            found: dict[str, Any] = condition
            return found
    return None


def is_ending(job: Manifest) -> bool:
    """Return whether a Job that has not ended has, or has had, its pod: then its end is a matter of time.

    After the end of a pod it may take long until the controller has said so in the Job, and until the event is here.
    """
    status = _status(job)
    counted = ("active", "terminating", "succeeded", "failed")
    uncounted = (status.get("uncountedTerminatedPods") or {}).values()
    targets = ("FailureTarget", "SuccessCriteriaMet")
    return any(status.get(field) for field in counted) or any(uncounted) or any(condition_of(job, t) for t in targets)


def awaits_pod_since(job: Manifest) -> float | None:
    """Return since when a Job that is not suspended is to have a pod, in Unix seconds.

    None: its controller has not looked at it yet since somebody let it go on.
    """
    if condition_of(job, "Suspended"):
        return None
    resumed = unix_seconds_or_none((condition_of(job, "Suspended", "False") or {}).get("lastTransitionTime"))
    return max(created_at(job), unix_seconds_or_none(_status(job).get("startTime")) or 0.0, resumed or 0.0)


def ended_at(pod: Manifest) -> float | None:
    """Return when the trainer's container ended, in Unix seconds; None: it has not, or nobody knows."""
    return unix_seconds_or_none((container_state(pod, "terminated") or {}).get("finishedAt"))


def is_suspended(job: Manifest) -> bool:
    """Return whether the Job is to have no pods now."""
    return bool(job["spec"].get("suspend"))


def phase_of(pod: Manifest) -> str:
    """Return the pod's phase: Pending, Running, Succeeded, Failed or Unknown."""
    return str(_status(pod).get("phase") or "Pending")


def is_terminal(pod: Manifest) -> bool:
    """Return whether all of the pod's containers have ended for good, or none will ever run."""
    return phase_of(pod) in ("Succeeded", "Failed")


def status_reason(pod: Manifest) -> tuple[str, str]:
    """Return why the pod is in its phase: a word such as DeadlineExceeded, and a sentence; they may be empty."""
    status = _status(pod)
    return str(status.get("reason") or ""), str(status.get("message") or "")


def container_state(pod: Manifest, kind: str) -> dict[str, Any] | None:
    """Return the state of the trainer's container if it is of that kind: waiting, running or terminated."""
    for container in _status(pod).get("containerStatuses") or []:
        if container.get("name") == CONTAINER:
            found: dict[str, Any] | None = (container.get("state") or {}).get(kind)
            return found
    return None


def started_at(pod: Manifest) -> float | None:
    """Return when the trainer's container started, in Unix seconds; None: it has not, or nobody knows."""
    state = container_state(pod, "running") or container_state(pod, "terminated") or {}
    return unix_seconds_or_none(state.get("startedAt"))


def container_seconds(pod: Manifest, until: float) -> float:
    """Return how many seconds the trainer's container has run, up to its end or `until` (Unix seconds)."""
    start = started_at(pod)
    if start is None:
        return 0.0
    end = ended_at(pod)
    return max(0.0, (until if end is None else end) - start)


def _status(manifest: Manifest) -> dict[str, Any]:
    return manifest.get("status") or {}
