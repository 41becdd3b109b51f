"""What the trials wait for that do not run yet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from assay.api.bounds import shortened
from assay.api.conditions import Reason
from assay.api.times import unix_seconds_or_none
from assay.kube import Manifest, Refused
from assay.planning.records.records import Obstacle
from assay.runners.jobs.causes import is_missing_object, is_over_quota, is_wrong_image, never_fits, passes
from assay.runners.jobs.memory import NotCreated, QueueAnswer
from assay.runners.jobs.names import QUEUE_LABEL, attempts_of
from assay.runners.jobs.shares import Shortage
from assay.runners.jobs.state import (
    awaits_pod_since,
    condition_of,
    container_state,
    created_at,
    ended_at,
    is_ending,
    is_suspended,
    is_terminal,
    phase_of,
)

OVERDUE_SECONDS = 120.0
"""How long a pod may take to end once it has to."""

NO_POD_SECONDS = 8.0
"""How long a Job may have no pod, or its queue say nothing, before it is asked why."""

PASSING_SECONDS = 300.0
"""How long a registry or a webhook may be away, or a node have trouble, before somebody had better look: most of it
passes by itself."""

_IMAGE_REASONS = {
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
}
_WRONG_IMAGE_REASONS = {"InvalidImageName", "ErrImageNeverPull", "SignatureValidationFailed"}
_CONTAINER_REASONS = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
_CAUSE_CHARACTERS = 240


class Wait(NamedTuple):
    """Why a Job's trials do not run yet. It is an obstacle from `until` on (Unix seconds), and from `stalls_at` on one
    that somebody has to do something about.

    `asks`: the object that others may say more about, from `ask_at` on.
    """

    reason: Reason
    cause: str
    trials: int
    until: float
    stalls_at: float = math.inf
    asks: Manifest | None = None
    ask_at: float = math.inf

    def times(self) -> tuple[float, float, float]:
        """When something else is to be said, or to be asked."""
        return self.until, self.stalls_at, self.ask_at


def waits(
    jobs: Iterable[Manifest],
    pods_of: Callable[[Manifest], Sequence[Manifest]],
    not_created: Iterable[NotCreated],
    warnings: Mapping[str, str],
    pending_seconds: float,
    queue: QueueAnswer | None = None,
) -> Iterator[Wait]:
    """One for each of the Jobs, none of which has ended, whose trials do not run; and for those not made yet.

    `warnings` are what was warned of last, by the kind of the object that it was about, and `queue` is what Kueue
    says of one Job: what stops one Job of a study stops the others too.
    """
    for refused in not_created:
        yield _creation_wait(refused)
    for job in jobs:
        wait = _job_wait(job, pods_of(job), warnings, pending_seconds, queue)
        if wait is not None:
            yield wait


def obstacles(waiting: Iterable[Wait], now: float) -> tuple[Obstacle, ...]:
    """What has been waited for too long at `now`: one obstacle for each kind, that of most trials first."""
    by_reason: dict[Reason, list[Wait]] = {}
    for wait in waiting:
        if wait.until <= now:
            by_reason.setdefault(wait.reason, []).append(wait)
    ranked = sorted(by_reason.items(), key=lambda kind: -sum(wait.trials for wait in kind[1]))
    return tuple(_obstacle(reason, alike, now) for reason, alike in ranked)


def _obstacle(reason: Reason, alike: Sequence[Wait], now: float) -> Obstacle:
    trials = sum(wait.trials for wait in alike)
    counted = f"{trials} trial waits" if trials == 1 else f"{trials} trials wait"
    example = min(alike, key=lambda wait: wait.stalls_at)
    text = f"{counted} {_FOR[reason]}: {shortened(example.cause, _CAUSE_CHARACTERS)}"
    return Obstacle(reason, text if text.endswith((".", "…")) else f"{text}.", now >= example.stalls_at)


_FOR = {
    Reason.UNSCHEDULABLE: "for a node",
    Reason.IMAGE_NOT_PULLED: "for an image that can't be pulled",
    Reason.CONTAINER_NOT_CREATED: "for a container that isn't made",
    Reason.QUOTA_EXCEEDED: "for quota",
    Reason.NOT_ADMITTED: "to be admitted",
    Reason.KUEUE_MISSING: "to be admitted",
    Reason.JOB_REFUSED: "for a Job or pod that Kubernetes doesn't make",
    Reason.NO_POD: "for a pod that Kubernetes has not made yet",
    Reason.NOT_ENDING: "for an end that should have come",
}


def want_of_room(shortage: Shortage) -> Obstacle:
    """That a study's Jobs are not made since too many others live."""
    jobs = "1 Job waits" if shortage.waiting == 1 else f"{shortage.waiting} Jobs wait"
    text = (
        f"{jobs} for room: Assay was installed with a limit of {shortage.most} Jobs at a time, shared fairly between "
        f"namespaces and their studies. {shortage.of_all} live: {shortage.of_namespace} of this namespace, "
        f"{shortage.of_study} of this study. They are made as others end."
    )
    return Obstacle(Reason.JOB_LIMIT_REACHED, text, stalled=False)


def _creation_wait(refused: NotCreated) -> Wait:
    error, trials, since = refused.error, len(attempts_of(refused.manifest)), refused.since
    if is_over_quota(error.message):
        return _quota_wait(error.message, trials, since)
    stalls_at = since if isinstance(error, Refused) else since + PASSING_SECONDS
    return Wait(Reason.JOB_REFUSED, error.message, trials, since, stalls_at)


def _quota_wait(message: str, trials: int, since: float) -> Wait:
    """It passes when others need less, unless it was never enough."""
    return Wait(Reason.QUOTA_EXCEEDED, message, trials, since, since if never_fits(message) else math.inf)


def _job_wait(
    job: Manifest,
    pods: Sequence[Manifest],
    warnings: Mapping[str, str],
    pending_seconds: float,
    queue: QueueAnswer | None,
) -> Wait | None:
    trials = len(attempts_of(job))
    if job["metadata"].get("deletionTimestamp"):
        return _deletion_wait(job, trials)
    if is_suspended(job):
        return _queue_wait(job, trials, pending_seconds, queue)
    living = [pod for pod in pods if not is_terminal(pod)]
    if living:
        return _pod_wait(living[-1], trials, warnings, pending_seconds)
    since = awaits_pod_since(job)
    if since is None:
        return None
    if ended := [pod for pod in pods if created_at(pod) >= int(since)]:
        return _untold_end(job, ended[-1], trials)
    if is_ending(job):
        return None
    ask_at = since + NO_POD_SECONDS
    if warned := warnings.get("Job"):
        if is_over_quota(warned):
            return _quota_wait(warned, trials, ask_at)._replace(asks=job, ask_at=ask_at)
        stalls_at = ask_at + PASSING_SECONDS if passes(warned) else ask_at
        return Wait(Reason.JOB_REFUSED, warned, trials, ask_at, stalls_at, asks=job, ask_at=ask_at)
    cause = f"the Job controller has not said why Job {job['metadata']['name']} has none"
    return Wait(Reason.NO_POD, cause, trials, since + pending_seconds, asks=job, ask_at=ask_at)


def _pod_wait(pod: Manifest, trials: int, warnings: Mapping[str, str], pending_seconds: float) -> Wait | None:
    if phase_of(pod) != "Pending" or pod["metadata"].get("deletionTimestamp"):
        return _end_wait(pod, trials)
    since = created_at(pod)
    patient = since + pending_seconds
    if condition_of(pod, "PodScheduled") is None and not pod["spec"].get("nodeName"):
        unscheduled = condition_of(pod, "PodScheduled", "False") or {}
        cause = unscheduled.get("message") or "no scheduler has looked at its pod"
        return Wait(Reason.UNSCHEDULABLE, cause, trials, patient)
    waiting = container_state(pod, "waiting") or {}
    reason, message = waiting.get("reason") or "", waiting.get("message") or ""
    if reason in _IMAGE_REASONS:
        wrong = reason in _WRONG_IMAGE_REASONS or is_wrong_image(message)
        stalls_at = since if wrong else since + PASSING_SECONDS
        return Wait(Reason.IMAGE_NOT_PULLED, message or reason, trials, since, stalls_at)
    if reason in _CONTAINER_REASONS:
        stalls_at = since + PASSING_SECONDS if passes(message) else since
        return Wait(Reason.CONTAINER_NOT_CREATED, message or reason, trials, since, stalls_at)
    warned = warnings.get("Pod")
    cause = warned or f"pod {pod['metadata']['name']} is {reason or 'Pending'}; its image may be large"
    stalls_at = patient if warned and is_missing_object(warned) else math.inf
    return Wait(Reason.CONTAINER_NOT_CREATED, cause, trials, patient, stalls_at, asks=pod, ask_at=patient)


def _end_wait(pod: Manifest, trials: int) -> Wait | None:
    """A pod outlives its deadline, or its deletion, only where no kubelet ends it."""
    deadline, started = pod["spec"].get("activeDeadlineSeconds"), unix_seconds_or_none(pod["status"].get("startTime"))
    ends = [unix_seconds_or_none(pod["metadata"].get("deletionTimestamp"))]
    ends += [started + deadline] if started is not None and deadline is not None else []
    until = min((end for end in ends if end is not None), default=None)
    if until is None:
        return None
    name, node = pod["metadata"]["name"], pod["spec"].get("nodeName")
    cause = f"pod {name} on node {node} still runs; if the node is lost, `kubectl delete pod {name} --force`"
    return Wait(Reason.NOT_ENDING, cause, trials, until + OVERDUE_SECONDS, until + OVERDUE_SECONDS)


def _untold_end(job: Manifest, pod: Manifest, trials: int) -> Wait | None:
    """Its pod has ended, and the Job does not say so yet."""
    ended = ended_at(pod)
    if ended is None:
        return None
    name = job["metadata"]["name"]
    cause = f"pod {pod['metadata']['name']} has ended, and the Job controller has not yet said so of Job {name}"
    return Wait(Reason.NOT_ENDING, cause, trials, ended + OVERDUE_SECONDS)


def _deletion_wait(job: Manifest, trials: int) -> Wait | None:
    deleted = unix_seconds_or_none(job["metadata"].get("deletionTimestamp"))
    if deleted is None:
        return None
    cause = f"Job {job['metadata']['name']} was deleted and is still there: see its finalizers and its pods"
    return Wait(Reason.NOT_ENDING, cause, trials, deleted + OVERDUE_SECONDS)


def _queue_wait(job: Manifest, trials: int, pending_seconds: float, said: QueueAnswer | None) -> Wait:
    suspended = condition_of(job, "Suspended") or {}
    since = unix_seconds_or_none(suspended.get("lastTransitionTime")) or created_at(job)
    patient, queue = since + pending_seconds, (job["metadata"].get("labels") or {}).get(QUEUE_LABEL)
    if queue is None:
        return Wait(Reason.NOT_ADMITTED, "their Jobs were suspended by somebody", trials, patient)
    ask_at = since + NO_POD_SECONDS
    if said is not None and said.kueue_is_missing:
        cause = f"Kueue is not installed, so nothing lets their Jobs out of queue {queue!r}: install it, or leave "
        return Wait(Reason.KUEUE_MISSING, f"{cause}trainer.queueName out", trials, ask_at, ask_at, job, ask_at)
    cause = f"Kueue has not let their Jobs out of queue {queue!r}"
    if said is None or not said.message:
        cause = f"{cause}; `kubectl get workloads` says why"
        return Wait(Reason.NOT_ADMITTED, cause, trials, patient, asks=job, ask_at=ask_at)
    until, stalls_at = (ask_at, ask_at) if said.is_inadmissible else (patient, math.inf)
    return Wait(Reason.NOT_ADMITTED, f"{cause}: {said.message}", trials, until, stalls_at, job, ask_at)
