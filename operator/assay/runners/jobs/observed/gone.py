"""Pods that are no longer there: what they held is known only to who has seen them before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assay.kube import Manifest
from assay.runners.jobs.memory import Held
from assay.runners.jobs.observed.state import end_of, ended_at, started_at


def held_by(known: Mapping[str, Held], job: Manifest, pods: Iterable[Manifest], now: float) -> dict[str, Held]:
    """Return from when to when each pod of a Job has run, by its uid: those `known` before, and those that are there.

    A pod that was deleted has run until its Job ended, or else until now, when it is missed first.
    """
    end, there = end_of(job), {pod["metadata"]["uid"]: pod for pod in pods}
    missed_at = now if end is None else end.at
    found = {
        uid: held if uid in there or held.until is not None else held._replace(until=max(held.since, missed_at))
        for uid, held in known.items()
    }
    for uid, pod in there.items():
        if (since := started_at(pod)) is not None:
            found[uid] = Held(since, ended_at(pod))
    return found
