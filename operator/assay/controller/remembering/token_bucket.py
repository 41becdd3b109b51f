"""How many events a study may have."""

from __future__ import annotations

BURST = 25
SECONDS_PER_EVENT = 300.0
"""How many events of each study there may be at once, and after how many seconds one more; as in client-go's
EventSourceObjectSpamFilter."""


class TokenBucket:
    """Says whether a study may have one more event now."""

    def __init__(self, now: float) -> None:
        self._tokens = float(BURST)
        self._at = now

    def take(self, now: float) -> bool:
        """Return whether one more event is allowed, and count it if so; `now` is in seconds."""
        self._tokens = min(BURST, self._tokens + (now - self._at) / SECONDS_PER_EVENT)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
