"""A worker says that it left a result, and the store does not show it: it was paid for, so it is looked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pytest

from assay.planning.study.planned import PlannedTrial
from assay.planning.study.requests import trial_request
from assay.rounds.reconcile import LOOK_FOR_RESULTS_SECONDS, RESULT_APPEARS_SECONDS, reconcile, record_ended
from assay.runners.protocol import ObservedAttempt
from assay.store import Ledger
from assay_trainer.contract import FailureReason, TerminationMessage, WorkRequest, result_name
from assay_trainer.objects import MemoryObjects
from builders.studies import a_result, a_study

STUDY = a_study(hypotheses=1, seeds=2)
TRIAL, OTHER = STUDY.design.trials
ENDED_AT = 1_000_000.0


@dataclass
class OneAttempt:
    """A runner whose one attempt has ended."""

    reason: str
    forgotten: list[str] = field(default_factory=list)
    started: list[WorkRequest] = field(default_factory=list)

    def observe(self) -> Sequence[ObservedAttempt]:
        if self.forgotten:
            return []
        said = TerminationMessage.model_validate({"key": TRIAL.key, "attempt": 1, "reason": self.reason})
        return [ObservedAttempt(TRIAL.key, 1, "Ended", ENDED_AT - 60, ENDED_AT, 60.0, said)]

    def forget(self, key: str, attempt: int) -> None:
        assert attempt == 1
        self.forgotten.append(key)

    def start_all(self, requests: Sequence[tuple[WorkRequest, str]]) -> bool:
        self.started += [request for request, _ in requests]
        return True

    def claim(self, keys: Collection[str]) -> Collection[str]:
        return keys

    def is_gone(self, key: str, attempt: int, started_at: float) -> bool:
        return False

    def obstacles(self) -> Sequence[object]:
        return []

    def elsewhere(self) -> Collection[str]:
        return []

    def packing(self) -> int:
        return 1

    def room_for(self, requests: int) -> int:
        return requests

    def ingredients(self, code: str) -> None:
        return None


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def ledger(objects: MemoryObjects) -> Ledger:
    put_result(objects, OTHER)
    ledger = Ledger(objects)
    request = WorkRequest(store=ledger.uri, items=(trial_request(STUDY, TRIAL, 1),))
    ledger.put_request(STUDY.name, request, started_at=ENDED_AT - 60)
    return ledger


def put_result(objects: MemoryObjects, trial: PlannedTrial = TRIAL) -> None:
    objects.put_if_absent(result_name(trial.key), a_result(STUDY, trial, 0.5).model_dump_json().encode())


def test_a_result_that_appears_late_counts_and_its_trial_is_not_run_again(
    objects: MemoryObjects, ledger: Ledger
) -> None:
    runner = OneAttempt("Succeeded")
    first = reconcile(STUDY, ledger, runner, ENDED_AT + 1)  # type: ignore[arg-type]
    assert first.plan.status.trials.running == 1
    assert first.plan.requeue_after == LOOK_FOR_RESULTS_SECONDS
    assert not first.plan.finished
    assert not runner.forgotten
    put_result(objects)
    second = reconcile(STUDY, ledger, runner, ENDED_AT + 3)  # type: ignore[arg-type]
    assert second.plan.status.trials.succeeded == 2
    assert runner.forgotten == [TRIAL.key]
    assert not runner.started
    assert not ledger.failures([TRIAL.key])


def test_a_result_that_never_appears_has_failed_and_its_trial_runs_again(ledger: Ledger) -> None:
    runner = OneAttempt("Succeeded")
    reconcile(STUDY, ledger, runner, ENDED_AT + 1)  # type: ignore[arg-type]
    reconcile(STUDY, ledger, runner, ENDED_AT + RESULT_APPEARS_SECONDS)  # type: ignore[arg-type]
    assert runner.forgotten == [TRIAL.key]
    ((failure,),) = ledger.failures([TRIAL.key]).values()
    assert failure.reason is FailureReason.STORE_FAILED
    assert [item.attempt for request in runner.started for item in request.items] == [2]


@pytest.mark.parametrize("reason", ["OutOfMemory", "StoreFailed"])
def test_whoever_says_that_it_failed_is_not_waited_for(ledger: Ledger, reason: str) -> None:
    runner = OneAttempt(reason)
    assert not record_ended(STUDY.name, ledger, runner, runner.observe(), ENDED_AT + 1)  # type: ignore[arg-type]
    assert runner.forgotten == [TRIAL.key]


def test_where_a_run_ends_nothing_is_waited_for(ledger: Ledger) -> None:
    runner = OneAttempt("Succeeded")
    assert not record_ended(STUDY.name, ledger, runner, runner.observe())  # type: ignore[arg-type]
    assert ledger.failures([TRIAL.key])
