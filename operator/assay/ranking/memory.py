"""What was worked out before, for whoever asks the same again.

A function that is asked the same many times takes a `Memory` as a parameter, and whoever calls it decides how long
answers are kept, and how many. Nothing here is kept by the process itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def _answer(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return function(*args, **kwargs)


class Memory:
    """The answers of functions by their arguments: the `most` that were asked for last.

    Threads may share one. An answer is given to all who ask, so nobody may change it.
    """

    def __init__(self, most: int) -> None:
        """`most`: answers kept, of all functions together; 0 keeps none."""
        # lru_cache is a bounded mapping that threads may share; with room for none it does not even look at arguments
        self._recalled: Callable[..., Any] = lru_cache(maxsize=most)(_answer)

    def of(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return function(*args, **kwargs), from memory if it was asked for before.

        The function must be pure: its answer may depend on nothing but its arguments, which are hashable. Pass a
        function that has a name: each `lambda` or `partial` is another one.
        """
        answer: T = self._recalled(function, *args, **kwargs)
        return answer


NO_MEMORY = Memory(0)
"""Remembers nothing: the default where a memory is a parameter."""
