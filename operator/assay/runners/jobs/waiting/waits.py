"""What trials that do not run yet wait for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from assay.api.conditions import Reason
from assay.api.times import unix_seconds_or_none
from assay.kube import Manifest, Refused
from assay.runners.jobs.manifests.names import QUEUE_LABEL, attempts_of
from assay.runners.jobs.memory import NotCreated, QueueAnswer
from assay.runners.jobs.observed.state import (
    awaits_pod_since,
    condition_of,
    created_at,
    ended_at,
    is_ending,
    is_suspended,
    is_terminal,
)
from assay.runners.jobs.waiting.causes import is_over_quota, never_fits, passes
from assay.runners.jobs.waiting.obstacles import Wait
from assay.runners.jobs.waiting.pod_waits import OVERDUE_SECONDS, PASSING_SECONDS, pod_wait

NO_POD_SECONDS = 8.0
"""How long a Job may have no pod, or its queue say nothing, before it is asked why."""


def waits(
    jobs: Iterable[Manifest],
    pods_of: Callable[[Manifest], Sequence[Manifest]],
    not_created: Iterable[NotCreated],
    warnings: Mapping[str, str],
    pending_seconds: float,
    queue: QueueAnswer | None = None,
) -> Iterator[Wait]:
    """Yield one wait for each of the Jobs whose trials do not run, and for each that is not made yet.

    None of the Jobs has ended. `warnings` are what was warned of last, by the kind of the object that it was about, and
    `queue` is what Kueue says of one Job: what stops one Job of a study stops the others too.
    """
    for refused in not_created:
        yield _creation_wait(refused)
    for job in jobs:
        seen = _SeenJob(job, pods_of(job), warnings, pending_seconds, queue)
        wait = next(wait_of for applies, wait_of in _STAGES if applies(seen))(seen)
        if wait is not None:
            yield wait


class _SeenJob(NamedTuple):
    """A Job that has not ended, its pods, and what others say of such; see `waits`."""

    job: Manifest
    pods: Sequence[Manifest]
    warnings: Mapping[str, str]
    pending_seconds: float
    queue: QueueAnswer | None

    @property
    def name(self) -> str:
        return str(self.job["metadata"]["name"])

    @property
    def trials(self) -> int:
        return len(attempts_of(self.job))

    @property
    def living_pods(self) -> Sequence[Manifest]:
        return [pod for pod in self.pods if not is_terminal(pod)]

    @property
    def ended_pods(self) -> Sequence[Manifest]:
        """The pods that have ended since the Job was last let go on."""
        return [pod for pod in self.pods if is_terminal(pod) and created_at(pod) >= int(self.since)]

    @property
    def since(self) -> float:
        """Since when the Job is to have a pod, in Unix seconds."""
        since = awaits_pod_since(self.job)
        assert since is not None, "a Job that its controller has not looked at is told apart before"
        return since

    @property
    def ask_at(self) -> float:
        return self.since + NO_POD_SECONDS


def _is_being_deleted(seen: _SeenJob) -> bool:
    return bool(seen.job["metadata"].get("deletionTimestamp"))


def _deletion_wait(seen: _SeenJob) -> Wait | None:
    cause = f"Job {seen.name} was deleted and is still there: see its finalizers and its pods"
    return _overdue(seen, unix_seconds_or_none(seen.job["metadata"].get("deletionTimestamp")), cause)


def _overdue(seen: _SeenJob, since: float | None, cause: str) -> Wait | None:
    """Return the wait of a Job that should have ended soon after a time; None if the time is not known."""
    return None if since is None else Wait(Reason.NOT_ENDING, cause, seen.trials, since + OVERDUE_SECONDS)


def _is_held_back(seen: _SeenJob) -> bool:
    return is_suspended(seen.job)


def _queue_wait(seen: _SeenJob) -> Wait:
    job, trials, said = seen.job, seen.trials, seen.queue
    suspended = condition_of(job, "Suspended") or {}
    since = unix_seconds_or_none(suspended.get("lastTransitionTime")) or created_at(job)
    patient, queue = since + seen.pending_seconds, (job["metadata"].get("labels") or {}).get(QUEUE_LABEL)
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


def _has_living_pod(seen: _SeenJob) -> bool:
    return bool(seen.living_pods)


def _pod_wait(seen: _SeenJob) -> Wait | None:
    return pod_wait(seen.living_pods[-1], seen.trials, seen.warnings.get("Pod"), seen.pending_seconds)


def _is_not_looked_at_yet(seen: _SeenJob) -> bool:
    return awaits_pod_since(seen.job) is None


def _nothing(_seen: _SeenJob) -> None:
    return None


def _has_ended_pod(seen: _SeenJob) -> bool:
    return bool(seen.ended_pods)


def _untold_end(seen: _SeenJob) -> Wait | None:
    """The Job does not say yet that its pod has ended."""
    pod = seen.ended_pods[-1]
    cause = f"pod {pod['metadata']['name']} has ended, and the Job controller has not yet said so of Job {seen.name}"
    return _overdue(seen, ended_at(pod), cause)


def _ends_soon(seen: _SeenJob) -> bool:
    return is_ending(seen.job)


def _has_warning(seen: _SeenJob) -> bool:
    return bool(seen.warnings.get("Job"))


def _refused_pod_wait(seen: _SeenJob) -> Wait:
    job, warned, ask_at = seen.job, seen.warnings["Job"], seen.ask_at
    if is_over_quota(warned):
        return _quota_wait(warned, seen.trials, ask_at)._replace(asks=job, ask_at=ask_at)
    stalls_at = ask_at + PASSING_SECONDS if passes(warned) else ask_at
    return Wait(Reason.JOB_REFUSED, warned, seen.trials, ask_at, stalls_at, asks=job, ask_at=ask_at)


def _has_no_pod(_seen: _SeenJob) -> bool:
    return True


def _no_pod_wait(seen: _SeenJob) -> Wait:
    cause = f"the Job controller has not said why Job {seen.name} has none"
    until = seen.since + seen.pending_seconds
    return Wait(Reason.NO_POD, cause, seen.trials, until, asks=seen.job, ask_at=seen.ask_at)


class _JobStage(NamedTuple):
    """A stage that a Job may be in before it has ended, and what its trials wait for in it; None: they run."""

    applies: Callable[[_SeenJob], bool]
    wait_of: Callable[[_SeenJob], Wait | None]


_STAGES = (
    _JobStage(_is_being_deleted, _deletion_wait),
    _JobStage(_is_held_back, _queue_wait),
    _JobStage(_has_living_pod, _pod_wait),
    _JobStage(_is_not_looked_at_yet, _nothing),
    _JobStage(_has_ended_pod, _untold_end),
    _JobStage(_ends_soon, _nothing),
    _JobStage(_has_warning, _refused_pod_wait),
    _JobStage(_has_no_pod, _no_pod_wait),
)
"""The first stage that applies is that of the Job: each relies on those before it."""


def _creation_wait(refused: NotCreated) -> Wait:
    error, trials, since = refused.error, len(attempts_of(refused.manifest)), refused.since
    if is_over_quota(error.message):
        return _quota_wait(error.message, trials, since)
    stalls_at = since if isinstance(error, Refused) else since + PASSING_SECONDS
    return Wait(Reason.JOB_REFUSED, error.message, trials, since, stalls_at)


def _quota_wait(message: str, trials: int, since: float) -> Wait:
    """It passes when others need less, unless it was never enough."""
    return Wait(Reason.QUOTA_EXCEEDED, message, trials, since, since if never_fits(message) else math.inf)
