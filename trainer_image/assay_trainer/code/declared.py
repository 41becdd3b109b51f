"""What a train function says of the devices that it can use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from assay_trainer.described import described

Uses = Literal["one", "ranks", "itself"]
Function = TypeVar("Function", bound=Callable[..., Any])

_ATTRIBUTE = "uses_devices"


def uses_devices(function: Function) -> Function:
    """Mark a train function that trains on all devices of its trial, in a process for each.

        @uses_devices
        def train(trial): ...      # trial.rank is 0 to trial.world_size - 1, trial.device a device of its own

    It may be marked without this module, too: `train.uses_devices = True`. One that starts processes itself, or uses
    all devices from one process, is called once and says `train.uses_devices = "itself"`.
    """
    setattr(function, _ATTRIBUTE, True)
    return function


def uses_of(function: object) -> Uses:
    """Return how a train function uses devices; "one" if it says nothing. Raises ValueError for another value."""
    said = getattr(function, _ATTRIBUTE, False)
    if said is True:
        return "ranks"
    if said == "itself":
        return "itself"
    if said is False:
        return "one"
    raise ValueError(f'uses_devices: given {described(said)}; allowed: True, False, "itself"')


def why_not(function: object, devices: int) -> str | None:
    """Return why a train function can't use so many devices; None: it can."""
    try:
        uses = uses_of(function)
    except ValueError as error:
        return str(error)
    if devices == 1 or uses != "one":
        return None
    return (
        f"devices: given {devices}; the train function does not say that it can use more than one, "
        "which @assay_trainer.ranks.uses_devices says"
    )
