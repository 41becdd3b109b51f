"""The time of devices that several processes use side by side: each is charged its share of every moment."""

from __future__ import annotations

import mmap
import struct
import time

_STATE = struct.Struct("<Qddd")
_VERSION = struct.Struct("<Q")


class SharedTime:
    """A clock that runs at full speed while one process has the devices, and at 1/n while n share them.

    What it shows between the start and the end of a process is that process's part of the devices' time: the parts of
    all add up to the time in which any of them ran (processor sharing). One process says how many there are; that one
    and its forks read it. The state is written between two changes of its version, so that a reader knows when it has
    read half of an old state and half of a new one.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _STATE.size)
        self._version = 0
        self._write(0.0, time.monotonic(), 0.0)

    def __call__(self) -> float:
        """Return the seconds that the clock shows."""
        shown, since, sharing = self._read()
        return shown + (time.monotonic() - since) / max(sharing, 1.0)

    def share_between(self, processes: int) -> None:
        """Say how many processes share the devices from now on. Only for the process that made the clock."""
        now = time.monotonic()
        shown, since, sharing = self._read()
        self._write(shown + (now - since) / max(sharing, 1.0), now, float(processes))

    def _read(self) -> tuple[float, float, float]:
        while True:
            before, shown, since, sharing = _STATE.unpack_from(self._memory)
            if before % 2 == 0 and _VERSION.unpack_from(self._memory)[0] == before:
                return shown, since, sharing

    def _write(self, shown: float, since: float, sharing: float) -> None:
        self._version += 2
        _VERSION.pack_into(self._memory, 0, self._version - 1)
        _STATE.pack_into(self._memory, 0, self._version - 1, shown, since, sharing)
        _VERSION.pack_into(self._memory, 0, self._version)
