"""Threads that work on the keys of a schedule."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from threading import Condition, Thread

from assay.controller.queue.schedule import Key, Schedule

TOGETHER_SECONDS = 0.05
"""How long a key waits after it was woken: events of one study often come together, and one reconcile is enough."""

LONGEST_REST_SECONDS = 2.0

_log = logging.getLogger(__name__)


class TryAgain(Exception):
    """Work that could not be done now, for a reason outside; it is tried again, a little later each time."""


class Workers:
    """Threads that work on keys.

    `work` does what a key asks for, in one of `count` threads, and returns the seconds after which to do it again
    (None: not until it is woken); if it raises something, it is tried again. `done` is told how long it took, and
    whether it ended well.
    """

    def __init__(
        self,
        work: Callable[[Key], float | None],
        *,
        count: int,
        done: Callable[[Key, float, bool], None] = lambda *_: None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._work = work
        self._done = done
        self._clock = clock
        self._schedule = Schedule(jitter, count)
        self._changed = Condition()
        self._stopping = False
        self._started: dict[Key, float] = {}
        # Daemons, since a request that hangs must not keep the process from ending.
        self._threads = [Thread(target=self._run, name=f"reconcile-{index}", daemon=True) for index in range(count)]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def wake(self, key: Key, *, delay: float = TOGETHER_SECONDS, eager: bool = False) -> None:
        """Let a key be worked on soon; with `eager`, even if it failed just now."""
        with self._changed:
            self._schedule.add(key, self._clock() + delay, eager=eager)
            self._changed.notify()

    def waiting(self) -> int:
        """Return how many keys are due and wait for a thread."""
        with self._changed:
            return self._schedule.due(self._clock())

    def longest(self) -> float:
        """Return for how many seconds the oldest work has been going on, 0 if there is none."""
        with self._changed:
            return max((self._clock() - started for started in self._started.values()), default=0.0)

    def alive(self) -> bool:
        """Return whether all threads are alive."""
        return all(thread.is_alive() for thread in self._threads)

    def stop(self, timeout: float) -> bool:
        """Begin nothing more; return whether all that goes on has ended within the seconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        until = self._clock() + timeout
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - self._clock()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while (key := self._next()) is not None:
            try:
                again_in, failed = self._work(key), False
            except TryAgain as error:
                again_in, failed = None, True
                _log.warning("%s: %s", _name(key), error)
            except Exception:  # noqa: BLE001 - one study's trouble must not end the work on the others
                again_in, failed = None, True
                _log.exception("%s: reconcile failed", _name(key))
            self._ended(key, again_in, failed=failed)

    def _next(self) -> Key | None:
        with self._changed:
            while not self._stopping:
                now = self._clock()
                if (key := self._schedule.take(now)) is not None:
                    self._started[key] = now
                    return key
                next_at = self._schedule.next_at()
                self._changed.wait(None if next_at is None else max(0.0, next_at - now))
            return None

    def _ended(self, key: Key, again_in: float | None, *, failed: bool) -> None:
        with self._changed:
            now = self._clock()
            took = now - self._started.pop(key)
            if failed:
                self._schedule.failed(key, now)
            else:
                # However many events come, half of the time is left to other studies.
                self._schedule.succeeded(key, now, rest=min(took, LONGEST_REST_SECONDS), again_in=again_in)
            self._changed.notify()
        self._done(key, took, not failed)


def _name(key: Key) -> str:
    return f"{key.kind} {key.namespace}/{key.name}"
