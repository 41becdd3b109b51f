"""Making Jobs, and trying again those that could not be made."""

from __future__ import annotations

from assay.kube import KubeError, Manifest, Unreachable
from assay.runners.jobs.memory import JobsMemory, NotCreated
from assay.runners.jobs.names import attempts_of
from assay.runners.jobs.objects import StudyObjects

RETRY_SECONDS = 10.0
"""Between tries to make a Job that was refused."""


def create(objects: StudyObjects, manifest: Manifest, memory: JobsMemory, now: float) -> None:
    """Make a Job, or remember that it was not made: its attempts are marked as started, so nobody else will."""
    name = manifest["metadata"]["name"]
    try:
        objects.create(manifest)
    except KubeError as error:
        earlier = memory.not_created.get(name)
        memory.not_created[name] = NotCreated(manifest, error, earlier.since if earlier else now, now)
    else:
        memory.not_created.pop(name, None)
        memory.appeared.update(attempts_of(manifest))


def create_again(objects: StudyObjects, memory: JobsMemory, now: float) -> None:
    """Try those that are due. Over a quota one try in every round is enough, and it may have room at any time."""
    full = False
    for name, refused in list(memory.not_created.items()):
        if is_over_quota(refused.error.message):
            if full:
                continue
        elif now < refused.tried + RETRY_SECONDS:
            continue
        create(objects, refused.manifest, memory, now)
        latest = memory.not_created.get(name)
        if latest is not None and isinstance(latest.error, Unreachable):
            return
        full = full or (latest is not None and is_over_quota(latest.error.message))


def next_try(memory: JobsMemory) -> float | None:
    """When a Job is to be tried again at the latest, in Unix seconds."""
    return min((refused.tried + RETRY_SECONDS for refused in memory.not_created.values()), default=None)


def is_over_quota(message: str) -> bool:
    """Whether a refusal is for want of quota: the API server has no other word for it."""
    return "exceeded quota" in message
