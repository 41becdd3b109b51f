"""The base of all objects that the two sides exchange, and the kinds of values in them."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from assay_trainer.described import bounded

CONTRACT_VERSION = 1
"""The version of every object below; readers refuse objects of another version."""

MESSAGE_CHARACTERS = 4000
"""The most characters of a failure's message; a longer one keeps its beginning. Statuses keep less."""

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Version = Annotated[int, Field(ge=CONTRACT_VERSION, le=CONTRACT_VERSION)]
Seconds = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, AfterValidator(partial(bounded, characters=MESSAGE_CHARACTERS))]


def is_empty(value: Any) -> bool:
    """Return whether a field is empty. Empty fields are left out, so that a worker of an earlier release can read a
    request that does not use them."""
    return not value


def is_one(value: Any) -> bool:
    """Return whether a count is 1, as it is for who does not use it: such fields are left out, too."""
    return bool(value == 1)


class Message(BaseModel):
    """The base of all objects here: immutable, and unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")
