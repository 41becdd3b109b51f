"""Sums of the time of traced operations, by kind of layer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol, get_args

from assay_trainer.contract import LayerKind, LayerTime
from assay_trainer.profile.layers.kinds import is_backward, kind_of

REGION = "assay::"
"""Begins the name of the region of a phase within a trace."""


class Operation(Protocol):
    """An operation as torch's profiler has seen it, with those that it called. Times are in microseconds."""

    @property
    def name(self) -> str:
        """`aten::conv2d`, or the name of a region."""

    @property
    def cpu_children(self) -> Sequence[Operation]:
        """What it called, on the same thread."""

    @property
    def cpu_time_total(self) -> float:
        """From its start to its end, on the CPU's clock."""

    @property
    def self_cpu_time_total(self) -> float:
        """The same without what it called."""

    @property
    def device_time_total(self) -> float:
        """Of all kernels that it, and what it called, has started."""

    @property
    def self_device_time_total(self) -> float:
        """Of the kernels that it has started itself."""


def layer_times(roots: Iterable[Operation], whole_seconds: float) -> tuple[LayerTime, ...]:
    """Return the time of each kind, the largest first, of operations that no other has called.

    An operation of a kind counts with all that it calls. What is of no kind, and what passes between operations, is
    `other`, up to `whole_seconds`, which the traced steps took.
    """
    sums = _Sums()
    for root in roots:
        sums.add(root, "", backward=False)
    return sums.times(whole_seconds)


class _Sums:
    def __init__(self) -> None:
        self._host: dict[tuple[LayerKind, bool], float] = defaultdict(float)
        self._device: dict[tuple[LayerKind, bool], float] = defaultdict(float)
        self._elsewhere = 0.0
        """Of the backward pass on a thread of its own, for which the loop's thread waits."""

    def add(self, operation: Operation, phase: str, *, backward: bool) -> None:
        """Add an operation in a phase of the loop, and what it calls."""
        name = operation.name
        if name.startswith(REGION):
            phase = name.removeprefix(REGION)
            backward = phase == "backward"
        elif is_backward(name):
            if not phase:
                self._elsewhere += operation.cpu_time_total
            backward = True
        kind = _whole_kind(name, phase)
        if kind is not None:
            self._host[kind, backward] += operation.cpu_time_total
            self._device[kind, backward] += operation.device_time_total
            return
        rest: LayerKind = "data" if phase == "data_wait" else "other"
        self._host[rest, backward] += operation.self_cpu_time_total
        self._device[rest, backward] += operation.self_device_time_total
        for called in operation.cpu_children:
            self.add(called, phase, backward=backward)

    def times(self, whole_seconds: float) -> tuple[LayerTime, ...]:
        """Return the sums, the largest first."""
        # the loop's thread only waits while the backward pass runs on another one
        self._host["other", True] = max(0.0, self._host["other", True] - self._elsewhere)
        self._host["other", False] += max(0.0, whole_seconds * 1e6 - sum(self._host.values()))
        found = [
            LayerTime(
                kind=kind,
                host_forward_seconds=self._host[kind, False] / 1e6,
                host_backward_seconds=self._host[kind, True] / 1e6,
                device_forward_seconds=self._device[kind, False] / 1e6,
                device_backward_seconds=self._device[kind, True] / 1e6,
            )
            for kind in get_args(LayerKind)
        ]
        there = [each for each in found if each.host_seconds or each.device_seconds]
        return tuple(sorted(there, key=lambda each: (-each.device_seconds, -each.host_seconds)))


def _whole_kind(name: str, phase: str) -> LayerKind | None:
    """Return the kind of an operation that counts with all that it calls; None: look at what it calls."""
    if phase == "optimizer" or name.startswith("Optimizer."):
        return "optimizer"
    if phase == "evaluation":
        return "evaluation"
    if phase == "copy_to_device" or name.startswith("enumerate(DataLoader)"):
        return "data"
    if phase == "data_wait":
        return None if name.startswith(REGION) else "augmentation"
    return kind_of(name)
