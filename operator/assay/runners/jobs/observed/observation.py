"""The attempts of a Job, as the Job and its pods show them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence

from assay.kube import STUDY_LABEL, Manifest
from assay.runners.jobs.manifests.names import attempts_of, devices_of
from assay.runners.jobs.memory import Held
from assay.runners.jobs.observed.endings import terminations
from assay.runners.jobs.observed.state import (
    container_seconds,
    controller_of,
    created_at,
    end_of,
    is_terminal,
    started_at,
)
from assay.runners.jobs.sharing.claims import Claims
from assay.runners.jobs.sharing.shares import Owner
from assay.runners.protocol import ObservedAttempt


def observed(
    job: Manifest, pods: Iterable[Manifest], now: float, gone: Sequence[Held] = ()
) -> tuple[ObservedAttempt, ...]:
    """Return the attempts of a Job, in their order. `pods` are those of the Job, `gone` are further ones that are no
    longer there; `now` is in Unix seconds.

    An attempt has ended when its Job has: then no pod of it lives. One that has not begun starts `now`, since it
    holds nothing yet. Accelerator seconds are devices times the wall seconds of the container, the same share for
    each of several packed attempts; but what the worker has said of an attempt is more exact.
    """
    pods = sorted(pods, key=lambda pod: (created_at(pod), pod["metadata"]["name"]))
    attempts = attempts_of(job)
    end = end_of(job)
    starts = [start for pod in pods if (start := started_at(pod)) is not None] + [held.since for held in gone]
    waiting_since = now if end is None else created_at(job)
    until = now if end is None else end.at
    share = devices_of(job) / max(1, len(attempts))
    earlier = sum((until if held.until is None else held.until) - held.since for held in gone)
    earlier += sum(container_seconds(pod, until) for pod in pods[:-1])
    last = container_seconds(pods[-1], until) if pods else 0.0
    ended = terminations(job, pods, end) if end is not None else {}
    said = {attempt: words.accelerator_seconds for attempt, words in ended.items()}
    return tuple(
        ObservedAttempt(
            key=attempt.key,
            attempt=attempt.attempt,
            phase="Running" if end is None else "Ended",
            started_at=min(starts, default=waiting_since),
            ended_at=None if end is None else end.at,
            accelerator_seconds=share * earlier + _or_else(said.get(attempt), share * last),
            termination=ended.get(attempt),
            begun=bool(starts),
        )
        for attempt in attempts
    )


def _or_else(seconds: float | None, other: float) -> float:
    return other if seconds is None else seconds


def claim_running(
    claims: Claims, jobs: Iterable[Manifest], studies: Container[str], *, and_ended: bool = False
) -> None:
    """Let each study have the keys that its Jobs run, and no others. `studies` are the uids of those that are there.

    With `and_ended` they get the keys of their ended Jobs, too: how those ended may not be in the store yet.
    """
    running: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for job in jobs:
        study = controller_of(job)
        if study is not None and (end_of(job) is None or (and_ended and study in studies)):
            running[job["metadata"]["namespace"], study].update(attempt.key for attempt in attempts_of(job))
    for (namespace, study), keys in running.items():
        claims.hold(namespace, study, keys)
        if study not in studies:  # it was deleted, and its Jobs are to follow
            claims.leave(namespace, study)


def claim_living(claims: Claims, pods: Iterable[Manifest], studies: Mapping[tuple[str, str], str]) -> None:
    """Let each study have the keys that its pods run, too: Jobs may be gone while their pods are not.

    `studies` are the uids of the studies that are there, by namespace and name.
    """
    for pod in pods:
        metadata = pod["metadata"]
        study = studies.get((metadata["namespace"], (metadata.get("labels") or {}).get(STUDY_LABEL, "")))
        if study is not None and not is_terminal(pod):
            claims.add(metadata["namespace"], study, [attempt.key for attempt in attempts_of(pod)])


def living_by_owner(jobs: Iterable[Manifest]) -> Mapping[Owner, int]:
    """Return how many of the Jobs have not ended, by owner; a Job that nobody owns is its own."""
    return Counter(
        Owner(job["metadata"]["namespace"], controller_of(job) or job["metadata"]["uid"])
        for job in jobs
        if end_of(job) is None
    )


def lacks_last_words(job: Manifest, pods: Sequence[Manifest]) -> bool:
    """Return whether a Job has failed and no known pod says why: it was deleted, or its event is still to come."""
    end = end_of(job)
    return end is not None and not end.complete and not any(is_terminal(pod) for pod in pods)
