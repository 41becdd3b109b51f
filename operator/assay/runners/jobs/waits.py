"""What the trials wait for that do not run yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from assay.api.bounds import shortened
from assay.api.conditions import Reason
from assay.kube import Manifest, Refused
from assay.planning.records import Obstacle
from assay.runners.jobs.creation import is_over_quota
from assay.runners.jobs.memory import NotCreated
from assay.runners.jobs.names import QUEUE_LABEL, attempts_of
from assay.runners.jobs.state import (
    condition_of,
    container_state,
    created_at,
    is_suspended,
    is_terminal,
    phase_of,
    unix_seconds,
)

OVERDUE_SECONDS = 120.0
"""How long a pod may take to end once it has to."""

NO_POD_SECONDS = 8.0
"""How long a Job may have no pod before that is strange: its controller makes it at once, unless it has much to do."""

_IMAGE_REASONS = {
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
}
_CONTAINER_REASONS = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
_CAUSE_CHARACTERS = 240


class Wait(NamedTuple):
    """Why a Job's trials do not run yet. It is an obstacle from `until` on (Unix seconds).

    `stalled` if it ends only when somebody changes something. `asks`: the object whose latest warning would say more.
    """

    reason: Reason
    cause: str
    trials: int
    until: float
    stalled: bool = False
    asks: Manifest | None = None


def waits(
    jobs: Iterable[Manifest],
    pods_of: Callable[[Manifest], Sequence[Manifest]],
    not_created: Iterable[NotCreated],
    warnings: Mapping[str, str],
    pending_seconds: float,
) -> Iterator[Wait]:
    """One for each of the Jobs, none of which has ended, whose trials do not run; and for those not made yet.

    `warnings` are what was warned of last, by the kind of the object that it was about: what stops one Job of a
    study stops the others too.
    """
    for refused in not_created:
        yield _creation_wait(refused)
    for job in jobs:
        wait = _job_wait(job, pods_of(job), warnings, pending_seconds)
        if wait is not None:
            yield wait


def obstacles(waiting: Iterable[Wait], now: float) -> tuple[Obstacle, ...]:
    """What has been waited for too long at `now`: one obstacle for each kind, that of most trials first."""
    by_reason: dict[Reason, list[Wait]] = {}
    for wait in waiting:
        if wait.until <= now:
            by_reason.setdefault(wait.reason, []).append(wait)
    ranked = sorted(by_reason.items(), key=lambda kind: -sum(wait.trials for wait in kind[1]))
    return tuple(_obstacle(reason, alike) for reason, alike in ranked)


def _obstacle(reason: Reason, alike: Sequence[Wait]) -> Obstacle:
    trials = sum(wait.trials for wait in alike)
    counted = f"{trials} trial waits" if trials == 1 else f"{trials} trials wait"
    example = next((wait for wait in alike if wait.stalled), alike[0])
    text = f"{counted} {_FOR[reason]}: {shortened(example.cause, _CAUSE_CHARACTERS)}"
    return Obstacle(reason, text if text.endswith((".", "…")) else f"{text}.", example.stalled)


_FOR = {
    Reason.UNSCHEDULABLE: "for a node",
    Reason.IMAGE_NOT_PULLED: "for an image that can't be pulled",
    Reason.CONTAINER_NOT_CREATED: "for a container that isn't made",
    Reason.QUOTA_EXCEEDED: "for quota",
    Reason.NOT_ADMITTED: "to be admitted",
    Reason.JOB_REFUSED: "for a Job or pod that Kubernetes doesn't make",
    Reason.NOT_ENDING: "for a pod to end that should have ended",
}


def _creation_wait(refused: NotCreated) -> Wait:
    error, trials = refused.error, len(attempts_of(refused.manifest))
    if is_over_quota(error.message):
        return Wait(Reason.QUOTA_EXCEEDED, error.message, trials, refused.since)
    stalled = isinstance(error, Refused)
    return Wait(Reason.JOB_REFUSED, error.message, trials, refused.since, stalled)


def _job_wait(
    job: Manifest, pods: Sequence[Manifest], warnings: Mapping[str, str], pending_seconds: float
) -> Wait | None:
    trials = len(attempts_of(job))
    if is_suspended(job):
        suspended = condition_of(job, "Suspended") or {}
        since = unix_seconds(suspended.get("lastTransitionTime")) or created_at(job)
        return Wait(Reason.NOT_ADMITTED, _suspension(job), trials, since + pending_seconds)
    pods = [pod for pod in pods if not is_terminal(pod)]
    if pods:
        return _pod_wait(pods[-1], trials, warnings, pending_seconds)
    if warned := warnings.get("Job"):
        quota = is_over_quota(warned)
        reason = Reason.QUOTA_EXCEEDED if quota else Reason.JOB_REFUSED
        return Wait(reason, warned, trials, created_at(job) + NO_POD_SECONDS, stalled=not quota, asks=job)
    cause = f"Job {job['metadata']['name']} has no pod"
    return Wait(Reason.JOB_REFUSED, cause, trials, created_at(job) + NO_POD_SECONDS, asks=job)


def _pod_wait(pod: Manifest, trials: int, warnings: Mapping[str, str], pending_seconds: float) -> Wait | None:
    if phase_of(pod) != "Pending" or pod["metadata"].get("deletionTimestamp"):
        return _end_wait(pod, trials)
    patient = created_at(pod) + pending_seconds
    if condition_of(pod, "PodScheduled") is None and not pod["spec"].get("nodeName"):
        unscheduled = condition_of(pod, "PodScheduled", "False") or {}
        cause = unscheduled.get("message") or "no scheduler has looked at its pod"
        return Wait(Reason.UNSCHEDULABLE, cause, trials, patient)
    waiting = container_state(pod, "waiting") or {}
    reason, message = waiting.get("reason") or "", waiting.get("message") or ""
    if reason in _IMAGE_REASONS:
        return Wait(Reason.IMAGE_NOT_PULLED, message or reason, trials, created_at(pod), stalled=True)
    if reason in _CONTAINER_REASONS:
        return Wait(Reason.CONTAINER_NOT_CREATED, message or reason, trials, created_at(pod), stalled=True)
    cause = warnings.get("Pod") or f"pod {pod['metadata']['name']} is {reason or 'Pending'}; its image may be large"
    return Wait(Reason.CONTAINER_NOT_CREATED, cause, trials, patient, asks=pod)


def _end_wait(pod: Manifest, trials: int) -> Wait | None:
    """A pod outlives its deadline, or its deletion, only where no kubelet ends it."""
    deadline, started = pod["spec"].get("activeDeadlineSeconds"), unix_seconds(pod["status"].get("startTime"))
    ends = [unix_seconds(pod["metadata"].get("deletionTimestamp"))]
    ends += [started + deadline] if started is not None and deadline is not None else []
    until = min((end for end in ends if end is not None), default=None)
    if until is None:
        return None
    name, node = pod["metadata"]["name"], pod["spec"].get("nodeName")
    cause = f"pod {name} on node {node}; if the node is lost, `kubectl delete pod {name} --force`"
    return Wait(Reason.NOT_ENDING, cause, trials, until + OVERDUE_SECONDS, stalled=True)


def _suspension(job: Manifest) -> str:
    queue = (job["metadata"].get("labels") or {}).get(QUEUE_LABEL)
    if queue is None:
        return "their Jobs were suspended by somebody"
    return f"Kueue has not let their Jobs out of queue {queue!r}; `kubectl get workloads` says why"
