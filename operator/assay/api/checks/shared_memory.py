"""Whether /dev/shm can be as large as a study asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from assay.api.quantities import bytes_of
from assay.api.resources import TrainerSpec

LEAST = 2**20
"""Less is a unit that was left out: what a data loader hands over is a batch at least."""

SHARED_MEMORY = "/dev/shm"  # noqa: S108 - the folder of a pod


class WrongSize(NamedTuple):
    """A field of the trainer, what it says, and what it may say."""

    field: str
    given: str
    allowed: str


def wrong_shared_memory(trainer: TrainerSpec) -> Iterator[WrongSize]:
    """Yield what is wrong with the size of a trainer's shared memory, or with its pods' own mount there."""
    if (asked := trainer.shared_memory) is None:
        return
    if (size := bytes_of(asked)) is None or size < LEAST:
        yield WrongSize("sharedMemory", f'"{asked}"', 'an amount of 1Mi or more, such as "2Gi"')
        return
    if (template := trainer.pod_template) is None:
        return
    limit = template.resources.limits.get("memory") if template.resources else None
    most = bytes_of(limit) if limit is not None else None
    if most is not None and size >= most:
        allowed = f"less than the pod's limit of memory, {limit}, within which it counts"
        yield WrongSize("sharedMemory", f'"{asked}"', allowed)
    for index, mount in enumerate(template.volume_mounts):
        path = mount.get("mountPath")
        if isinstance(path, str) and PurePosixPath(path) == PurePosixPath(SHARED_MEMORY):
            allowed = "other paths beside spec.trainer.sharedMemory, which is mounted there"
            yield WrongSize(f"podTemplate.volumeMounts[{index}].mountPath", f'"{path}"', allowed)
