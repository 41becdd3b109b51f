"""What a pod that has not ended waits for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from assay.api.conditions import Reason
from assay.api.times import unix_seconds_or_none
from assay.kube import Manifest
from assay.runners.jobs.observed.state import condition_of, container_state, created_at, phase_of
from assay.runners.jobs.waiting.causes import is_missing_object, is_wrong_image, passes
from assay.runners.jobs.waiting.obstacles import Wait

OVERDUE_SECONDS = 120.0
"""How long a pod may take to end once it has to."""

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


def pod_wait(pod: Manifest, trials: int, warned: str | None, pending_seconds: float) -> Wait | None:
    """Return what a pod of so many trials waits for; None: for nothing, they run.

    `warned` is what Kubernetes warned of last about a pod of the study.
    """
    seen = _SeenPod(pod, trials, warned, pending_seconds)
    return next(wait_of for applies, wait_of in _STAGES if applies(seen))(seen)


class _SeenPod(NamedTuple):
    """A pod that has not ended; see `pod_wait`."""

    pod: Manifest
    trials: int
    warned: str | None
    pending_seconds: float

    @property
    def since(self) -> float:
        return created_at(self.pod)

    @property
    def reason(self) -> str:
        """Why its container waits, as one word; empty if nothing is said."""
        return str((container_state(self.pod, "waiting") or {}).get("reason") or "")

    @property
    def message(self) -> str:
        """Why its container waits, as a sentence; empty if nothing is said."""
        return str((container_state(self.pod, "waiting") or {}).get("message") or "")


def _runs_or_ends(seen: _SeenPod) -> bool:
    return phase_of(seen.pod) != "Pending" or bool(seen.pod["metadata"].get("deletionTimestamp"))


def _end_wait(seen: _SeenPod) -> Wait | None:
    """A pod outlives its deadline, or its deletion, only where no kubelet ends it."""
    pod = seen.pod
    deadline, started = pod["spec"].get("activeDeadlineSeconds"), unix_seconds_or_none(pod["status"].get("startTime"))
    ends = [unix_seconds_or_none(pod["metadata"].get("deletionTimestamp"))]
    ends += [started + deadline] if started is not None and deadline is not None else []
    until = min((end for end in ends if end is not None), default=None)
    if until is None:
        return None
    name, node = pod["metadata"]["name"], pod["spec"].get("nodeName")
    cause = f"pod {name} on node {node} still runs; if the node is lost, `kubectl delete pod {name} --force`"
    return Wait(Reason.NOT_ENDING, cause, seen.trials, until + OVERDUE_SECONDS, until + OVERDUE_SECONDS)


def _has_no_node(seen: _SeenPod) -> bool:
    return condition_of(seen.pod, "PodScheduled") is None and not seen.pod["spec"].get("nodeName")


def _node_wait(seen: _SeenPod) -> Wait:
    unscheduled = condition_of(seen.pod, "PodScheduled", "False") or {}
    cause = unscheduled.get("message") or "no scheduler has looked at its pod"
    return Wait(Reason.UNSCHEDULABLE, cause, seen.trials, seen.since + seen.pending_seconds)


def _has_no_image(seen: _SeenPod) -> bool:
    return seen.reason in _IMAGE_REASONS


def _image_wait(seen: _SeenPod) -> Wait:
    wrong = seen.reason in _WRONG_IMAGE_REASONS or is_wrong_image(seen.message)
    stalls_at = seen.since if wrong else seen.since + PASSING_SECONDS
    return Wait(Reason.IMAGE_NOT_PULLED, seen.message or seen.reason, seen.trials, seen.since, stalls_at)


def _has_failing_container(seen: _SeenPod) -> bool:
    return seen.reason in _CONTAINER_REASONS


def _container_wait(seen: _SeenPod) -> Wait:
    stalls_at = seen.since + PASSING_SECONDS if passes(seen.message) else seen.since
    return Wait(Reason.CONTAINER_NOT_CREATED, seen.message or seen.reason, seen.trials, seen.since, stalls_at)


def _is_being_set_up(_seen: _SeenPod) -> bool:
    return True


def _set_up_wait(seen: _SeenPod) -> Wait:
    patient, warned = seen.since + seen.pending_seconds, seen.warned
    cause = warned or f"pod {seen.pod['metadata']['name']} is {seen.reason or 'Pending'}; its image may be large"
    stalls_at = patient if warned and is_missing_object(warned) else math.inf
    return Wait(Reason.CONTAINER_NOT_CREATED, cause, seen.trials, patient, stalls_at, asks=seen.pod, ask_at=patient)


class _PodStage(NamedTuple):
    """How far a pod may be that has not ended, and what its trials then wait for; None: for nothing, they run."""

    applies: Callable[[_SeenPod], bool]
    wait_of: Callable[[_SeenPod], Wait | None]


_STAGES = (
    _PodStage(_runs_or_ends, _end_wait),
    _PodStage(_has_no_node, _node_wait),
    _PodStage(_has_no_image, _image_wait),
    _PodStage(_has_failing_container, _container_wait),
    _PodStage(_is_being_set_up, _set_up_wait),
)
"""The first stage that applies is that of the pod."""
