"""Which namespaces wait for quota: studies there then delete their Jobs that are of no more use."""

from __future__ import annotations

from threading import Lock

COUNTS_SECONDS = 60.0
"""How long it counts that a study waits: one that still does says so again sooner."""


class QuotaWaits:
    """When a study of each namespace last waited for quota. For threads to share; it may be lost at any time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._noted: dict[str, float] = {}

    def note(self, namespace: str, now: float) -> None:
        """Note that a study of the namespace waits for quota; `now` is in Unix seconds."""
        with self._lock:
            self._noted[namespace] = now

    def is_waited_for(self, namespace: str, now: float) -> bool:
        """Return whether a study of the namespace waits for quota."""
        with self._lock:
            return now < self._noted.get(namespace, float("-inf")) + COUNTS_SECONDS
