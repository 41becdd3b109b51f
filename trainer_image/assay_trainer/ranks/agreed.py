"""What the ranks of a trial agree on at its checkpoints, through memory that they share."""

from __future__ import annotations

import fcntl
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

_NUMBER_BYTES, _NAME_BYTES = 8, 1024
_LOOK_SECONDS = 0.002

_ACT, _END, _NAME, _CALLS = range(4)
"""Where the numbers are: the call at which all act, the one at which all end, the length of the name (plus 1 once it is
said), and from there on the calls that each rank has made."""


class Agreement:
    """Lets rank 0 decide at which call of `checkpoint` all ranks act, and from which checkpoint all go on.

    It is made before the ranks are forked. They make the same calls in the same order, but not at the same time: so
    rank 0 names a call that none of them has made yet. No rank waits for another one at a call, and a rank that dies
    holds up nobody.
    """

    def __init__(self, world_size: int) -> None:
        numbers = _CALLS + world_size
        self._memory = mmap.mmap(-1, numbers * _NUMBER_BYTES + _NAME_BYTES)
        self._numbers = memoryview(self._memory)[: numbers * _NUMBER_BYTES].cast("q")
        self._name_at = numbers * _NUMBER_BYTES
        self._lock = os.memfd_create("agreement")  # a lock on a file ends with the process that holds it

    def acts(self, rank: int, *, wants: bool, ends: bool) -> tuple[bool, bool]:
        """Count a call of a rank, and return whether all ranks act at this one, and whether they end at it. What rank 0
        `wants` counts: to act, or even to end, here or as soon as all ranks can."""
        with self._locked():
            numbers = self._numbers
            numbers[_CALLS + rank] += 1
            call = numbers[_CALLS + rank]
            if rank == 0 and (wants or ends) and numbers[_ACT] < call:
                farthest = max(numbers[_CALLS + 1 :], default=0)
                numbers[_ACT] = call if farthest < call else farthest + 1
                numbers[_END] = numbers[_ACT] if ends else 0
            acts = numbers[_ACT] == call
            return acts, acts and numbers[_END] == call

    def go_on_from(self, name: str | None) -> None:
        """Say, as rank 0, from which checkpoint all go on; None: from none."""
        encoded = (name or "").encode()
        self._memory[self._name_at : self._name_at + len(encoded)] = encoded
        self._numbers[_NAME] = len(encoded) + 1

    def goes_on_from(self) -> str | None:
        """Wait for rank 0 to say from which checkpoint all go on, and return its name; None: from none."""
        while not (length := self._numbers[_NAME]):
            time.sleep(_LOOK_SECONDS)
        return self._memory[self._name_at : self._name_at + length - 1].decode() or None

    def close(self) -> None:
        """Give back what it holds of this process."""
        os.close(self._lock)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)
