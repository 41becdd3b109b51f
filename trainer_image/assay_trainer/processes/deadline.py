"""A deadline by the process's own clock."""

from __future__ import annotations

import signal
import threading
from types import TracebackType

AGAIN_SECONDS = 1.0
"""A function that swallows the exception gets it again after this time."""


class DeadlineExceeded(BaseException):
    """The deadline has passed; raised within the block. It is no `Exception`, so that `except Exception` in a train
    function does not catch it."""


class Deadline:
    """A `with` block that ends with DeadlineExceeded after some seconds; `expired` says whether it did.

    Python raises the exception between two of its own instructions: a call into C that never returns is not
    interrupted. Signals reach the main thread only; in another thread the block has no deadline.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._armed = False
        self.expired = False

    def __enter__(self) -> Deadline:
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGALRM, self._on_alarm)
            self._armed = True
            signal.setitimer(signal.ITIMER_REAL, self._seconds, AGAIN_SECONDS)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._armed:
            self._armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._previous)

    def ring_within(self, seconds: float) -> None:
        """Have the block end after so many more seconds, unless it ends sooner. Any thread may ask for it."""
        if self._armed:
            left, _ = signal.getitimer(signal.ITIMER_REAL)
            signal.setitimer(signal.ITIMER_REAL, min(left, seconds), AGAIN_SECONDS)

    def count(self, seconds: float) -> None:
        """Count seconds as passed that were spent before the block began. Raises DeadlineExceeded if none are left."""
        if not self._armed:
            return
        left = signal.getitimer(signal.ITIMER_REAL)[0] - seconds
        if left > 0:
            signal.setitimer(signal.ITIMER_REAL, left, AGAIN_SECONDS)
            return
        self.expired = True
        raise DeadlineExceeded(f"still running after {self._seconds:g} s, of which earlier attempts took {seconds:.0f}")

    def _on_alarm(self, *_: object) -> None:
        if self._armed:  # else it rang while the block was being left
            self.expired = True
            raise DeadlineExceeded(f"still running after {self._seconds:g} s")
