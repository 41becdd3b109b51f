"""Digests of the inputs of train functions, which many reconciles ask for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from assay.controller.remembering.remembered import Remembered
from assay.runners.jobs import object_digest
from assay.store import Turn

MOST_REMEMBERED = 10_000


class Inputs:
    """Remembers each digest for a while. For threads to share. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float], digest_of: Callable[[str], str] = object_digest) -> None:
        self._digest_of = digest_of
        self._remembered = Remembered[str](clock, MOST_REMEMBERED)

    def __call__(self, uri: str, turn: Turn | None = None) -> str:
        """Return what `object_digest` returns. Raises the same, and TurnOver."""
        return self._remembered.get(uri, partial(self._digest_of, uri), turn)
