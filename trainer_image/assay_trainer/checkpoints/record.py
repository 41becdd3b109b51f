"""A checkpoint as an object of the store: what is known of the run so far, and the train function's state."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from assay_trainer.checkpoints.encoding import Unusable, decoded, encoded
from assay_trainer.contract.faults import first_fault
from assay_trainer.contract.message import Key, Message, Seconds
from assay_trainer.contract.results import CurvePoint
from assay_trainer.profile.phases import PhaseName

CHECKPOINT_BYTES = 4 << 30
"""The most bytes of a checkpoint. It is written at once, of which S3 takes no more than 5 GiB."""

RECORD_BYTES = 2 << 20
"""The most bytes of what is known of the run so far."""

CURVE_BYTES = 1 << 20
"""The most bytes of the learning curve as JSON within that."""

_FIRST_LINE = b"assay checkpoint 1 "


class Spent(Message):
    """What a run has taken until a checkpoint, over all the attempts that led to it."""

    model_config = ConfigDict(allow_inf_nan=False)

    wall_seconds: Seconds = 0.0
    accelerator_seconds: Seconds = 0.0
    setup_seconds: Seconds = 0.0
    measured_seconds: Seconds = Field(default=0.0, description="From the first phase of the profile to the last.")
    training_seconds: Seconds = Field(default=0.0, description="Since training began, as points of the curve have it.")
    phases: dict[PhaseName, Seconds] = Field(default={})
    samples: int = Field(default=0, ge=0, lt=2**63)
    peak_memory_bytes: int = Field(default=0, ge=0, lt=2**63)


NOTHING = Spent()


class CheckpointRecord(Message):
    """What is known of the run so far. `key` and `attempt` are those of the attempt that wrote it."""

    key: Key
    attempt: int = Field(ge=1)
    unit: Literal["accelerator", "cpu-process"]
    device_model: str
    spent: Spent
    charged_before: Seconds = Field(description="Of the accelerator seconds those that other attempts are charged.")
    curve: tuple[CurvePoint, ...] = ()
    reported: int = Field(default=0, ge=0, description="Points that were reported.")
    wanted_epochs: tuple[int, ...] = Field(default=(), description="The epochs that it was asked to report.")
    epochs: int = Field(ge=1, description="The epochs of the whole run; 1 where `steps` say how long it is.")
    steps: int | None = Field(default=None, ge=1, description="The steps of the whole run.")
    stop_after: int | None = Field(default=None, ge=1, description="The epoch after which this attempt was to end.")


def to_object(record: CheckpointRecord, state: Any) -> bytes:
    """Return a checkpoint as an object. Raises Unusable for a state that can't be kept, MemoryError."""
    pieces = [record.model_dump_json().encode(), b"\n", *encoded(state, CHECKPOINT_BYTES)]
    size = sum(len(piece) for piece in pieces)
    if size > CHECKPOINT_BYTES:
        raise Unusable(f"state: given {size:,} bytes; allowed: {CHECKPOINT_BYTES:,}")
    summed = hashlib.sha256()
    for piece in pieces:
        summed.update(piece)
    return b"".join((_FIRST_LINE, summed.hexdigest().encode(), b"\n", *pieces))


def from_object(data: bytes) -> tuple[CheckpointRecord, memoryview]:
    """Return the record of a checkpoint, and its state as yet encoded. Raises Unusable that says what is wrong."""
    whole = memoryview(data)
    first = bytes(whole[:200]).partition(b"\n")[0]
    if not first.startswith(_FIRST_LINE):
        raise Unusable("it is no checkpoint, or one of another release")
    body = whole[len(first) + 1 :]
    if hashlib.sha256(body).hexdigest().encode() != first.removeprefix(_FIRST_LINE):
        raise Unusable("it is damaged: it has not the digest that it says")
    end = bytes(body[: RECORD_BYTES + 1]).find(b"\n")
    if end < 0:
        raise Unusable("what is known of its run has no end")
    try:
        return CheckpointRecord.model_validate_json(bytes(body[:end])), body[end + 1 :]
    except ValidationError as error:
        raise Unusable(": ".join(part or "what is known of its run" for part in first_fault(error))) from error


__all__ = ["CheckpointRecord", "Spent", "Unusable", "decoded", "from_object", "to_object"]
