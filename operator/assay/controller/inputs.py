"""Digesting the inputs of train functions, which many reconciles ask for."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from assay.runners.jobs import object_digest
from assay_trainer.objects import StoreError

REMEMBERED_SECONDS = 60.0
"""For how long an object that was overwritten may go unseen."""

MOST_REMEMBERED = 10_000


class Inputs:
    """Remembers each digest for a while. For threads to share. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._digested: dict[str, tuple[float, str]] = {}

    def __call__(self, uri: str) -> str:
        """See `object_digest`. While the store is away, what is remembered still counts."""
        now = self._clock()
        with self._lock:
            known = self._digested.get(uri)
        if known is not None and now - known[0] < REMEMBERED_SECONDS:
            return known[1]
        try:
            found = object_digest(uri)
        except StoreError:
            if known is not None:
                return known[1]
            raise
        with self._lock:
            if len(self._digested) >= MOST_REMEMBERED:
                self._digested.clear()
            self._digested[uri] = (now, found)
        return found
