"""Which keys are to be worked on, and when: the state behind the queue, without threads or a clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import Literal, NamedTuple

FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 30.0
"""Between failures the pause doubles from the first to the last."""


class Key(NamedTuple):
    """What a reconcile is about."""

    kind: Literal["study", "hypothesis", "relist"]
    namespace: str
    name: str


class Schedule:
    """Each key is there once, and is worked on by one at a time.

    Times are seconds of the caller's clock. `jitter` gives numbers of 0 to 1, so that what failed together is not
    tried again together. Not for use by several threads.
    """

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._order = count()
        self._running: set[Key] = set()
        self._eager: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._not_before: dict[Key, float] = {}

    def due(self, now: float) -> int:
        """How many keys are due, those being worked on left out."""
        return sum(at <= now and key not in self._running for key, at in self._due.items())

    def add(self, key: Key, at: float, *, eager: bool = False) -> None:
        """Work on a key at a time, or earlier if that was asked for before.

        A key that failed waits for its next try, and one that was just worked on rests, unless this is `eager`:
        somebody has changed what it is about.
        """
        if eager:
            self._eager.add(key)
            self.forget(key)
        at = max(at, self._not_before.get(key, at))
        if at < self._due.get(key, float("inf")):
            self._due[key] = at
            if key not in self._running:
                self._push(key)

    def take(self, now: float) -> Key | None:
        """The key that has been due longest; it is then being worked on."""
        self._drop_outdated()
        if not self._heap or self._heap[0][0] > now:
            return None
        key = heapq.heappop(self._heap)[2]
        del self._due[key]
        self._eager.discard(key)
        self._running.add(key)
        return key

    def next_at(self) -> float | None:
        """When the next key is due, of those that nobody works on; None: there is none."""
        self._drop_outdated()
        return self._heap[0][0] if self._heap else None

    def succeeded(self, key: Key, now: float, *, rest: float, again_in: float | None) -> None:
        """Work on a key has ended well. What woke it meanwhile, or does soon, waits until it has rested."""
        self._failures.pop(key, None)
        self._end(key, now + rest)
        if again_in is not None:
            self.add(key, now + again_in)

    def failed(self, key: Key, now: float) -> float:
        """Work on a key has failed; it is tried again after as many seconds as this says."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause = min(FIRST_RETRY_SECONDS * 2.0 ** min(failures, 30), LAST_RETRY_SECONDS) * (0.5 + self._jitter() / 2)
        self._end(key, now + pause)
        self.add(key, now + pause)
        return pause

    def forget(self, key: Key) -> None:
        """Drop what is remembered of earlier work on a key."""
        self._failures.pop(key, None)
        self._not_before.pop(key, None)

    def _end(self, key: Key, not_before: float) -> None:
        self._running.discard(key)
        if key not in self._eager:
            self._not_before[key] = not_before
        if key in self._due:
            self._due[key] = max(self._due[key], self._not_before.get(key, 0.0))
            self._push(key)

    def _push(self, key: Key) -> None:
        heapq.heappush(self._heap, (self._due[key], next(self._order), key))

    def _drop_outdated(self) -> None:
        while self._heap:
            at, _, key = self._heap[0]
            if key not in self._running and self._due.get(key) == at:
                return
            heapq.heappop(self._heap)
