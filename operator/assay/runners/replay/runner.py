"""A runner that trains nothing: it waits, by a virtual clock, as long as the recorded run took."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from assay.planning.records import Obstacle
from assay.planning.study import Program
from assay.runners.protocol import ObservedAttempt
from assay_trainer.contract import (
    Cost,
    FailureReason,
    PreparationRequest,
    PreparationResult,
    Provenance,
    TerminationMessage,
    TrialRequest,
    TrialResult,
    WorkRequest,
    digest,
    preparation_name,
    result_name,
)

if TYPE_CHECKING:
    from assay.runners.replay.table import Cell, Table
    from assay_trainer.objects import Objects

_DEVICE = "recorded"


class _Attempt(NamedTuple):
    item: TrialRequest | PreparationRequest
    started_at: float
    ends_at: float
    cell: Cell | None


class ReplayRunner:
    """See the `Runner` protocol. Results go to `objects` when the virtual clock has reached their end.

    `arms` says under which arm or size the table has each arm of the study. Preparations are not recorded
    in tables, so they take no time and cost nothing.
    """

    def __init__(self, table: Table, arms: Mapping[str, str], objects: Objects, slots: int) -> None:
        self._table = table
        self._arms = arms
        self._objects = objects
        self._slots = slots
        self._now = 0.0
        self._running: dict[str, _Attempt] = {}
        self._ended: dict[tuple[str, int], ObservedAttempt] = {}

    def clock(self) -> float:
        """Virtual seconds since the start."""
        return self._now

    def slots(self) -> int:
        return self._slots

    def packing(self) -> int:
        return 1

    def code_digest(self, program: Program) -> str:
        return digest(f"{self._table.digest} {program.entrypoint}".encode())

    def observe(self) -> Sequence[ObservedAttempt]:
        running = [
            ObservedAttempt(key, at.item.attempt, "Running", at.started_at, None, self._now - at.started_at, None)
            for key, at in self._running.items()
        ]
        return [*running, *self._ended.values()]

    def start(self, request: WorkRequest, request_uri: str) -> None:  # noqa: ARG002 (the request is at hand)
        for item in request.items:
            if item.key in self._running or (item.key, item.attempt) in self._ended:
                continue
            cell = None
            if isinstance(item, TrialRequest):
                cell = self._table.cells.get((item.hypothesis, self._arms[item.arm], item.seed))
            self._running[item.key] = _Attempt(item, self._now, self._now + (cell.cost if cell else 0.0), cell)

    def stop(self, key: str) -> None:
        if attempt := self._running.pop(key, None):
            self._end(attempt, FailureReason.STOPPED, "stopped")

    def is_gone(self, key: str, attempt: int, started_at: float) -> bool:  # noqa: ARG002 - nothing runs elsewhere
        return True

    def obstacles(self) -> Sequence[Obstacle]:
        return ()

    def forget(self, key: str, attempt: int) -> None:
        self._ended.pop((key, attempt), None)

    def wait(self, timeout: float | None) -> None:
        """Go on to when the next running attempt ends, or `timeout` virtual seconds if that is earlier."""
        next_end = min((attempt.ends_at for attempt in self._running.values()), default=math.inf)
        limit = self._now + timeout if timeout is not None else math.inf
        self._now = max(self._now, min(next_end, limit)) if min(next_end, limit) < math.inf else self._now
        for key in [key for key, attempt in self._running.items() if attempt.ends_at <= self._now]:
            self._finish(self._running.pop(key))

    def close(self) -> None:
        for key in list(self._running):
            self.stop(key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _finish(self, attempt: _Attempt) -> None:
        item = attempt.item
        if isinstance(item, PreparationRequest):
            self._objects.put_if_absent(preparation_name(item.key), _preparation(item).model_dump_json().encode())
            self._end(attempt, "Succeeded", "")
        elif attempt.cell is None:
            place = f"hypothesis {item.hypothesis}, arm {self._arms[item.arm]}, seed {item.seed}"
            self._end(attempt, FailureReason.METRIC_MISSING, f"the table has no score for {place}")
        else:
            result = _result(item, attempt.cell, attempt.started_at)
            self._objects.put_if_absent(result_name(item.key), result.model_dump_json().encode())
            self._end(attempt, "Succeeded", "")

    def _end(self, attempt: _Attempt, reason: FailureReason | str, message: str) -> None:
        key, number = attempt.item.key, attempt.item.attempt
        self._ended[key, number] = ObservedAttempt(
            key=key,
            attempt=number,
            phase="Ended",
            started_at=attempt.started_at,
            ended_at=self._now,
            accelerator_seconds=self._now - attempt.started_at,
            termination=TerminationMessage.model_validate(
                {"key": key, "attempt": number, "reason": str(reason), "message": message}
            ),
        )


def _result(item: TrialRequest, cell: Cell, started_at: float) -> TrialResult:
    return TrialResult(
        key=item.key,
        study=item.study,
        hypothesis=item.hypothesis,
        arm=item.arm,
        seed=item.seed,
        metric=item.metric,
        score=cell.score,
        metrics={item.metric: cell.score},
        cost=_cost(cell.cost),
        provenance=_provenance(item, started_at),
    )


def _preparation(item: PreparationRequest) -> PreparationResult:
    return PreparationResult(
        key=item.key,
        study=item.study,
        arm=item.arm,
        method=item.method,
        examples=1,
        scores_digest=digest(b""),
        cost=_cost(0.0),
        provenance=_provenance(item, 0.0),
    )


def _cost(seconds: float) -> Cost:
    return Cost(
        unit="accelerator",
        devices=1,
        device_model=_DEVICE,
        wall_seconds=seconds,
        accelerator_seconds=seconds,
        setup_seconds=0,
        training_seconds=seconds,
        evaluation_seconds=0,
    )


def _provenance(item: TrialRequest | PreparationRequest, started_at: float) -> Provenance:
    return Provenance(
        code=item.code,
        dataset=item.dataset.digest,
        python=_DEVICE,
        torch=None,
        device_model=_DEVICE,
        started_at=started_at,
    )
