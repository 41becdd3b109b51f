"""How attempts end without a result."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Literal

from pydantic import ConfigDict, Field

from assay_trainer.contract.message import CONTRACT_VERSION, Key, Message, Seconds, Text, Version, is_empty
from assay_trainer.contract.results import CurvePoint

TERMINATION_MESSAGE_BYTES = 4096
"""Kubernetes cuts a pod's termination message at this size."""


class FailureReason(StrEnum):
    """Why an attempt ended without a result."""

    INVALID_REQUEST = "InvalidRequest"
    ENTRYPOINT_NOT_FOUND = "EntrypointNotFound"
    INVALID_RECIPE = "InvalidRecipe"
    INVALID_DATASET = "InvalidDataset"
    TRAIN_FUNCTION_RAISED = "TrainFunctionRaised"
    METRIC_MISSING = "MetricMissing"
    SCORE_NOT_FINITE = "ScoreNotFinite"
    OUT_OF_MEMORY = "OutOfMemory"
    OUT_OF_SHARED_MEMORY = "OutOfSharedMemory"
    STORAGE_EXCEEDED = "StorageExceeded"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    STORE_FAILED = "StoreFailed"
    WORKER_DIED = "WorkerDied"
    DISRUPTED = "Disrupted"
    NOT_STARTED = "NotStarted"
    CODE_CHANGED = "CodeChanged"
    CURVE_NOT_REPORTED = "CurveNotReported"
    STOPPED = "Stopped"
    SUBSET_UNUSABLE = "SubsetUnusable"
    NOT_RECORDED = "NotRecorded"


INFRASTRUCTURE_REASONS = frozenset(
    {
        FailureReason.STORE_FAILED,
        FailureReason.WORKER_DIED,
        FailureReason.DISRUPTED,
        FailureReason.NOT_STARTED,
        FailureReason.CODE_CHANGED,
        FailureReason.STOPPED,
        FailureReason.OUT_OF_SHARED_MEMORY,
    }
)
"""The failures that are not the team's own: another attempt may succeed. NotStarted: its container, or its request,
could not be had. CodeChanged: the sources were edited before it began. Stopped: Assay itself ended the attempt.
OutOfSharedMemory: others ran beside it in the memory that it ran out of."""


def doubling_pause(failures: int, first: float, longest: float) -> float:
    """Return the seconds to wait after so many failures in a row: `first`, then twice as long each time.

    It is never more than `longest`, and 0 after no failure.
    """
    return min(first * 2.0 ** min(failures - 1, 30), longest) if failures else 0.0


class Failure(Message):
    """An attempt that ended without a result."""

    version: Version = CONTRACT_VERSION
    key: Key
    attempt: int = Field(ge=1)
    reason: FailureReason
    message: Text
    accelerator_seconds: Seconds = Field(default=0, description="What the attempt cost all the same.")
    deadline_seconds: int | None = Field(default=None, description="The deadline that it had.")
    memory_limit_bytes: int | None = Field(
        default=None,
        ge=1,
        exclude_if=is_empty,
        description="The limit of memory that it ran out of, which somebody may raise; none: it was not that.",
    )
    metric: str | None = Field(default=None, description="The metric that it was asked for.")
    curve: tuple[CurvePoint, ...] = Field(
        default=(), exclude_if=is_empty, description="What it had reported until then, of long curves a part."
    )
    study: str | None = Field(default=None, description="The study that asked for it, and is charged.")

    @property
    def infrastructure(self) -> bool:
        """Whether another attempt may succeed."""
        return self.reason in INFRASTRUCTURE_REASONS


class ExitStatus(IntEnum):
    """Exit statuses of `assay_trainer.worker`, whose text says what each of them means."""

    DONE = 0
    FAILED = 1
    UNREADABLE = 2
    TRY_AGAIN = 75
    TOLD_TO_END = 143


class TerminationMessage(Message):
    """How one item of a worker ended, in the pod's termination message: a fast path that may be cut short."""

    # Workers of earlier releases, which images of teams may hold for long, said more: the score.
    model_config = ConfigDict(extra="ignore")

    key: Key
    attempt: int = 1
    reason: Literal["Succeeded"] | FailureReason
    message: Text = ""
    memory_limit_bytes: int | None = Field(default=None, ge=1, exclude_if=is_empty, description="As in Failure.")
    accelerator_seconds: Seconds | None = Field(
        default=None,
        allow_inf_nan=False,
        exclude_if=lambda value: value is None,
        description="What the attempt has taken, if it left no result; none: nobody has measured it.",
    )
