"""What is known of the work behind a key: its result, its failed attempts, the attempt that runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assay.api.conditions import Reason
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

    def final_failure(self, retries: int, deadline_seconds: int, metric: str) -> Failure | None:
        """Return the failure after which there is no other attempt; None if there is none.

        That is the first failure of the team's own code, or the infrastructure failure that used up `retries`.
        An exceeded deadline counts only if the present deadline is not longer, and a metric that was missing or not
        finite only if it is still the study's metric. An attempt that could not begin, that Assay itself stopped, or
        that found other code than it was to run never counts.
        """
        infrastructure = 0
        for failure in self.failures:
            if failure.attempt <= self.forgiven or failure.reason in _UNCOUNTED:
                continue
            if failure.infrastructure:
                infrastructure += 1
                if infrastructure > retries:
                    return failure
            elif not _is_mended(failure, deadline_seconds, metric):
                return failure
        return None


def pause_after(failures: Sequence[Failure], forgiven: int) -> float:
    """Return the seconds from the start of the last attempt to the next one; they double with each failure of the
    infrastructure. An attempt that ran for longer than that is followed by the next one at once."""
    again = [each for each in failures if each.infrastructure and each.attempt > forgiven]
    failed = sum(each.reason not in (FailureReason.STOPPED, FailureReason.CODE_CHANGED) for each in again)
    return doubling_pause(failed, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)


def _is_mended(failure: Failure, deadline_seconds: int, metric: str) -> bool:
    """Tell whether the spec was edited since, so that the failure says nothing any more."""
    if failure.reason is FailureReason.DEADLINE_EXCEEDED:
        return deadline_seconds > (failure.deadline_seconds or deadline_seconds)
    if failure.reason in (FailureReason.METRIC_MISSING, FailureReason.SCORE_NOT_FINITE):
        return failure.metric is not None and failure.metric != metric
    return False


_UNCOUNTED = (FailureReason.NOT_STARTED, FailureReason.STOPPED, FailureReason.CODE_CHANGED)

UNKNOWN = WorkRecord()
"""The record of a key about which nothing is known."""

Records = Mapping[str, WorkRecord]
"""Records by key: of every key that the study ever started, also of those that its design no longer has."""
