"""The memory that the ledgers of a process share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from assay.store.turns import TurnOver
from assay_trainer.objects import UnfitObject

BYTES_PER_OBJECT, BYTES_PER_BYTE = 1024, 8
"""What an object that was read takes in memory, about: of itself, and for each byte of its JSON."""


class NoRoom(TurnOver):
    """Others need the memory just now."""


@dataclass(eq=False)
class Share:
    """What one ledger takes of it. `forget` makes the ledger forget all that it has read."""

    forget: Callable[[], None]
    most: float = math.inf
    """Bytes; more would be too much for the largest study."""
    taken: int = field(default=0, init=False)
    in_use: bool = field(default=False, init=False)


class MemoryBudget:
    """Bytes of memory, about, for all ledgers. For threads to share.

    What a ledger remembers it can read again. So where there is not enough for all, those that are not in use forget,
    the largest first; and if that does not do, whoever has more than an equal part has to wait.
    """

    def __init__(self, most: float = math.inf) -> None:
        self._most = most
        self._lock = Lock()
        self._shares: list[Share] = []

    def share(self, forget: Callable[[], None], most: float) -> Share:
        """Of a new ledger, until it is given back."""
        made = Share(forget, most)
        with self._lock:
            self._shares.append(made)
        return made

    def give_back(self, share: Share) -> None:
        """The ledger is no more."""
        with self._lock:
            self._shares.remove(share)

    @contextmanager
    def use(self, share: Share) -> Iterator[None]:
        """While it is in use a ledger forgets nothing."""
        with self._lock:
            share.in_use = True
        try:
            yield
        finally:
            with self._lock:
                share.in_use = False

    def take(self, share: Share, size: int) -> None:
        """Room for an object whose JSON has so many bytes. Raises UnfitObject: it is too much for one study; NoRoom."""
        wanted = BYTES_PER_OBJECT + BYTES_PER_BYTE * size
        with self._lock:
            if share.taken + wanted > share.most:
                raise UnfitObject(f"what was read takes more than {share.most:.0f} bytes of memory")
            idle = sorted((each for each in self._shares if not each.in_use and each.taken), key=lambda one: one.taken)
            total = sum(each.taken for each in self._shares) + wanted
            while total > self._most and idle:
                largest = idle.pop()
                total -= largest.taken
                largest.forget()
                largest.taken = 0
            in_use = sum(each.in_use for each in self._shares)
            if total > self._most and share.taken + wanted > self._most / max(1, in_use):
                raise NoRoom("other studies need the operator's memory just now")
            share.taken += wanted
