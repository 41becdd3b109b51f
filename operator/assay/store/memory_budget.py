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
"""About what an object that was read takes in memory: by itself, and for each byte of its JSON."""


class NoRoom(TurnOver):
    """Others need the memory just now."""


@dataclass(eq=False)
class Share:
    """The part of the memory that one ledger takes. `forget` makes the ledger forget all that it has read."""

    forget: Callable[[], None]
    most: float = math.inf
    """The most bytes that it may take: more would be too much for the largest study."""
    taken: int = field(default=0, init=False)
    in_use: bool = field(default=False, init=False)


class MemoryBudget:
    """About how many bytes of memory all ledgers have together. For threads to share.

    A ledger can read again what it remembers. So where there is not enough for all, ledgers that are not in use forget,
    the largest first; and if that is not enough, a ledger with more than an equal part has to wait.
    """

    def __init__(self, most: float = math.inf) -> None:
        self._most = most
        self._lock = Lock()
        self._shares: list[Share] = []

    def share(self, forget: Callable[[], None], most: float) -> Share:
        """Return the share of a new ledger, which has it until it is given back."""
        made = Share(forget, most)
        with self._lock:
            self._shares.append(made)
        return made

    def give_back(self, share: Share) -> None:
        """Take back the share of a ledger that is not used any more."""
        with self._lock:
            self._shares.remove(share)

    @contextmanager
    def use(self, share: Share) -> Iterator[None]:
        """Keep a ledger from forgetting while it is in use."""
        with self._lock:
            share.in_use = True
        try:
            yield
        finally:
            with self._lock:
                share.in_use = False

    def take(self, share: Share, size: int) -> None:
        """Take memory for an object whose JSON has so many bytes.

        Raises UnfitObject if it is too much for one study, NoRoom if others need the memory just now.
        """
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
