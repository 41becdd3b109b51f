"""How the attempts of an ended Job ended: by the worker's last words where there are some, else by what Kubernetes
says of the pod and the Job."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from assay.api.quantities import bytes_of
from assay.kube import Manifest
from assay.runners.jobs.manifests.names import at_once_of, attempts_of
from assay.runners.jobs.memory import Attempt
from assay.runners.jobs.observed.state import JobEnd, condition_of, container_state, started_at, status_reason
from assay_trainer.contract import ExitStatus, FailureReason, TerminationMessage

_WORDS = TypeAdapter(list[TerminationMessage])

_TOLD_BY_KUBELET = (FailureReason.DEADLINE_EXCEEDED, FailureReason.STORAGE_EXCEEDED)

_USED_TOGETHER = (FailureReason.OUT_OF_MEMORY, FailureReason.STORAGE_EXCEEDED)
"""Of what a pod has and trials side by side use together: nobody knows which of them used too much."""

_OVER_ITS_LIMIT = re.compile(r"exceed(s|ed) (the|its)\b.*\blimit\b")
"""What a kubelet says of a pod that has more on the node's disk than it may: its own fault, which another attempt only
repeats. It is `Evicted` then like one that has to leave a node whose disk is full, which is a `DisruptionTarget`."""


class Cause(NamedTuple):
    """Why items ended that the worker said nothing about: the first of them alone, or `all_of_them`."""

    reason: Literal["Succeeded"] | FailureReason
    message: str
    all_of_them: bool = False
    memory_limit_bytes: int | None = None


def terminations(job: Manifest, pods: Sequence[Manifest], end: JobEnd) -> Mapping[Attempt, TerminationMessage]:
    """Return how each attempt of an ended Job ended.

    `pods` are those of the Job that are known, the oldest first. Items run in their order, one after another or some
    side by side. So of the items that the worker said nothing of, the first ones are charged with the end of the pod,
    as many as ran then, and the others were not reached. Last words may be cut short; the store knows better, and is
    asked first.
    """
    cause = cause_of(end, pods[-1] if pods else None)
    at_once = at_once_of(job)
    words = _last_words(pods)
    if cause.reason in _TOLD_BY_KUBELET:  # then SIGTERM is only how the pod's own limit came about
        words = {attempt: said for attempt, said in words.items() if said.reason is not FailureReason.DISRUPTED}
    found: dict[Attempt, TerminationMessage] = {}
    blamed: list[Attempt] = []
    for attempt in attempts_of(job):
        if attempt in words:
            found[attempt] = words[attempt]
        elif len(blamed) >= at_once and not cause.all_of_them:
            found[attempt] = _said(attempt, FailureReason.DISRUPTED, "its pod ended before its turn came")
        else:
            blamed.append(attempt)
            found[attempt] = _said(attempt, cause.reason, cause.message, cause.memory_limit_bytes)
    if len(blamed) > 1 and cause.reason in _USED_TOGETHER and not cause.all_of_them:
        message = f"{cause.message}; {len(blamed)} trials ran in it side by side, so each is tried again alone"
        shared = FailureReason.OUT_OF_SHARED_MEMORY
        found |= {attempt: _said(attempt, shared, message, cause.memory_limit_bytes) for attempt in blamed}
    return found


def cause_of(end: JobEnd, pod: Manifest | None) -> Cause:
    """Return why a Job ended, whose last pod is `pod`; None: it is gone."""
    if end.complete:
        return Cause("Succeeded", "", all_of_them=True)
    if pod is None:  # a pod that ends by itself stays as long as its Job
        return Cause(FailureReason.DISRUPTED, f"its pod was deleted; {end.reason}: {end.message}")
    evidence = _Evidence(end, pod, *status_reason(pod), container_state(pod, "terminated") or {})
    return next(cause for check in _CHECKS if (cause := check(evidence)) is not None)


class _Evidence(NamedTuple):
    """What there is to judge a failed Job by: its end, its last pod, that pod's reason and how its container ended."""

    end: JobEnd
    pod: Manifest
    reason: str
    message: str
    terminated: dict[str, Any]
    """The state of the container; empty if nobody knows how it ended."""

    @property
    def code(self) -> int:
        return int(self.terminated["exitCode"])

    @property
    def printed(self) -> str:
        """The worker's last words, or the end of what the container printed."""
        return str(self.terminated.get("message") or "")

    @property
    def told(self) -> str:
        """What is said of the pod, or else of the Job."""
        return _joined(self.reason, self.message) or f"{self.end.reason}: {self.end.message}"


def _pod_was_disrupted(evidence: _Evidence) -> Cause | None:
    if disruption := condition_of(evidence.pod, "DisruptionTarget"):
        return Cause(FailureReason.DISRUPTED, _joined(disruption.get("reason"), disruption.get("message")))
    return None


def _pod_had_too_much_on_disk(evidence: _Evidence) -> Cause | None:
    if evidence.reason == "Evicted" and _OVER_ITS_LIMIT.search(evidence.message):
        return Cause(FailureReason.STORAGE_EXCEEDED, evidence.message)
    return None


def _container_did_not_start(evidence: _Evidence) -> Cause | None:
    """Whatever ended the pod then, the trial has had no try."""
    if started_at(evidence.pod) is None:
        return Cause(FailureReason.NOT_STARTED, f"its container did not start: {evidence.told}", all_of_them=True)
    return None


def _pod_outlived_its_deadline(evidence: _Evidence) -> Cause | None:
    if evidence.reason == "DeadlineExceeded":
        return Cause(FailureReason.DEADLINE_EXCEEDED, "its pod was ended, long after the deadlines of its trials")
    return None


def _end_of_container_is_unknown(evidence: _Evidence) -> Cause | None:
    return None if evidence.terminated else Cause(FailureReason.DISRUPTED, evidence.told)


def _container_used_too_much_memory(evidence: _Evidence) -> Cause | None:
    if evidence.terminated.get("reason") == "OOMKilled":
        limit = _memory_limit(evidence.pod)
        used = "there is" if limit is None else f"its limit of {limit}"
        return Cause(
            FailureReason.OUT_OF_MEMORY,
            f"killed because it used more memory than {used}",
            memory_limit_bytes=bytes_of(limit) if limit is not None else None,
        )
    return None


def _worker_was_told_to_end(evidence: _Evidence) -> Cause | None:
    if evidence.pod["metadata"].get("deletionTimestamp") or evidence.code == ExitStatus.TOLD_TO_END:
        return Cause(FailureReason.DISRUPTED, "its pod was deleted")
    return None


def _worker_was_done(evidence: _Evidence) -> Cause | None:
    return Cause("Succeeded", "", all_of_them=True) if evidence.code == ExitStatus.DONE else None


def _worker_could_not_read_its_request(evidence: _Evidence) -> Cause | None:
    if evidence.code == ExitStatus.UNREADABLE:
        why = f"the worker can't read its request: {evidence.printed}"
        return Cause(FailureReason.NOT_STARTED, why, all_of_them=True)
    return None


def _last_words_were_cut(evidence: _Evidence) -> Cause | None:
    if evidence.code in (ExitStatus.FAILED, ExitStatus.TRY_AGAIN) and _parsed(evidence.printed):
        return Cause(FailureReason.DISRUPTED, "the worker's last words were cut before this one", all_of_them=True)
    return None


def _worker_died(evidence: _Evidence) -> Cause:
    reason = evidence.terminated.get("reason")
    how = _joined(reason if reason != "Error" else None, evidence.printed)
    return Cause(FailureReason.WORKER_DIED, _joined(f"the container ended with exit code {evidence.code}", how))


_CHECKS: tuple[Callable[[_Evidence], Cause | None], ...] = (
    _pod_was_disrupted,
    _pod_had_too_much_on_disk,
    _container_did_not_start,
    _pod_outlived_its_deadline,
    _end_of_container_is_unknown,
    _container_used_too_much_memory,
    _worker_was_told_to_end,
    _worker_was_done,
    _worker_could_not_read_its_request,
    _last_words_were_cut,
    _worker_died,
)
"""What may have ended a Job that failed. The first one that applies did: each relies on those before it."""


def _last_words(pods: Iterable[Manifest]) -> dict[Attempt, TerminationMessage]:
    """Return what workers said, the latest of each attempt. Only the last pod's disruptions ended the Job."""
    found: dict[Attempt, TerminationMessage] = {}
    for pod in pods:
        found = {attempt: said for attempt, said in found.items() if said.reason is not FailureReason.DISRUPTED}
        for said in _parsed((container_state(pod, "terminated") or {}).get("message") or ""):
            found[Attempt(said.key, said.attempt)] = said
    return found


def _parsed(text: str) -> list[TerminationMessage]:
    try:
        return _WORDS.validate_json(text)
    except ValidationError:  # it is what a container printed, or was cut
        return []


def _said(
    attempt: Attempt,
    reason: Literal["Succeeded"] | FailureReason,
    message: str,
    memory_limit_bytes: int | None = None,
) -> TerminationMessage:
    return TerminationMessage(
        key=attempt.key,
        attempt=attempt.attempt,
        reason=reason,
        message=message,
        memory_limit_bytes=memory_limit_bytes,
    )


def _memory_limit(pod: Manifest) -> int | str | None:
    for container in pod["spec"]["containers"]:
        if limit := ((container.get("resources") or {}).get("limits") or {}).get("memory"):
            found: int | str = limit
            return found
    return None


def _joined(*parts: str | None) -> str:
    return ": ".join(part.strip() for part in parts if part and part.strip())
