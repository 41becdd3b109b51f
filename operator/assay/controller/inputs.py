"""Digesting the inputs of train functions, which many reconciles ask for."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from assay.runners.jobs import object_digest
from assay.store import Turn
from assay_trainer.objects import StoreError

REMEMBERED_SECONDS = 60.0
"""For how long an object that was overwritten may go unseen; longer where asking takes long."""

REST = 200.0
"""An object is not asked for anew before so many times the time that it took: else a study with many inputs in a slow
store would ask for the first of them again before it has heard of the last."""

MOST_REMEMBERED = 10_000


class _Known(NamedTuple):
    """A digest, until when it counts without asking anew, in the caller's seconds."""

    until: float
    digest: str


class Inputs:
    """Remembers each digest for a while. For threads to share. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float], digest_of: Callable[[str], str] = object_digest) -> None:
        self._clock = clock
        self._digest_of = digest_of
        self._lock = Lock()
        self._digested: dict[str, _Known] = {}

    def __call__(self, uri: str, turn: Turn | None = None) -> str:
        """See `object_digest`. Raises TurnOver if the turn is. While the store is away, or others have their turn, what
        is remembered still counts."""
        now = self._clock()
        with self._lock:
            known = self._digested.get(uri)
        if known is not None and now < known.until:
            return known.digest
        try:
            if turn is not None:
                turn.begin()
            found = self._digest_of(uri)
        except StoreError:
            if known is not None:
                return known.digest
            raise
        asked = self._clock()
        with self._lock:
            if len(self._digested) >= MOST_REMEMBERED:
                self._digested.clear()
            self._digested[uri] = _Known(asked + max(REMEMBERED_SECONDS, REST * (asked - now)), found)
        return found
