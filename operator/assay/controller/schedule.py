"""Which keys are to be worked on, when, and whose turn it is: the state behind the queue, without threads or a clock.

Threads are few, and work may take long: a store is slow, a backlog is huge, and somebody may mean harm. So of all that
is due, the namespace is served that has fewest threads now, and of several the one that had least of their time lately.
Some threads are kept free for whoever comes next: what took long the last time gets half of them at most, and one
namespace three quarters.
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
"""Between failures the pause doubles from the first to the last."""

SLOW_SECONDS = 2.0
"""What took longer is slow, until it does not."""

LATELY_SECONDS = 60.0
"""Time that was used so long ago counts half."""

_REMEMBERED_NAMESPACES = 10_000


class Key(NamedTuple):
    """What a reconcile is about."""

    kind: Literal["study", "hypothesis", "relist", "shares"]
    namespace: str
    name: str


SHARES = Key("shares", "", "")
"""There may be room for Jobs of studies that wait for it."""


class Schedule:
    """Each key is there once, and is worked on by one at a time.

    Times are seconds of the caller's clock. `jitter` gives numbers of 0 to 1, so that what failed together is not
    tried again together; `threads` is how many keys are worked on at a time. Not for use by several threads.
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
        """The key that has been due longest, of the namespace whose turn it is; it is then being worked on."""
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
        """When the next key is due, of those that nobody works on and for which a thread may be had; None: there is
        none."""
        return min((self._lanes[lane][0][0] for lane in self._open_lanes()), default=None)

    def succeeded(self, key: Key, now: float, *, rest: float, again_in: float | None) -> None:
        """Work on a key has ended well. What woke it meanwhile, or does soon, waits until it has rested."""
        self._failures.pop(key, None)
        self._end(key, now, now + rest)
        if again_in is not None:
            self.add(key, now + again_in)

    def failed(self, key: Key, now: float) -> float:
        """Work on a key has failed; it is tried again after as many seconds as this says."""
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
        """How many threads a namespace has now, and how many seconds of them it has used lately."""
        return sum(turn.lane.namespace == namespace for turn in self._running.values()), self._used.by(namespace, now)

    def _open_lanes(self) -> list[_Lane]:
        """Those in which something waits that may be worked on."""
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
    """Where keys wait: those of a namespace, the slow ones apart, and hypotheses, of which there may be thousands."""

    namespace: str
    slow: bool
    after_studies: bool


class _Turn(NamedTuple):
    """What is being worked on, since when."""

    lane: _Lane
    since: float


class _Used:
    """Seconds that each namespace has used, of which those long ago count less and less."""

    def __init__(self) -> None:
        self._seconds: dict[str, tuple[float, float]] = {}

    def add(self, namespace: str, seconds: float, now: float) -> None:
        """It has used so many more."""
        self._seconds[namespace] = self.by(namespace, now) + seconds, now
        if len(self._seconds) > _REMEMBERED_NAMESPACES:
            del self._seconds[min(self._seconds, key=lambda each: self.by(each, now))]

    def by(self, namespace: str, now: float) -> float:
        """What it has used lately."""
        seconds, at = self._seconds.get(namespace, (0.0, now))
        return float(seconds * 0.5 ** ((now - at) / LATELY_SECONDS))
