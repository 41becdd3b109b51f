"""What is known of the work behind a key: its result, its failed attempts, the attempt that runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assay.api.conditions import Reason
from assay.planning.records.fault import Fault, fault_of
from assay_trainer.contract import Failure, FailureReason, PreparationResult, TrialResult, doubling_pause

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 300.0


class RunningAttempt(NamedTuple):
    """An attempt that a runner holds now, since `started_at` (Unix seconds); until it has `begun` it waits for a
    device."""

    attempt: int
    started_at: float
    begun: bool = True

    def accelerator_seconds(self, devices: int, now: float) -> float:
        """Return what it has cost by `now` (Unix seconds) if it has held so many devices since it was started."""
        return devices * max(0.0, now - self.started_at)


class Obstacle(NamedTuple):
    """What keeps started work from running, as a runner sees it; it has `stalled` if somebody must change something."""

    reason: Reason
    message: str
    stalled: bool


class Terms(NamedTuple):
    """The terms on which a study lets a trial fail; earlier failures on harder terms say nothing any more.

    `retries` are the further attempts after failures of the infrastructure. `memory_limit_bytes` is None where nobody
    has set a limit.
    """

    retries: int
    deadline_seconds: int
    metric: str
    memory_limit_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class WorkRecord:
    """All that is known of one trial or preparation.

    `lost` are attempts that were started and then vanished: their runner was killed.
    `elsewhere` says that another study runs it now; the result will count here, too.
    `resume_at` is when another attempt may start (Unix seconds): what has just failed is not tried again at once.
    `forgiven` is the number of the last attempt whose failure no longer counts, since somebody asked for a retry.
    """

    result: TrialResult | PreparationResult | None = None
    failures: tuple[Failure, ...] = ()
    running: RunningAttempt | None = None
    lost: tuple[RunningAttempt, ...] = ()
    forgiven: int = 0
    elsewhere: bool = False
    resume_at: float = -math.inf

    @property
    def attempts(self) -> int:
        """The number of the latest attempt; 0 if there was none."""
        return max(
            (
                *(failure.attempt for failure in self.failures),
                *(attempt.attempt for attempt in self.lost),
                self.running.attempt if self.running else 0,
            )
        )

    def final_failure(self, terms: Terms) -> Failure | None:
        """Return the failure after which there is no other attempt; None if there is none.

        That is the first failure of the team's own code, or the infrastructure failure that used up the retries.
        Failures that were mended since (see `is_mended`) don't count, and neither does an attempt that could not begin,
        that Assay itself stopped, or that found other code than it was to run.
        """
        infrastructure, shared = 0, False
        for failure in self.failures:
            if failure.attempt <= self.forgiven or failure.reason in _UNCOUNTED:
                continue
            if failure.reason is FailureReason.OUT_OF_SHARED_MEMORY and not shared:
                shared = True  # alone it is tried once more in any case, or nobody knows whose fault it was
            elif failure.infrastructure:
                infrastructure += 1
                if infrastructure > terms.retries:
                    return failure
            elif not is_mended(failure, terms):
                return failure
        return None

    def own_failure(self, terms: Terms) -> Failure | None:
        """Return the failure by which the hypothesis itself fails on this seed; None if there is none.

        Unlike a final failure it stays if somebody asks for a retry, and if that one succeeds: else whoever retries
        what has failed until it goes well would choose among outcomes. Only what fails before anything was trained is
        refuted by a result.
        """
        for failure in self.failures:
            if fault_of(failure.reason) is Fault.OWN and not is_mended(failure, terms):
                return failure
        if self.result is not None or self.running is not None or (final := self.final_failure(terms)) is None:
            return None
        fault = fault_of(final.reason)
        tries = sum(fault_of(each.reason) is fault and each.attempt > self.forgiven for each in self.failures)
        speaks = fault is Fault.BEFORE_TRAINING or (fault is Fault.EXHAUSTED and tries > 1)
        return final if speaks else None


def pause_after(failures: Sequence[Failure], forgiven: int) -> float:
    """Return the seconds from the start of the last attempt to the next one; they double with each failure of the
    infrastructure. An attempt that ran for longer than that is followed by the next one at once."""
    again = [each for each in failures if each.infrastructure and each.attempt > forgiven]
    failed = sum(each.reason not in (FailureReason.STOPPED, FailureReason.CODE_CHANGED) for each in again)
    return doubling_pause(failed, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)


def is_mended(failure: Failure, terms: Terms) -> bool:
    """Tell whether the spec was edited since, so that the failure says nothing any more: the deadline or the limit of
    memory that was exceeded is higher now, or the metric that was missing or not finite is another one."""
    if failure.reason is FailureReason.DEADLINE_EXCEEDED:
        return terms.deadline_seconds > (failure.deadline_seconds or terms.deadline_seconds)
    if failure.reason in (FailureReason.OUT_OF_MEMORY, FailureReason.OUT_OF_SHARED_MEMORY):
        had, has = failure.memory_limit_bytes, terms.memory_limit_bytes
        return had is not None and has is not None and has >= had + _LEAST_RAISE_BYTES
    if failure.reason in (FailureReason.METRIC_MISSING, FailureReason.SCORE_NOT_FINITE):
        return failure.metric is not None and failure.metric != terms.metric
    return False


_LEAST_RAISE_BYTES = 2**20
"""A limit of memory that is this much higher was raised: control groups round it down to whole pages."""

_UNCOUNTED = (FailureReason.NOT_STARTED, FailureReason.STOPPED, FailureReason.CODE_CHANGED)

UNKNOWN = WorkRecord()
"""The record of a key about which nothing is known."""

Records = Mapping[str, WorkRecord]
"""Records by key: of every key that the study ever started, also of those that its design no longer has."""
