"""Doing several slow things at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from assay.store.turns import TurnOver

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


def together(call: Callable[[_Given], _Made], each: Iterable[_Given], most: int) -> Sequence[_Made]:
    """Call a function with each, up to `most` at a time, and return what it returns.

    Raises what one of them raises, once all have ended.

    The threads are this call's own: studies that wait for a slow store take none from others.
    """
    each = list(each)
    if len(each) < 2:
        return [call(one) for one in each]
    with ThreadPoolExecutor(min(most, len(each)), "together") as pool:
        futures = [pool.submit(call, one) for one in each]
        wait(futures)
    errors = [error for future in futures if (error := future.exception()) is not None]
    # What is wrong is more important than that there was no time for the rest.
    for error in sorted(errors, key=lambda error: isinstance(error, TurnOver)):
        raise error
    return [future.result() for future in futures]
