"""What comes of trials and preparations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from assay_trainer.contract.message import (
    CONTRACT_VERSION,
    Digest,
    Key,
    Message,
    Seconds,
    Share,
    Version,
    is_empty,
    is_one,
)

RESULT_BYTES = 2**20
"""The most bytes of a result as JSON: a trainer writes no larger one, whatever a train function returns."""


class CurvePoint(Message):
    """The metrics that a train function reported after an epoch."""

    epoch: int = Field(ge=0)
    seconds: Seconds = Field(description="Since training began.")
    metrics: dict[str, float]


def curve_point(curve: Sequence[CurvePoint], epoch: int, metric: str) -> CurvePoint | None:
    """Return the point of a learning curve that counts for a metric after an epoch: the first of that epoch that has
    the metric. None: it was not reported."""
    return next((point for point in curve if point.epoch == epoch and metric in point.metrics), None)


def read_curve(curve: Sequence[CurvePoint], epoch: int, metric: str) -> float | None:
    """Return what a learning curve says of a metric after an epoch; None: it was not reported. It may be NaN or
    infinite."""
    point = curve_point(curve, epoch, metric)
    return None if point is None else point.metrics[metric]


class Cost(Message):
    """The price of a trial. `accelerator_seconds` is devices x wall seconds; on a CPU, CPU-process seconds.

    Of a trial that went on from a checkpoint all are those of the whole run, so that prices can be compared.
    """

    unit: Literal["accelerator", "cpu-process"]
    devices: int = Field(ge=1)
    device_model: str
    wall_seconds: Seconds
    accelerator_seconds: Seconds
    setup_seconds: Seconds
    training_seconds: Seconds
    evaluation_seconds: Seconds
    resumed_seconds: Seconds = Field(
        default=0.0,
        exclude_if=is_empty,
        description="Of the accelerator seconds those before the checkpoint that it went on from, which other attempts "
        "are charged.",
    )

    @property
    def charged_seconds(self) -> float:
        """The accelerator seconds that nobody else is charged."""
        return max(0.0, self.accelerator_seconds - self.resumed_seconds)


class Profile(Message):
    """Where a trial's time went; shares are of the time from the first batch to the last evaluation."""

    data_wait: Share
    copy_to_device: Share
    forward: Share
    backward: Share
    optimizer: Share
    evaluation: Share
    other: Share
    samples_per_second: float = Field(ge=0, description="Training examples per second of training.")
    device_utilisation: Share | None = Field(
        description="NVML's GPU utilisation; on a CPU the process' share of the cores it was given; None: unknown."
    )
    peak_memory_bytes: int = Field(ge=0, description="Of the GPU's allocator; on a CPU the resident set.")


class Provenance(Message):
    """The code, environment and machine that produced a result."""

    code: Digest
    dataset: Digest
    held_out: Digest | None = None
    python: str
    torch: str | None
    device_model: str
    release: str | None = Field(
        default=None, description="Version and revision of the trainer's image; none where it ran in no image."
    )
    threads: int = Field(
        default=1, ge=1, exclude_if=is_one, description="CPU threads of a process. On a CPU, sums depend on them."
    )
    deterministic: bool = Field(
        default=False,
        exclude_if=is_empty,
        description="Whether all operations were such as give the same bits again.",
    )
    started_at: float = Field(description="Unix time, seconds.")


MOST_EXAMPLES = 2**14
"""The most held-out examples whose values are kept. How much a mean varies with the examples is known from so many as
well as from millions."""


class PerExample(Message):
    """What a train function said of each held-out example. The values are an object beside the result.

    It is named by their digest (`examples_name`), and has bits, the first example's the highest, or float32.
    """

    kind: Literal["correct", "loss"]
    examples: int = Field(ge=2, description="All that it was said of.")
    kept: int = Field(ge=2, le=MOST_EXAMPLES, description="Of them, evenly spaced: those whose values are kept.")
    mean: float = Field(allow_inf_nan=False, description="Over all of them.")
    digest: Digest

    @property
    def size(self) -> int:
        """The bytes of the object with the values."""
        return -(-self.kept // 8) if self.kind == "correct" else 4 * self.kept


class TrialResult(Message):
    """The result of a trial. The study, hypothesis and arm are those that first asked for it."""

    version: Version = CONTRACT_VERSION
    kind: Literal["Trial"] = "Trial"
    key: Key
    study: str
    hypothesis: str
    arm: str
    seed: int
    metric: str
    score: float = Field(allow_inf_nan=False)
    metrics: dict[str, float]
    curve: tuple[CurvePoint, ...] = ()
    cost: Cost
    profile: Profile | None = None
    provenance: Provenance
    run_url: str | None = Field(default=None, description="Where the team's own tracker shows the run.")
    notes: tuple[str, ...] = Field(
        default=(), description="What of that which the train function gave is left out, and why: a few short lines."
    )
    per_example: tuple[PerExample, ...] = Field(
        default=(), max_length=2, exclude_if=is_empty, description="How its held-out examples fared, one by one."
    )


class PreparationResult(Message):
    """The result of a preparation. Its scores are in the object `preparations/<key>.f32`."""

    version: Version = CONTRACT_VERSION
    kind: Literal["Preparation"] = "Preparation"
    key: Key
    study: str
    arm: str
    method: Literal["EL2N", "Custom"]
    examples: int = Field(ge=1)
    scores_digest: Digest
    cost: Cost
    provenance: Provenance
