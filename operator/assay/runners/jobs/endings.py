"""How the attempts of an ended Job ended: by the worker's last words where there are some, else by what Kubernetes
says of the pod and the Job."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from assay.kube import Manifest
from assay.runners.jobs.memory import Attempt
from assay.runners.jobs.names import attempts_of
from assay.runners.jobs.state import JobEnd, condition_of, container_state, started_at, status_reason
from assay_trainer.contract import ExitStatus, FailureReason, TerminationMessage

_WORDS = TypeAdapter(list[TerminationMessage])


_TOLD_BY_KUBELET = (FailureReason.DEADLINE_EXCEEDED, FailureReason.STORAGE_EXCEEDED)

_OVER_ITS_LIMIT = re.compile(r"exceed(s|ed) (the|its)\b.*\blimit\b")
"""What a kubelet says of a pod that has more on the node's disk than it may: its own fault, which another attempt only
repeats. It is `Evicted` then like one that has to leave a node whose disk is full, which is a `DisruptionTarget`."""


class _Cause(NamedTuple):
    """Why the items that the worker said nothing of ended; the first of them alone, or `all_of_them`."""

    reason: Literal["Succeeded"] | FailureReason
    message: str
    all_of_them: bool = False


def terminations(job: Manifest, pods: Sequence[Manifest], end: JobEnd) -> Mapping[Attempt, TerminationMessage]:
    """How each attempt of an ended Job ended. `pods` are those of the Job that are known, in the order of their age.

    Items run one after another: of those that the worker left no word of, the first one is charged with the end of
    the pod, and the others were not reached. Last words may be cut; the store knows better, and is asked first.
    """
    pod = pods[-1] if pods else None
    cause = _cause(pod, end)
    words = _last_words(pods)
    if cause.reason in _TOLD_BY_KUBELET:  # then SIGTERM is only how the pod's own limit came about
        words = {attempt: said for attempt, said in words.items() if said.reason is not FailureReason.DISRUPTED}
    found: dict[Attempt, TerminationMessage] = {}
    blamed = False
    for attempt in attempts_of(job):
        if attempt in words:
            found[attempt] = words[attempt]
        elif blamed and not cause.all_of_them:
            found[attempt] = _said(attempt, FailureReason.DISRUPTED, "its pod ended before its turn came")
        else:
            found[attempt] = _said(attempt, cause.reason, cause.message)
            blamed = True
    return found


def _cause(pod: Manifest | None, end: JobEnd) -> _Cause:
    if end.complete:
        return _Cause("Succeeded", "", all_of_them=True)
    if pod is None:  # a pod that ends by itself stays as long as its Job
        return _Cause(FailureReason.DISRUPTED, f"its pod was deleted; {end.reason}: {end.message}")
    if disruption := condition_of(pod, "DisruptionTarget"):
        return _Cause(FailureReason.DISRUPTED, _joined(disruption.get("reason"), disruption.get("message")))
    reason, message = status_reason(pod)
    if reason == "Evicted" and _OVER_ITS_LIMIT.search(message):
        return _Cause(FailureReason.STORAGE_EXCEEDED, message)
    if started_at(pod) is None:  # whatever has ended it then, the trial has had no try
        why = _joined(reason, message) or f"{end.reason}: {end.message}"
        return _Cause(FailureReason.NOT_STARTED, f"its container did not start: {why}", all_of_them=True)
    if reason == "DeadlineExceeded":
        return _Cause(FailureReason.DEADLINE_EXCEEDED, "its pod was ended, long after the deadlines of its trials")
    terminated = container_state(pod, "terminated")
    if terminated is None:
        return _Cause(FailureReason.DISRUPTED, _joined(reason, message) or f"{end.reason}: {end.message}")
    return _exit_cause(pod, int(terminated["exitCode"]), terminated.get("reason"), terminated.get("message") or "")


def _exit_cause(pod: Manifest, code: int, reason: str | None, printed: str) -> _Cause:
    if reason == "OOMKilled":
        return _Cause(FailureReason.OUT_OF_MEMORY, f"killed since it used more memory than {_memory_limit(pod)}")
    if pod["metadata"].get("deletionTimestamp") or code == ExitStatus.TOLD_TO_END:
        return _Cause(FailureReason.DISRUPTED, "its pod was deleted")
    if code == ExitStatus.DONE:
        return _Cause("Succeeded", "", all_of_them=True)
    if code == ExitStatus.UNREADABLE:
        return _Cause(FailureReason.NOT_STARTED, f"the worker can't read its request: {printed}", all_of_them=True)
    if code in (ExitStatus.FAILED, ExitStatus.TRY_AGAIN) and _parsed(printed):
        return _Cause(FailureReason.DISRUPTED, "the worker's last words were cut before this one", all_of_them=True)
    how = _joined(reason if reason != "Error" else None, printed)
    return _Cause(FailureReason.WORKER_DIED, _joined(f"the container ended with exit code {code}", how))


def _last_words(pods: Iterable[Manifest]) -> dict[Attempt, TerminationMessage]:
    """What workers said, the latest of each attempt. What disrupted all pods but the last did not end the Job."""
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


def _said(attempt: Attempt, reason: Literal["Succeeded"] | FailureReason, message: str) -> TerminationMessage:
    return TerminationMessage(key=attempt.key, attempt=attempt.attempt, reason=reason, message=message)


def _memory_limit(pod: Manifest) -> str:
    for container in pod["spec"]["containers"]:
        if limit := ((container.get("resources") or {}).get("limits") or {}).get("memory"):
            return f"its limit of {limit}"
    return "there is"


def _joined(*parts: str | None) -> str:
    return ": ".join(part.strip() for part in parts if part and part.strip())
