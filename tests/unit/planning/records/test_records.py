"""What a record says of the attempts behind it."""

from __future__ import annotations

from assay.planning.records.records import RunningAttempt, pause_after
from assay_trainer.contract import FailureReason
from builders.studies import a_failure


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
