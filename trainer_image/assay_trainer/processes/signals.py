"""Signals that a loop without threads can select on."""

from __future__ import annotations

import contextlib
import os
import signal


class SignalPipe:
    """A pipe that SIGCHLD and SIGTERM make readable, from its making on, instead of doing anything else."""

    def __init__(self) -> None:
        self.descriptor, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.told_to_end = False
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "told_to_end", True))
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    @property
    def descriptors(self) -> tuple[int, int]:
        """Both ends of the pipe."""
        return self.descriptor, self._writer

    def drain(self) -> None:
        """Make `descriptor` unreadable until the next signal."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self.descriptor, 4096):
                pass
