"""A memory for what many reconciles ask a store for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from assay.store import Turn

REMEMBERED_SECONDS = 60.0
"""How long what was overwritten may go unseen; longer where reading takes long."""

REST = 200.0
"""A value counts for at least this many times the seconds that reading it took. Else a study that names many objects in
a slow store would read the first of them again before it has seen the last."""

_Value = TypeVar("_Value")


class _Known(NamedTuple, Generic[_Value]):
    """What was read, until when it counts without being read anew (the clock's seconds), and its size."""

    until: float
    value: _Value
    size: int


class Remembered(Generic[_Value]):
    """Values by name. For threads to share.

    `clock` is in seconds. The sizes of all values, by `size_of`, are at most `most`: what was not asked for for the
    longest time is forgotten.
    """

    def __init__(
        self, clock: Callable[[], float], most: int, size_of: Callable[[_Value], int] = lambda _value: 1
    ) -> None:
        self._clock = clock
        self._most = most
        self._size_of = size_of
        self._lock = Lock()
        self._known: OrderedDict[str, _Known[_Value]] = OrderedDict()
        self._size = 0

    def get(self, name: str, read: Callable[[], _Value], turn: Turn | None = None) -> _Value:
        """Return what is remembered under a name, else what `read` returns. Raises what `read` raises, and TurnOver.

        While it can't be read for a reason that may pass (`may_pass` of the error: the store is away, or the turn is
        over), what is remembered still counts.
        """
        began = self._clock()
        with self._lock:
            known = self._known.get(name)
            if known is not None:
                self._known.move_to_end(name)
        if known is not None and began < known.until:
            return known.value
        try:
            if turn is not None:
                turn.begin()
            value = read()
        except Exception as error:
            if known is not None and getattr(error, "may_pass", False):
                return known.value
            raise
        ended = self._clock()
        until = ended + max(REMEMBERED_SECONDS, REST * (ended - began))
        self._remember(name, _Known(until, value, self._size_of(value)))
        return value

    def _remember(self, name: str, latest: _Known[_Value]) -> None:
        with self._lock:
            earlier = self._known.pop(name, None)
            self._known[name] = latest
            self._size += latest.size - (earlier.size if earlier else 0)
            while self._size > self._most and len(self._known) > 1:
                self._size -= self._known.popitem(last=False)[1].size
