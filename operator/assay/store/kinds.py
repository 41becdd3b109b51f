"""The kinds of objects in a ledger: how each is read, how large it may be, and what must agree with its name."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from assay.planning.records.edit_log import EditRecord
from assay.planning.records.look_records import LookRecord, look_record_name
from assay.planning.records.trust_records import TrustRecord, record_name
from assay.store.layout import RESULTS, attempt_in, key_in, looks_folder
from assay.store.reading import Kind
from assay_trainer.contract import (
    CONTRACT_VERSION,
    CodeIngredients,
    Failure,
    PreparationResult,
    TrialResult,
    WorkRequest,
)


class StartMark(BaseModel):
    """Marks an attempt as started; Unix seconds."""

    version: int = Field(default=CONTRACT_VERSION, ge=CONTRACT_VERSION, le=CONTRACT_VERSION)
    started_at: float


def _of_another_key(name: str, value: TrialResult | PreparationResult) -> str | None:
    """Say what is wrong with a result of this name: whatever is under a trial's key counts as that trial's."""
    key = key_in(name)
    fitting = TrialResult if name.startswith(RESULTS) else PreparationResult
    if not isinstance(value, fitting):
        return f"kind: given {value.kind}; it is not one that belongs into {name.partition('/')[0]}/"
    return None if value.key == key else f"key: given {value.key}; allowed: {key}, as its name says"


def _of_another_attempt(name: str, value: Failure) -> str | None:
    named = attempt_in(name)
    assert named is not None
    if (value.key, value.attempt) == (named.key, named.attempt):
        return None
    return f"key and attempt: given {value.key}, {value.attempt}; allowed: {named.key}, {named.attempt}"


def _of_another_name(name: str, value: TrustRecord) -> str | None:
    wanted = record_name(value)
    return None if wanted == key_in(name) else f"its name should be {wanted}.json"


def _of_another_number(name: str, value: EditRecord) -> str | None:
    number = int(key_in(name))
    return None if value.number == number else f"number: given {value.number}; allowed: {number}, as its name says"


def _of_another_look(name: str, value: LookRecord) -> str | None:
    wanted = f"{looks_folder(value.yardstick)}{look_record_name(value)}.json"
    return None if wanted == name else f"its name should be {wanted}"


RESULT = Kind(Annotated[TrialResult | PreparationResult, Field(discriminator="kind")], "result", _of_another_key)
FAILURE = Kind(Failure, "record", _of_another_attempt)
STARTED = Kind(StartMark, "record")
EDIT = Kind(EditRecord, "record", _of_another_number)
PROGRAM = Kind(CodeIngredients, "record")
REQUEST = Kind(WorkRequest, "result")
"""A request holds a recipe, so it may be as large as a result."""
TRUST = Kind(Annotated[TrustRecord, Field(discriminator="kind")], "record", _of_another_name)
LOOK = Kind(Annotated[LookRecord, Field(discriminator="kind")], "record", _of_another_look)
