"""One attempt as a process of this machine, from its start to its end."""

from __future__ import annotations

import time
from dataclasses import dataclass

from assay.runners.processes.marked import cpu_seconds
from assay.runners.protocol import ObservedAttempt
from assay_trainer.contract import FailureReason, ItemEnded, ItemStarted, TerminationMessage, TrialRequest, WorkItem


@dataclass(eq=False)
class LocalAttempt:
    """An attempt that was started.

    gpus: the GPUs that it has; None: it waits, or has ended.
    started: what the fork server said when its process began.
    ended: what is observed of it once it has ended.
    """

    store: str
    item: WorkItem
    waiting_since: float
    started: ItemStarted | None = None
    gpus: tuple[str, ...] | None = None
    ended: ObservedAttempt | None = None

    @property
    def is_alone(self) -> bool:
        """Whether nothing may run beside it."""
        return isinstance(self.item, TrialRequest) and self.item.alone

    @property
    def is_running(self) -> bool:
        """Whether it has a slot."""
        return self.gpus is not None

    @property
    def started_at(self) -> float:
        """When its process began, in Unix seconds; until then, since when it waits."""
        return self.started.started_at if self.started else self.waiting_since

    def observed(self) -> ObservedAttempt:
        """Return what can be said of it now."""
        return self.ended or ObservedAttempt(
            key=self.item.key,
            attempt=self.item.attempt,
            phase="Running",
            started_at=self.started_at,
            ended_at=None,
            accelerator_seconds=self.seconds(),
            termination=None,
            begun=self.started is not None,
        )

    def seconds(self) -> float:
        """Return the accelerator seconds that it took so far, while it runs.

        For a process that is gone they are its wall seconds, which are no less.
        """
        if self.started is None:
            return 0.0
        wall_seconds = max(0.0, time.time() - self.started.started_at)
        if self.gpus:
            return len(self.gpus) * wall_seconds
        return cpu_seconds(self.started.pid) or wall_seconds

    def end(self, reason: FailureReason, message: str, accelerator_seconds: float) -> None:
        """End it now, with last words that its process did not leave."""
        last_words = TerminationMessage(key=self.item.key, attempt=self.item.attempt, reason=reason, message=message)
        self.end_as(
            ItemEnded(
                termination=last_words,
                started_at=self.started_at,
                ended_at=time.time(),
                accelerator_seconds=accelerator_seconds,
            )
        )

    def end_as(self, event: ItemEnded) -> None:
        """End it as the fork server says."""
        self.gpus = None
        self.ended = ObservedAttempt(
            key=self.item.key,
            attempt=self.item.attempt,
            phase="Ended",
            started_at=event.started_at,
            ended_at=event.ended_at,
            accelerator_seconds=event.accelerator_seconds,
            termination=event.termination,
        )
