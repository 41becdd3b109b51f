"""Room for Jobs: how many of all studies may live at a time, and whose turn it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

from assay.planning.allocation.fair_shares import Claim, fair_grants

FORGOTTEN_SECONDS = 60.0
"""After how long a study that has not asked again no longer counts as waiting: it may be gone, or in trouble."""


class Owner(NamedTuple):
    """The owner of a Job: the namespace, and the uid of the study."""

    namespace: str
    study: str


Living = Callable[[], Mapping[Owner, int]]
"""A function that returns how many Jobs of each study have not ended. It is called while others wait, so that no two
studies count on the same room."""


class Shortage(NamedTuple):
    """Jobs that a study wanted and could not have, and how many lived when it asked: its own, its namespace's, all."""

    waiting: int
    most: int
    of_study: int
    of_namespace: int
    of_all: int


@dataclass
class _Ask:
    """A request of a study that did not get all that it wanted. Times are seconds of the caller's clock."""

    name: str
    wanted: int
    since: float
    asked_at: float


class Shares:
    """Shares of the room for `most` Jobs in all; None: for as many as anybody wants. For threads to share.

    Living Jobs are counted anew each time. So only the requests are lost with the process, and studies ask again.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._lock = Lock()
        self._asks: dict[Owner, _Ask] = {}
        self._reserved: Counter[Owner] = Counter()

    def take(self, owner: Owner, name: str, wanted: int, living: Living, now: float) -> tuple[int, Shortage | None]:
        """Return how many of the Jobs that it wants a study may make now, and why not more.

        They are kept for it until they are `made`, or it asks again. A study that wants none any more should say so.
        `name` is the study's; `now` is in seconds.
        """
        with self._lock:
            if self._most is None or wanted == 0:
                self._asks.pop(owner, None)
                self._reserved[owner] += wanted
                return wanted, None
            earlier = self._asks.get(owner)
            self._asks[owner] = _Ask(name, wanted, earlier.since if earlier else now, now)
            held = self._held(living)
            granted = self._grants(held, now).get(owner.study, 0)
            self._reserved[owner] += granted
            if granted == wanted:
                del self._asks[owner]
                return granted, None
            if granted:
                self._asks[owner].since = now
            self._asks[owner].wanted -= granted
            of_namespace = sum(count for each, count in held.items() if each.namespace == owner.namespace)
            counts = (held[owner], of_namespace, sum(held.values()))
            return granted, Shortage(wanted - granted, self._most, *(count + granted for count in counts))

    def made(self, owner: Owner, jobs: int) -> None:
        """Note that so many of the Jobs that were taken are there now."""
        with self._lock:
            self._reserve(owner, self._reserved[owner] - jobs)

    def keep(self, owner: Owner, jobs: int) -> None:
        """Note that so many of the Jobs that were taken may still be made, and no others."""
        with self._lock:
            self._reserve(owner, jobs)

    def leave(self, owner: Owner) -> None:
        """Note that the study is gone, or makes nothing more until it asks again."""
        with self._lock:
            self._asks.pop(owner, None)
            self._reserve(owner, 0)

    def is_waited_for(self) -> bool:
        """Return whether any study wants more than it could have."""
        return bool(self._asks)

    def next_in_turn(self, living: Living, now: float) -> list[tuple[str, str]]:
        """Return the namespaces and names of the studies that may have more now."""
        with self._lock:
            if self._most is None or not self._asks:
                return []
            granted = self._grants(self._held(living), now)
            return [(each.namespace, ask.name) for each, ask in self._asks.items() if each.study in granted]

    def _reserve(self, owner: Owner, jobs: int) -> None:
        if jobs > 0:
            self._reserved[owner] = jobs
        else:
            del self._reserved[owner]

    def _held(self, living: Living) -> Counter[Owner]:
        """Count the Jobs that live and those that are about to: one that was only just made may count as both."""
        return Counter(living()) + self._reserved

    def _grants(self, held: Mapping[Owner, int], now: float) -> Mapping[str, int]:
        assert self._most is not None
        for owner in [owner for owner, ask in self._asks.items() if ask.asked_at < now - FORGOTTEN_SECONDS]:
            del self._asks[owner]
        claims = [
            Claim(
                *owner, held.get(owner, 0), ask.wanted if (ask := self._asks.get(owner)) else 0, ask.since if ask else 0
            )
            for owner in {*held, *self._asks}
        ]
        return fair_grants(self._most, claims)
