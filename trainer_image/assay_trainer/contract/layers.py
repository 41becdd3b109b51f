"""What is said of the operations within a step of training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from assay_trainer.contract.message import CONTRACT_VERSION, Key, Message, Seconds, Version, is_empty

LAYERS_BYTES = 64 * 1024
"""The most bytes of what is said of a trial's layers, as JSON."""

TRACE_BYTES = 16 * 2**20
"""The most bytes of a compressed trace. A larger one is not kept."""

LayerKind = Literal[
    "convolution",
    "linear",
    "attention",
    "normalisation",
    "activation",
    "pooling",
    "loss",
    "optimizer",
    "data",
    "augmentation",
    "evaluation",
    "other",
]


class LayerTime(Message):
    """The time of one kind of layer, in all traced steps together."""

    kind: LayerKind
    host_forward_seconds: Seconds = Field(default=0.0, description="On the CPU's clock, in the forward pass.")
    host_backward_seconds: Seconds = Field(default=0.0, description="On the CPU's clock, in the backward pass.")
    device_forward_seconds: Seconds = Field(default=0.0, exclude_if=is_empty, description="Of the GPU's kernels.")
    device_backward_seconds: Seconds = Field(default=0.0, exclude_if=is_empty, description="Of the GPU's kernels.")

    @property
    def host_seconds(self) -> float:
        """Seconds of both passes on the CPU's clock."""
        return self.host_forward_seconds + self.host_backward_seconds

    @property
    def device_seconds(self) -> float:
        """Seconds of both passes on the GPU."""
        return self.device_forward_seconds + self.device_backward_seconds


class Layers(Message):
    """Where the time of a few steps of a trial went, by kind of layer. Its trace is the object beside it."""

    version: Version = CONTRACT_VERSION
    key: Key
    steps: int = Field(ge=1, description="Steps that were traced.")
    warm_up_steps: int = Field(ge=0, description="Steps before them.")
    traced_seconds: Seconds = Field(description="Of all traced steps together.")
    untraced_step_seconds: Seconds = Field(description="Of one of the steps before them, as a median; 0: unknown.")
    kinds: tuple[LayerTime, ...] = Field(max_length=32)
    trace_bytes: int = Field(ge=0, description="Of the compressed trace; 0: it was too large, and is not kept.")

    @property
    def slowdown(self) -> float | None:
        """How many times as long a step takes with the tracing; None: unknown."""
        return self.traced_seconds / self.steps / self.untraced_step_seconds if self.untraced_step_seconds else None
