"""Making Jobs, and trying again those that could not be made."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from assay.kube import KubeError, Manifest, Unreachable
from assay.runners.jobs.manifests.names import attempts_of
from assay.runners.jobs.memory import JobsMemory, NotCreated
from assay.runners.jobs.objects import StudyObjects
from assay.runners.jobs.waiting.causes import is_over_quota
from assay.store.together import together

RETRY_SECONDS = 10.0
"""How long after a refusal a Job is tried again."""

ROOM_SECONDS, ROOM_RETRY_SECONDS = 20.0, 2.0
"""How long it may take until a quota counts that Jobs were deleted, and how often a Job is tried meanwhile."""

TOGETHER = 8
"""How many Jobs of one study are made at a time: the Jobs of others do not wait for them."""


def create(objects: StudyObjects, manifests: Sequence[Manifest], memory: JobsMemory, now: float) -> None:
    """Make Jobs, and remember those that were not made: their attempts are marked as started, so only this can."""
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
    """Try again the Jobs that are due. If a quota is used up, one try a round is enough; it may have room any time."""
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
    """Return when a Job is to be tried again at the latest, in Unix seconds; None: there is none."""
    tried = [refused.tried for refused in memory.not_created.values()]
    soon = any(at < memory.made_room_at + ROOM_SECONDS for at in tried)
    return min(tried) + (ROOM_RETRY_SECONDS if soon else RETRY_SECONDS) if tried else None


def _error_of(objects: StudyObjects, manifest: Manifest) -> KubeError | None:
    try:
        objects.create(manifest)
    except KubeError as error:
        return error
    return None
