"""How long one study may read before others have their turn."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from assay_trainer.objects import StoreError


class TurnOver(StoreError):
    """There is more to read than one turn allows. What was read is remembered, and the next turn goes on from there."""

    may_pass = True


class Turn:
    """The time that one study has, from when this is made. For threads to share. `clock` is in seconds."""

    def __init__(self, seconds: float = math.inf, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = clock() + seconds
        self._begun = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more should be begun."""
        return self._clock() >= self._until

    def begin(self) -> None:
        """Begin to read something. Raises TurnOver, but never before the first: each turn reads something."""
        if self._begun and self.is_over:
            raise TurnOver("reading goes on in the next turn")
        self._begun = True
