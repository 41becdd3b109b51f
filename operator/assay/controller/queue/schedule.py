"""Which keys are to be worked on, when, and whose turn it is: the state behind the queue, without threads or a clock.

Threads are few, and work may take long: a store may be slow, a backlog huge, a user hostile. So of all namespaces with
something due, the one is served that has the fewest threads now; of several, the one that used the least time lately.
Some threads are kept free for others: keys that took long the last time get half of them at most, and one namespace
gets three quarters.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Literal, NamedTuple

from assay_trainer.contract import doubling_pause

FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 30.0
"""The pause after a failure, and the longest one: it doubles with each."""

SLOW_SECONDS = 2.0
"""A key that took longer the last time is slow."""

LATELY_SECONDS = 60.0
"""After how long time that was used counts half."""

_REMEMBERED_NAMESPACES = 10_000


class Key(NamedTuple):
    """The object, or the task, that a reconcile is about."""

    kind: Literal["study", "hypothesis", "relist", "shares"]
    namespace: str
    name: str


SHARES = Key("shares", "", "")
"""The task to wake studies for whose Jobs there may be room now."""


class Schedule:
    """Keys, each of which is there once and is worked on by one thread at a time.

    Times are seconds of the caller's clock. `jitter` returns numbers of 0 to 1, so that keys that failed together are
    not tried again together; `threads` is how many keys are worked on at a time. Not for use by several threads.
    """

    def __init__(self, jitter: Callable[[], float], threads: int = 8) -> None:
        self._jitter = jitter
        self._most_of_one = max(1, threads - max(1, threads // 4))
        self._most_slow = max(1, threads // 2)
        self._due: dict[Key, float] = {}
        self._lanes: dict[_Lane, list[tuple[float, int, Key]]] = {}
        self._order = count()
        self._running: dict[Key, _Turn] = {}
        self._slow: set[Key] = set()
        self._used = _Used()
        self._eager: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._not_before: dict[Key, float] = {}

    def due(self, now: float) -> int:
        """Return how many keys are due, without those being worked on."""
        return sum(at <= now and key not in self._running for key, at in self._due.items())

    def add(self, key: Key, at: float, *, eager: bool = False) -> None:
        """Let a key be worked on at a time, or earlier if that was asked for before.

        A key that failed waits for its next try, and one that was just worked on rests. With `eager` it does not:
        somebody has changed its object.
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
        """Return the key that has been due longest, of the namespace whose turn it is; it is then being worked on."""
        due = [lane for lane in self._open_lanes() if self._lanes[lane][0][0] <= now]
        if not due:
            return None
        lane = min(due, key=lambda each: (*self._had(each.namespace, now), each.after_studies, self._lanes[each][0]))
        key = heapq.heappop(self._lanes[lane])[2]
        del self._due[key]
        self._eager.discard(key)
        self._running[key] = _Turn(lane, now)
        return key

    def next_at(self) -> float | None:
        """Return when the next key is due of those that nobody works on and that may have a thread; None: there is
        none."""
        return min((self._lanes[lane][0][0] for lane in self._open_lanes()), default=None)

    def succeeded(self, key: Key, now: float, *, rest: float, again_in: float | None) -> None:
        """Note that work on a key has ended well. If it was woken meanwhile, or is soon, it rests first."""
        self._failures.pop(key, None)
        self._end(key, now, now + rest)
        if again_in is not None:
            self.add(key, now + again_in)

    def failed(self, key: Key, now: float) -> float:
        """Note that work on a key has failed; return the seconds after which it is tried again."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        pause = doubling_pause(failures, FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS) * (0.5 + self._jitter() / 2)
        self._end(key, now, now + pause)
        self.add(key, now + pause)
        return pause

    def forget(self, key: Key) -> None:
        """Drop what is remembered of earlier work on a key."""
        self._failures.pop(key, None)
        self._not_before.pop(key, None)

    def _end(self, key: Key, now: float, not_before: float) -> None:
        lane, since = self._running.pop(key)
        self._used.add(lane.namespace, now - since, now)
        (self._slow.add if now - since > SLOW_SECONDS else self._slow.discard)(key)
        if key not in self._eager:
            self._not_before[key] = not_before
        if key in self._due:
            self._due[key] = max(self._due[key], self._not_before.get(key, 0.0))
            self._push(key)

    def _push(self, key: Key) -> None:
        lane = _Lane(key.namespace, key in self._slow, key.kind == "hypothesis")
        heapq.heappush(self._lanes.setdefault(lane, []), (self._due[key], next(self._order), key))

    def _had(self, namespace: str, now: float) -> tuple[int, float]:
        """Return how many threads a namespace has now, and how many seconds of threads it has used lately."""
        return sum(turn.lane.namespace == namespace for turn in self._running.values()), self._used.by(namespace, now)

    def _open_lanes(self) -> list[_Lane]:
        """Return the lanes in which something waits that may be worked on."""
        self._drop_outdated()
        threads = Counter(turn.lane.namespace for turn in self._running.values())
        slow = sum(turn.lane.slow for turn in self._running.values())
        return [
            lane
            for lane in self._lanes
            if threads[lane.namespace] < self._most_of_one and not (lane.slow and slow >= self._most_slow)
        ]

    def _drop_outdated(self) -> None:
        for lane, heap in list(self._lanes.items()):
            while heap and (heap[0][2] in self._running or self._due.get(heap[0][2]) != heap[0][0]):
                heapq.heappop(heap)
            if not heap:
                del self._lanes[lane]


class _Lane(NamedTuple):
    """A queue of keys of one namespace. Slow ones have their own, and so have hypotheses: there may be thousands."""

    namespace: str
    slow: bool
    after_studies: bool


class _Turn(NamedTuple):
    """Work on a key that goes on, and since when."""

    lane: _Lane
    since: float


class _Used:
    """The seconds of threads that each namespace has used; the longer ago, the less they count."""

    def __init__(self) -> None:
        self._seconds: dict[str, tuple[float, float]] = {}

    def add(self, namespace: str, seconds: float, now: float) -> None:
        """Count so many more seconds of a namespace."""
        self._seconds[namespace] = self.by(namespace, now) + seconds, now
        if len(self._seconds) > _REMEMBERED_NAMESPACES:
            del self._seconds[min(self._seconds, key=lambda each: self.by(each, now))]

    def by(self, namespace: str, now: float) -> float:
        """Return the seconds that a namespace has used lately."""
        seconds, at = self._seconds.get(namespace, (0.0, now))
        return float(seconds * 0.5 ** ((now - at) / LATELY_SECONDS))
