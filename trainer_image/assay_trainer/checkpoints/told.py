"""Whether this process was told to end (SIGTERM)."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any


class EndSignal:
    """Takes note of SIGTERM, from `listen` to `close`, instead of ending the process. Processes that are forked in
    between end by SIGTERM as ever: a pool ends its workers so."""

    def __init__(self) -> None:
        self.told = False
        self._before: Any = None

    def listen(self) -> None:
        """Begin to listen. In another thread than the main one, which Python allows no handlers, nothing happens."""
        if self._before is None:
            with contextlib.suppress(ValueError):
                self._before = signal.signal(signal.SIGTERM, self._on_signal)
                _listening.add(self)

    def close(self) -> None:
        """Go back to what was before."""
        _listening.discard(self)
        if self._before is not None:
            with contextlib.suppress(ValueError):
                signal.signal(signal.SIGTERM, self._before)
            self._before = None

    def _on_signal(self, *_: object) -> None:
        self.told = True


_listening: set[EndSignal] = set()


def _forget() -> None:
    if _listening:
        _listening.clear()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


os.register_at_fork(after_in_child=_forget)
