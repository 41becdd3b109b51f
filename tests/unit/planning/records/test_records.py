"""What a record says of the attempts behind it."""

from __future__ import annotations

from typing import Any

import pytest

from assay.planning.records.fault import Fault, fault_of
from assay.planning.records.records import RunningAttempt, Terms, WorkRecord, pause_after
from assay_trainer.contract import INFRASTRUCTURE_REASONS, Failure, FailureReason
from builders.studies import a_failure, a_result, a_study

KEY = "0" * 32
TERMS = Terms(retries=0, deadline_seconds=60, metric="accuracy", memory_limit_bytes=300 * 2**20)
STUDY = a_study()
RESULT = a_result(STUDY, STUDY.design.trials[0], 0.5)


def failed(reason: FailureReason, attempt: int = 1, **fields: Any) -> Failure:
    return Failure(key=KEY, attempt=attempt, reason=reason, message="why", **fields)


def test_every_reason_says_whose_fault_it_is() -> None:
    assert {reason: fault_of(reason) for reason in FailureReason}
    own = {reason for reason in FailureReason if fault_of(reason) is Fault.OWN}
    assert not own & INFRASTRUCTURE_REASONS


@pytest.mark.parametrize(
    ("record", "want"),
    [
        (WorkRecord(failures=(failed(FailureReason.SCORE_NOT_FINITE),)), True),
        (WorkRecord(failures=(failed(FailureReason.SCORE_NOT_FINITE),), forgiven=1), True),
        (WorkRecord(result=RESULT, failures=(failed(FailureReason.SCORE_NOT_FINITE),), forgiven=1), True),
        (WorkRecord(failures=(failed(FailureReason.INVALID_RECIPE),)), True),
        (WorkRecord(failures=(failed(FailureReason.INVALID_RECIPE),), forgiven=1), False),
        (WorkRecord(result=RESULT, failures=(failed(FailureReason.INVALID_RECIPE),), forgiven=1), False),
        (WorkRecord(failures=(failed(FailureReason.WORKER_DIED),)), False),
        (WorkRecord(failures=(failed(FailureReason.NOT_RECORDED),)), False),
        (WorkRecord(failures=(failed(FailureReason.WORKER_DIED), failed(FailureReason.WORKER_DIED, 2))), True),
        (WorkRecord(result=RESULT, failures=(failed(FailureReason.WORKER_DIED),) * 2), False),
        (WorkRecord(failures=(failed(FailureReason.STORE_FAILED), failed(FailureReason.STORE_FAILED, 2))), False),
        (WorkRecord(failures=(failed(FailureReason.OUT_OF_SHARED_MEMORY),)), False),
        (WorkRecord(failures=(failed(FailureReason.OUT_OF_SHARED_MEMORY),) * 2), True),
        (WorkRecord(result=RESULT, failures=(failed(FailureReason.OUT_OF_SHARED_MEMORY),)), False),
    ],
    ids=lambda each: each.failures[0].reason.value if isinstance(each, WorkRecord) else str(each),
)
def test_an_own_failure_stays_whatever_a_retry_brings(record: WorkRecord, want: bool) -> None:
    assert (record.own_failure(TERMS) is not None) == want


@pytest.mark.parametrize(
    ("failure", "want"),
    [
        (failed(FailureReason.DEADLINE_EXCEEDED, deadline_seconds=59), True),
        (failed(FailureReason.DEADLINE_EXCEEDED, deadline_seconds=60), False),
        (failed(FailureReason.OUT_OF_MEMORY, memory_limit_bytes=200 * 2**20), True),
        # a control group rounds its limit down to whole pages
        (failed(FailureReason.OUT_OF_MEMORY, memory_limit_bytes=300 * 2**20 - 4095), False),
        (failed(FailureReason.OUT_OF_MEMORY), False),
        (failed(FailureReason.SCORE_NOT_FINITE, metric="loss"), True),
        (failed(FailureReason.SCORE_NOT_FINITE, metric="accuracy"), False),
    ],
)
def test_a_raised_limit_or_another_metric_makes_failures_void(failure: Failure, want: bool) -> None:
    record = WorkRecord(failures=(failure,))
    assert (record.own_failure(TERMS) is None) == want
    assert (record.final_failure(TERMS) is None) == want


def test_what_ran_out_of_shared_memory_is_tried_once_more_in_any_case() -> None:
    once = failed(FailureReason.OUT_OF_SHARED_MEMORY)
    assert WorkRecord(failures=(once,)).final_failure(TERMS) is None
    alone = failed(FailureReason.OUT_OF_MEMORY, 2)
    assert WorkRecord(failures=(once, alone)).final_failure(TERMS) == alone


def test_pauses_double_and_are_never_long() -> None:
    failed = [a_failure("0" * 32, attempt=n, reason=FailureReason.WORKER_DIED) for n in range(1, 40)]
    assert [pause_after(failed[:n], 0) for n in (0, 1, 2, 3, 39)] == [0, 2, 4, 8, 300]
    assert pause_after(failed[:3], forgiven=3) == 0
    stopped = [a_failure("0" * 32, reason=FailureReason.STOPPED)]
    assert pause_after(stopped, 0) == 0


def test_an_attempt_costs_each_of_its_devices_and_nothing_before_it_starts() -> None:
    attempt = RunningAttempt(1, started_at=100.0)
    assert attempt.accelerator_seconds(4, 110.0) == 40.0
    assert attempt.accelerator_seconds(4, 90.0) == 0.0, "clocks of two machines may differ"
