"""Whether the pods of a study have what its trials are told to use: devices, and cores for their threads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from assay.api.quantities import amount_of
from assay.api.resources import TrainerSpec

_GPU = re.compile(r"[^/]+/(gpu|mig-.*)")
"""Names of resources that are GPUs, or parts of one: nvidia.com/gpu, amd.com/gpu, nvidia.com/mig-1g.10gb."""


class TooFew(NamedTuple):
    """A field of the trainer, what it says, and what it may say."""

    field: str
    given: str
    allowed: str


def too_few_devices(trainer: TrainerSpec) -> Iterator[TooFew]:
    """Yield that a trial has more devices than its pod asks for: each of its pods would start, and refuse it."""
    names, there = _gpus(trainer)
    if names and there < trainer.devices:
        field = f"podTemplate.resources.limits[{names[0]}]"
        allowed = f"{trainer.devices} or more, a device for each process: spec.trainer.devices is {trainer.devices}"
        yield TooFew(field, str(there), allowed)


def device_cautions(place: str, trainer: TrainerSpec) -> Iterator[str]:
    """Yield a sentence for devices that would idle, and for threads that would share cores; `place` is the study."""
    names, there = _gpus(trainer)
    if there > trainer.devices:
        yield (
            f"{place}: spec.trainer.podTemplate.resources.limits: a pod gets {there} of {' and '.join(names)}, of "
            f"which a trial uses and is charged for {trainer.devices} (spec.trainer.devices)"
        )
    if trainer.threads is None or (cores := _cores(trainer)) is None:
        return
    processes = trainer.devices * trainer.packing.at_once
    if trainer.threads * processes > cores[1]:
        of = f" in each of {processes} processes" if processes > 1 else ""
        yield (
            f"{place}: spec.trainer.threads: {trainer.threads}{of}, on {cores[1].normalize():f} cores "
            f"(podTemplate.resources.{cores[0]}.cpu): they take turns, and are slower than fewer would be"
        )


def _gpus(trainer: TrainerSpec) -> tuple[list[str], int]:
    """Return the names of the GPUs that a pod asks for, and how many they are. Kubernetes takes the limit for both."""
    limits = _resources(trainer, "limits")
    names = [name for name in limits if _GPU.fullmatch(name)]
    return names, sum(int(amount_of(limits[name]) or 0) for name in names)


def _cores(trainer: TrainerSpec) -> tuple[str, Decimal] | None:
    """Return whether limits or requests say how many cores a pod has, and how many; None if neither does."""
    for kind in ("limits", "requests"):
        given = _resources(trainer, kind).get("cpu")
        if given is not None and (amount := amount_of(given)) is not None:
            return kind, amount
    return None


def _resources(trainer: TrainerSpec, kind: str) -> Mapping[str, int | str]:
    resources = trainer.pod_template.resources if trainer.pod_template else None
    return {} if resources is None else dict(getattr(resources, kind))
