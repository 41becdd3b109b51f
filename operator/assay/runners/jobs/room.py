"""Where a quota is waited for: whoever has Jobs there that are of no more use lets them go."""

from __future__ import annotations

from threading import Lock

ASKED_SECONDS = 60.0
"""For how long it counts that somebody waits: who still does says so again sooner."""


class Room:
    """Of each namespace, when a study last waited for quota (Unix seconds). For threads to share. It may be lost at
    any time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked: dict[str, float] = {}

    def ask(self, namespace: str, now: float) -> None:
        """A study of the namespace waits for quota."""
        with self._lock:
            self._asked[namespace] = now

    def is_asked(self, namespace: str, now: float) -> bool:
        """Whether one does."""
        with self._lock:
            return now < self._asked.get(namespace, float("-inf")) + ASKED_SECONDS
