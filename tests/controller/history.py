"""When Jobs and pods of studies began and ended, from the record of what the API server stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from assay.runners.jobs.manifests.names import attempts_of
from assay.runners.jobs.memory import Attempt
from assay.runners.jobs.observed.state import end_of, is_terminal
from cluster.record import Change


@dataclass
class Life:
    """The life of one Job or pod. Each time is a revision, which grows from change to change, and Unix seconds.

    `ended`: a Job's condition Complete or Failed, a pod's phase Succeeded or Failed. `gone`: it was removed.
    """

    kind: str
    namespace: str
    name: str
    uid: str
    study: str
    owner: str
    attempts: tuple[Attempt, ...]
    created: tuple[int, float]
    ended: tuple[int, float] | None = None
    gone: tuple[int, float] | None = None
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def over(self) -> tuple[int, float] | None:
        """The time from which on it no longer runs."""
        return min((at for at in (self.ended, self.gone) if at is not None), default=None)


def lives(changes: Iterable[Change]) -> list[Life]:
    """Return the lives of all Jobs and pods that run attempts, in the order in which they were made."""
    found: dict[str, Life] = {}
    latest: dict[tuple[str, str, str], str] = {}
    for change in changes:
        place = (change.kind, change.namespace, change.name)
        at = (change.revision, change.at)
        if change.manifest is None:
            if (uid := latest.get(place)) in found:
                found[uid].gone = at
            continue
        uid = change.manifest["metadata"]["uid"]
        attempts = attempts_of(change.manifest)
        if not attempts:
            continue
        latest[place] = uid
        if uid not in found:
            found[uid] = _begun(change, uid, attempts)
        life = found[uid]
        life.last = change.manifest
        if life.ended is None and _has_ended(change):
            life.ended = at
    return list(found.values())


def _begun(change: Change, uid: str, attempts: tuple[Attempt, ...]) -> Life:
    assert change.manifest is not None
    metadata = change.manifest["metadata"]
    owner = next((each["uid"] for each in metadata.get("ownerReferences") or () if each.get("controller")), "")
    study = metadata["labels"]["assay.dev/study"]
    created = (change.revision, change.at)
    return Life(change.kind, change.namespace, change.name, uid, study, owner, attempts, created)


def _has_ended(change: Change) -> bool:
    assert change.manifest is not None
    return is_terminal(change.manifest) if change.kind == "pods" else end_of(change.manifest) is not None
