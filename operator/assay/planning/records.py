"""What is known of the work behind a key: its result, its failed attempts, the attempt that runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from assay.api.conditions import Reason
from assay_trainer.contract import Failure, FailureReason, PreparationResult, TrialResult


class RunningAttempt(NamedTuple):
    """An attempt that a runner holds now; times in Unix seconds. Until it has `begun` it waits for a device."""

    attempt: int
    started_at: float
    begun: bool = True


class Obstacle(NamedTuple):
    """What keeps started work from running, as a runner sees it; `stalled` if only somebody's change will help."""

    reason: Reason
    message: str
    stalled: bool


@dataclass(frozen=True, slots=True)
class WorkRecord:
    """All that is known of one trial or preparation.

    `lost` are attempts that were started and of which nothing more is known: their runner was killed.
    `elsewhere`: another study runs it now, and the result will count here, too.
    `forgiven` is the highest attempt whose failure no longer counts, since somebody asked for a retry.
    """

    result: TrialResult | PreparationResult | None = None
    failures: tuple[Failure, ...] = ()
    running: RunningAttempt | None = None
    lost: tuple[RunningAttempt, ...] = ()
    forgiven: int = 0
    elsewhere: bool = False

    @property
    def attempts(self) -> int:
        """Number of the latest attempt, 0 if there was none."""
        return max(
            (
                *(failure.attempt for failure in self.failures),
                *(attempt.attempt for attempt in self.lost),
                self.running.attempt if self.running else 0,
            )
        )

    def final_failure(self, retries: int, deadline_seconds: int) -> Failure | None:
        """The failure for which there is no other attempt, or None.

        That is the first of the team's own failures, or the infrastructure failure that used up `retries`.
        An exceeded deadline counts only against a deadline as short as the present one. An attempt that
        Assay itself stopped, or that found other code than its own, never counts.
        """
        infrastructure = 0
        for failure in self.failures:
            if failure.attempt <= self.forgiven or failure.reason in _UNCOUNTED:
                continue
            if failure.infrastructure:
                infrastructure += 1
                if infrastructure > retries:
                    return failure
            elif failure.reason is not FailureReason.DEADLINE_EXCEEDED or (
                deadline_seconds <= (failure.deadline_seconds or deadline_seconds)
            ):
                return failure
        return None


_UNCOUNTED = (FailureReason.STOPPED, FailureReason.CODE_CHANGED)

UNKNOWN = WorkRecord()
"""The record of a key that nothing is known of."""

Records = Mapping[str, WorkRecord]
"""By key. Holds every key that the study ever started, those of its design and those it no longer has."""
