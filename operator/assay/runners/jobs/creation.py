"""Making Jobs, and trying again those that could not be made."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from assay.kube import KubeError, Manifest, Unreachable
from assay.runners.jobs.causes import is_over_quota
from assay.runners.jobs.memory import JobsMemory, NotCreated
from assay.runners.jobs.names import attempts_of
from assay.runners.jobs.objects import StudyObjects
from assay.store.together import together

RETRY_SECONDS = 10.0
"""Between tries to make a Job that was refused."""

ROOM_SECONDS, ROOM_RETRY_SECONDS = 20.0, 2.0
"""How long after Jobs have made room it may be counted, and how often that is tried: quotas are not counted at once."""

TOGETHER = 8
"""Jobs that are made at a time, of one study: those of others do not wait for them."""


def create(objects: StudyObjects, manifests: Sequence[Manifest], memory: JobsMemory, now: float) -> None:
    """Make Jobs, and remember those that were not made: their attempts are marked as started, so nobody else will."""
    make = partial(_error_of, objects)
    errors = together(make, manifests, TOGETHER)
    for manifest, error in zip(manifests, errors, strict=True):
        name = manifest["metadata"]["name"]
        if error is None:
            memory.not_created.pop(name, None)
            memory.appeared.update(attempts_of(manifest))
        else:
            earlier = memory.not_created.get(name)
            memory.not_created[name] = NotCreated(manifest, error, earlier.since if earlier else now, now)


def create_again(objects: StudyObjects, memory: JobsMemory, now: float) -> None:
    """Try those that are due. Over a quota one try in every round is enough, and it may have room at any time."""
    full = False
    for name, refused in list(memory.not_created.items()):
        if is_over_quota(refused.error.message):
            if full:
                continue
        elif now < refused.tried + RETRY_SECONDS:
            continue
        create(objects, [refused.manifest], memory, now)
        latest = memory.not_created.get(name)
        if latest is not None and isinstance(latest.error, Unreachable):
            return
        full = full or (latest is not None and is_over_quota(latest.error.message))


def next_try(memory: JobsMemory) -> float | None:
    """When a Job is to be tried again at the latest, in Unix seconds."""
    tried = [refused.tried for refused in memory.not_created.values()]
    soon = any(at < memory.made_room_at + ROOM_SECONDS for at in tried)
    return min(tried) + (ROOM_RETRY_SECONDS if soon else RETRY_SECONDS) if tried else None


def _error_of(objects: StudyObjects, manifest: Manifest) -> KubeError | None:
    try:
        objects.create(manifest)
    except KubeError as error:
        return error
    return None
