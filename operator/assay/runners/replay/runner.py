"""A runner that trains nothing: it waits, by a virtual clock, as long as the recorded run took."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from assay.planning.records.records import Obstacle
from assay.planning.study.programs import NO_SURROUNDINGS, Program, Surroundings
from assay.recorded.table import Table
from assay.runners.protocol import ObservedAttempt
from assay.runners.replay.recorded import Ending, code_digest, ending_of, preparation_result, trial_result
from assay_trainer.contract import (
    CodeIngredients,
    FailureReason,
    PreparationRequest,
    TerminationMessage,
    TrialRequest,
    TrialResult,
    WorkItem,
    WorkRequest,
    preparation_name,
    result_name,
)
from assay_trainer.objects import ObjectNotFound, Objects


@dataclass(eq=False)
class _Attempt:
    """An attempt that was started. Times are virtual."""

    item: WorkItem
    since: float  # when it began; until then, when it was started
    ending: Ending | None = None  # None: it waits for a slot
    observed: ObservedAttempt | None = None  # set when it has ended

    @property
    def is_running(self) -> bool:
        return self.ending is not None and self.observed is None

    @property
    def ends_at(self) -> float:
        assert self.ending is not None
        return self.since + self.ending.seconds


class ReplayRunner:
    """Replays a table; see the `Runner` protocol. All seconds are those of a virtual clock, which only `wait` moves.

    A result goes to `objects` when the clock has reached its end, and not before: nobody sees a result that was not
    waited for. `arms` says under which arm or size the table has each arm of the study.
    """

    def __init__(self, table: Table, arms: Mapping[str, str], objects: Objects, slots: int) -> None:
        self._table = table
        self._arms = arms
        self._objects = objects
        self._slots = slots
        self._now = 0.0
        self._attempts: dict[tuple[str, int], _Attempt] = {}
        self._ended_unobserved = False
        self._closed = False
        self._not_recorded: set[str] = set()

    def not_recorded(self) -> int:
        """Return how many trials have ended since the table has no such run."""
        return len(self._not_recorded)

    def clock(self) -> float:
        """Return the virtual seconds since the start."""
        return self._now

    def slots(self) -> int:
        return self._slots

    def idle_slots_are_free(self) -> bool:
        return False

    def packing(self) -> int:
        return 1

    def code_digest(self, program: Program) -> str:
        return code_digest(self._table, program)

    def surroundings(self, program: Program) -> Surroundings:  # noqa: ARG002 - what was recorded depends on nothing
        return NO_SURROUNDINGS

    def ingredients(self, code: str) -> CodeIngredients | None:  # noqa: ARG002
        return None

    def observe(self) -> Sequence[ObservedAttempt]:
        self._ended_unobserved = False
        return [attempt.observed or self._running(attempt) for attempt in self._attempts.values()]

    def elsewhere(self) -> Collection[str]:
        return ()

    def claim(self, keys: Collection[str]) -> Collection[str]:
        return keys

    def room_for(self, requests: int) -> int:
        return requests

    def start(self, request: WorkRequest, request_uri: str) -> None:  # noqa: ARG002 - the request is at hand
        for item in request.items:
            self._attempts.setdefault((item.key, item.attempt), _Attempt(item, since=self._now))
        self._start_waiting()

    def start_all(self, requests: Sequence[tuple[WorkRequest, str]]) -> bool:
        for request, uri in requests:
            self.start(request, uri)
        return True

    def stop(self, key: str) -> None:
        for attempt in self._attempts.values():
            if attempt.item.key == key and attempt.observed is None:
                self._end(attempt, Ending(self._seconds(attempt), FailureReason.STOPPED, "stopped"))
        self._start_waiting()

    def is_gone(self, key: str, attempt: int, started_at: float) -> bool:  # noqa: ARG002 - nothing runs elsewhere
        return True

    def obstacles(self) -> Sequence[Obstacle]:
        return ()

    def forget(self, key: str, attempt: int) -> None:
        found = self._attempts.get((key, attempt))
        if found is not None and found.observed is not None:
            del self._attempts[key, attempt]

    def wait(self, timeout: float | None) -> None:
        """Move the clock to the next end, or by `timeout` virtual seconds if that is earlier."""
        if self._ended_unobserved:
            return
        times = [attempt.ends_at for attempt in self._attempts.values() if attempt.is_running]
        if timeout is not None:
            times.append(self._now + timeout)
        self._now = min(times, default=self._now)
        for attempt in list(self._attempts.values()):
            if attempt.is_running and attempt.ends_at <= self._now:
                self._finish(attempt)
        self._start_waiting()

    def close(self) -> None:
        self._closed = True
        for key, _ in list(self._attempts):
            self.stop(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _start_waiting(self) -> None:
        """Begin waiting attempts in free slots, first come, first served."""
        waiting = [attempt for attempt in self._attempts.values() if not attempt.ending and not attempt.observed]
        free = self._slots - sum(attempt.is_running for attempt in self._attempts.values())
        for attempt in waiting[:free] if not self._closed else ():
            attempt.since = self._now
            attempt.ending = self._ending(attempt.item)

    def _ending(self, item: WorkItem) -> Ending:
        if not isinstance(item, TrialRequest):
            return ending_of(item, None)
        try:
            stored = TrialResult.model_validate_json(self._objects.get(result_name(item.key)))
        except ObjectNotFound:
            return ending_of(item, self._table.runs.get((item.hypothesis, self._arms[item.arm], item.seed)))
        return Ending(0.0, "Succeeded", score=stored.score)

    def _finish(self, attempt: _Attempt) -> None:
        item, ending = attempt.item, attempt.ending
        assert ending is not None
        if ending.reason is FailureReason.NOT_RECORDED:
            self._not_recorded.add(item.key)
        if isinstance(item, PreparationRequest):
            prepared = preparation_result(item, attempt.since)
            self._objects.put_if_absent(preparation_name(item.key), prepared.model_dump_json().encode())
        elif ending.score is not None:
            result = trial_result(item, ending.score, ending.seconds, attempt.since)
            self._objects.put_if_absent(result_name(item.key), result.model_dump_json().encode())
        self._end(attempt, ending)

    def _running(self, attempt: _Attempt) -> ObservedAttempt:
        return ObservedAttempt(
            key=attempt.item.key,
            attempt=attempt.item.attempt,
            phase="Running",
            started_at=attempt.since,
            ended_at=None,
            accelerator_seconds=attempt.item.devices * self._seconds(attempt),
            termination=None,
            begun=attempt.ending is not None,
        )

    def _seconds(self, attempt: _Attempt) -> float:
        return self._now - attempt.since if attempt.ending else 0.0

    def _end(self, attempt: _Attempt, ending: Ending) -> None:
        item = attempt.item
        attempt.observed = ObservedAttempt(
            key=item.key,
            attempt=item.attempt,
            phase="Ended",
            started_at=attempt.since,
            ended_at=self._now,
            accelerator_seconds=item.devices * ending.seconds,
            termination=TerminationMessage(
                key=item.key, attempt=item.attempt, reason=ending.reason, message=ending.message
            ),
        )
        self._ended_unobserved = True
