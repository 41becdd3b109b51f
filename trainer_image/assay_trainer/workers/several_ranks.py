"""Runs a trial in a process for each of its devices."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import Unpack

from assay_trainer.attempts.cost import Meter
from assay_trainer.attempts.harness import Options, attempt, last_words, record_failure, succeeded
from assay_trainer.checkpoints import remove_unless_of_use
from assay_trainer.contract import Failure, FailureReason, TerminationMessage, TrialRequest
from assay_trainer.objects import Objects
from assay_trainer.ranks.ended import RankEnd, RankFailed, lost_another_rank
from assay_trainer.ranks.place import Place
from assay_trainer.workers.launcher import launch


def perform_on_devices(item: TrialRequest, store: Objects, **options: Unpack[Options]) -> TerminationMessage:
    """Do as `harness.perform`, with one process for each of the item's devices.

    Rank 0 writes the result, with the cost of all. Why they failed is written here, since the rank that failed first
    may be any of them. Raises OSError if there is no room for the processes.
    """
    device_time = options.get("device_time", time.perf_counter)
    meter = Meter(options["device"], item.devices, device_time)
    cause = launch(item.devices, partial(_be_rank, item, store, options, os.getpid()))
    if cause is None:
        return succeeded(item)
    failure = _failure(item, cause, meter, options)
    if cause.stopped:  # whoever told them writes that down, with all that it has cost
        return last_words(failure.model_copy(update={"reason": FailureReason.STOPPED}))
    remove_unless_of_use(item, store, failure.reason)
    return record_failure(item, store, failure)


def _be_rank(item: TrialRequest, store: Objects, options: Options, launcher: int, place: Place) -> RankFailed | None:
    own: Options = {**options, "place": place, "family": launcher}
    if own["device"] == "cuda":
        own["device"] = f"cuda:{place.rank}"
    failed = attempt(item, store, **own)
    if failed is None:
        return None
    return RankFailed(failure=failed.failure, at=time.monotonic(), lost_another=lost_another_rank(failed.error))


def _failure(item: TrialRequest, cause: RankEnd, meter: Meter, options: Options) -> Failure:
    """Return the failure of the trial, which is that of the rank that failed first, and costs what all have cost."""
    who = f"rank {cause.rank} of {item.devices}"
    if cause.said is not None:
        failure = cause.said.failure
        if failure.reason is FailureReason.INVALID_REQUEST:
            return failure  # it is each rank's, and it was not charged
        message = failure.message if cause.rank == 0 else f"{who}: {failure.message}"
        return failure.model_copy(update={"message": message, "accelerator_seconds": meter.accelerator_seconds})
    reason = FailureReason.WORKER_DIED
    if cause.out_of_memory:
        shares = options.get("shares_memory", False)
        reason = FailureReason.OUT_OF_SHARED_MEMORY if shares else FailureReason.OUT_OF_MEMORY
    return Failure(
        key=item.key,
        attempt=item.attempt,
        reason=reason,
        message=f"{who} {cause.died}",
        accelerator_seconds=meter.accelerator_seconds,
        deadline_seconds=item.deadline_seconds,
        memory_limit_bytes=options.get("memory_limit_bytes") if cause.out_of_memory else None,
        metric=item.metric,
        study=item.study,
    )
