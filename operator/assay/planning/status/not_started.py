"""Trials that could not begin, and are tried again by themselves."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from assay.api.conditions import Reason
from assay.planning.records.records import UNKNOWN, Obstacle
from assay.planning.results.progress import State
from assay_trainer.contract import FailureReason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.planning.records.records import Records, WorkRecord
    from assay.planning.results.progress import Progress
    from assay.planning.study.study import Study
    from assay_trainer.contract import Failure

TRIES_BEFORE_STALLED = 6
"""After so many tries, whose pauses add up to a minute, the study is stalled: somebody had better look."""

BEGINNING_SECONDS = 60.0
"""A container that runs longer has evidently begun."""

_REQUEST_REFUSED = re.compile(r"can't read its request(?!.*(can't be reached|answered 5\d\d))", re.DOTALL)
"""The store answers, but refuses: most often the trials' credentials are wrong."""


def not_started(study: Study, records: Records, progress: Progress, now: float) -> Iterator[Obstacle]:
    """Yield one obstacle if there are such trials at `now` (Unix seconds). A trial counts until one of its attempts has
    begun, not only until the next one is made."""
    waiting = [
        record
        for work in study.design.work
        if (record := records.get(work.key, UNKNOWN)).failures
        and record.failures[-1].reason is FailureReason.NOT_STARTED
        and _has_not_begun(record, progress.states[work.key], now)
    ]
    if waiting:
        record = max(waiting, key=_tries)
        latest = record.failures[-1]
        trials = "1 trial" if len(waiting) == 1 else f"{len(waiting)} trials"
        text = f"{trials} could not begin, and {'is' if len(waiting) == 1 else 'are'} tried again: {latest.message}"
        stalled = any(_needs_somebody(each.failures[-1]) for each in waiting) or _tries(record) >= TRIES_BEFORE_STALLED
        yield Obstacle(Reason.NOT_STARTED, text, stalled=stalled)


def _has_not_begun(record: WorkRecord, state: State, now: float) -> bool:
    if state is State.READY:
        return True
    running = record.running
    return (
        state is State.RUNNING
        and running is not None
        and not (running.begun and now >= running.started_at + BEGINNING_SECONDS)
    )


def _tries(record: WorkRecord) -> int:
    """Return how many of the latest attempts in a row could not begin."""
    return sum(1 for _ in takewhile(lambda each: each.reason is FailureReason.NOT_STARTED, reversed(record.failures)))


def _needs_somebody(failure: Failure) -> bool:
    return _REQUEST_REFUSED.search(failure.message) is not None
