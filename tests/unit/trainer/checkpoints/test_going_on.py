from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from assay_trainer import contract
from assay_trainer.attempts.harness import perform
from assay_trainer.contract import Failure, FailureReason, Fidelity, TrialResult, course_key
from assay_trainer.objects import MemoryObjects, StoreError
from assay_trainer.trial import Trial
from builders.datasets import tiny_dataset
from builders.requests import a_trial

EPOCHS = 6


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> contract.Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"))


class Team:
    """A team's function that counts, and may be told to end or fail at an epoch."""

    def __init__(self) -> None:
        self.began_at: list[int] = []
        self.end_at: int | None = None
        self.fail_at: int | None = None
        self.keep_for_longer = False
        self.state: Callable[[dict[str, Any]], Any] = lambda state: state

    def train(self, trial: Trial) -> dict[str, float]:
        state = trial.restored or {"epoch": 0, "weights": np.zeros(3)}
        self.began_at.append(state["epoch"])
        for epoch in range(state["epoch"] + 1, trial.fidelity.epochs + 1):
            state = {"epoch": epoch, "weights": state["weights"] + epoch}
            trial.count_samples(10)
            if epoch == self.fail_at:
                raise RuntimeError("NaN")
            trial.report(epoch, accuracy=epoch / 100)
            if epoch == self.end_at:
                os.kill(os.getpid(), signal.SIGTERM)
            trial.checkpoint(self.state(state), for_longer=self.keep_for_longer and epoch == trial.fidelity.epochs)
        return {"accuracy": float(state["weights"][0]) / 100}


@pytest.fixture
def team(monkeypatch: pytest.MonkeyPatch) -> Team:
    module, team = ModuleType("team_code"), Team()
    module.train = team.train  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "team_code", module)
    return team


@pytest.fixture
def store() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def run(team: Team, dataset: contract.Dataset, store: MemoryObjects) -> Callable[..., str]:
    def run(
        epochs: int = EPOCHS, stop_after: int | None = None, wanted_epochs: tuple[int, ...] = (), **fields: Any
    ) -> str:
        item = a_trial(dataset, "team_code:train", fidelity=Fidelity(epochs=epochs, stop_after=stop_after), **fields)
        item = item.model_copy(update={"wanted_epochs": wanted_epochs})
        return str(perform(item, store, device="cpu", threads=1).reason)

    return run


Run = Callable[..., str]


def checkpoints(store: MemoryObjects) -> list[str]:
    return [name.rpartition("/")[2] for name in store.list("checkpoints/")]


def the_result(store: MemoryObjects, arm_epochs: int = 0) -> TrialResult:
    results = [TrialResult.model_validate_json(store.get(name)) for name in store.list("results/")]
    return results[arm_epochs]


def test_a_trial_told_to_end_goes_on_where_it_was(run: Run, team: Team, store: MemoryObjects) -> None:
    team.end_at = 3
    assert run() == "Stopped"
    assert store.list("attempts/") == []  # whoever stopped it writes that down
    team.end_at = None

    assert run(attempt=2) == "Succeeded"

    result = the_result(store)
    assert team.began_at == [0, 3]
    assert result.score == 21 / 100
    assert [point.epoch for point in result.curve] == [1, 2, 3, 4, 5, 6]
    assert result.curve == tuple(sorted(result.curve, key=lambda point: point.seconds))
    assert result.notes == ()
    assert checkpoints(store) == []


def test_price_is_that_of_the_whole_run_and_each_second_is_charged_once(
    run: Run, team: Team, store: MemoryObjects
) -> None:
    team.end_at = 3
    run()
    team.end_at = None
    run(attempt=2)

    cost = the_result(store).cost
    assert 0 < cost.resumed_seconds < cost.accelerator_seconds
    assert cost.charged_seconds == cost.accelerator_seconds - cost.resumed_seconds


def test_a_job_that_goes_on_as_the_same_attempt_is_charged_for_all(run: Run, team: Team, store: MemoryObjects) -> None:
    team.end_at = 3
    run()
    team.end_at = None
    run()

    cost = the_result(store).cost
    assert team.began_at == [0, 3]
    assert cost.resumed_seconds == 0
    assert "resumed_seconds" not in cost.model_dump()  # earlier releases read it


def test_a_function_that_swallows_the_end_has_no_result(
    run: Run, team: Team, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swallow(trial: Trial) -> dict[str, float]:
        try:
            return Team.train(team, trial)
        except BaseException:  # noqa: BLE001
            return {"accuracy": 1.0}

    monkeypatch.setattr(sys.modules["team_code"], "train", swallow)
    team.end_at = 3

    assert run() == "Stopped"
    assert store.list("results/") == []


def test_a_trial_that_ended_early_serves_the_whole_run(run: Run, team: Team, store: MemoryObjects) -> None:
    assert run(stop_after=2) == "Succeeded"
    assert checkpoints(store) == ["000001.state"]

    assert run() == "Succeeded"

    assert team.began_at == [0, 2]
    assert checkpoints(store) == []
    assert {result.score for result in (the_result(store), the_result(store, 1))} == {2 / 100, 21 / 100}


def test_what_lies_beyond_the_end_of_a_trial_does_not_serve_it(run: Run, team: Team, store: MemoryObjects) -> None:
    team.end_at = 4
    run()
    team.end_at = None

    assert run(stop_after=2) == "Succeeded"

    assert team.began_at == [0, 0]
    assert "lies beyond epoch 2" in the_result(store).notes[0]


def test_a_longer_run_goes_on_from_a_shorter_one_that_allows_it(run: Run, team: Team, store: MemoryObjects) -> None:
    team.keep_for_longer = True
    run(epochs=4)
    run(epochs=6)
    run(epochs=5)

    assert team.began_at == [0, 4, 0]


def test_without_that_a_longer_run_starts_over(run: Run, team: Team) -> None:
    run(epochs=4)
    run(epochs=6)

    assert team.began_at == [0, 0]


def test_another_seed_starts_over(run: Run, team: Team) -> None:
    team.end_at = 3
    run()
    team.end_at = None
    run(seed=8)

    assert team.began_at == [0, 0]


def test_an_epoch_that_was_not_asked_for_then_is_reported_by_starting_over(
    run: Run, team: Team, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rarely(trial: Trial) -> dict[str, float]:
        for epoch in range((trial.restored or {"epoch": 0})["epoch"] + 1, EPOCHS + 1):
            team.began_at.append(epoch)
            if epoch in trial.wanted_epochs:
                trial.report(epoch, accuracy=0.1)
            if epoch == team.end_at:
                os.kill(os.getpid(), signal.SIGTERM)
            trial.checkpoint({"epoch": epoch})
        return {"accuracy": 0.2}

    monkeypatch.setattr(sys.modules["team_code"], "train", rarely)
    team.end_at = 4
    run(wanted_epochs=(2,))
    team.end_at = None
    run(wanted_epochs=(2, 3), attempt=2)

    assert [point.epoch for point in the_result(store).curve] == [2, 3]
    assert "not asked to report epoch 3" in the_result(store).notes[0]


def test_the_last_two_are_kept(run: Run, team: Team, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay_trainer.contract.CHECKPOINT_SECONDS", 1e-9)
    team.end_at = 5

    run()

    assert checkpoints(store) == ["000004.state", "000005.state"]


def test_none_is_written_before_it_is_time(run: Run, team: Team, store: MemoryObjects) -> None:
    team.end_at = 5

    run()

    assert checkpoints(store) == ["000001.state"]


def test_a_failure_of_its_own_leaves_nothing_to_go_on_from(
    run: Run, team: Team, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay_trainer.contract.CHECKPOINT_SECONDS", 1e-9)
    team.fail_at = 5

    assert run() == FailureReason.TRAIN_FUNCTION_RAISED

    assert checkpoints(store) == []


def damaged(data: bytes, how: str) -> bytes:
    match how:
        case "cut":
            return data[: len(data) // 2]
        case "flipped":
            return data[:-1] + bytes([data[-1] ^ 1])
        case "of another release":
            return data.replace(b"checkpoint 1", b"checkpoint 2")
        case "empty":
            return b""
        case _:
            return b"\x80\x04\x95" * 100


@pytest.mark.parametrize("how", ["cut", "flipped", "of another release", "empty", "hostile"])
def test_a_damaged_one_is_said_and_the_one_before_serves(
    how: str, run: Run, team: Team, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay_trainer.contract.CHECKPOINT_SECONDS", 1e-9)
    team.end_at = 4
    run()
    team.end_at = None
    last = store.list("checkpoints/")[-1]
    data = store.get(last)
    store.remove(last)
    store.put_if_absent(last, damaged(data, how))

    assert run(attempt=2) == "Succeeded"

    assert team.began_at == [0, 3]
    assert the_result(store).score == 21 / 100
    assert f"checkpoint {last} is not used" in the_result(store).notes[0]


def test_from_one_by_which_a_process_died_it_is_not_gone_on_again(
    run: Run, team: Team, store: MemoryObjects, dataset: contract.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay_trainer.contract.CHECKPOINT_SECONDS", 1e-9)
    team.end_at = 4
    run()
    team.end_at = None
    item = a_trial(dataset, "team_code:train", fidelity=Fidelity(epochs=EPOCHS))
    died = Failure(key=item.key, attempt=2, reason=FailureReason.WORKER_DIED, message="")
    store.put_if_absent(contract.attempt_name(item.key, 2), died.model_dump_json().encode())

    run(attempt=3)

    assert team.began_at == [0, 3]
    assert "died without a word" in the_result(store).notes[0]


def test_what_can_not_be_kept_costs_no_result(run: Run, team: Team, store: MemoryObjects) -> None:
    team.end_at, team.state = 3, lambda _: {"model": object()}
    assert run() == "Stopped"
    team.end_at = None
    team.keep_for_longer = True

    assert run(attempt=2) == "Succeeded"

    assert "state['model']: given an object" in the_result(store).notes[0]


def test_a_store_that_fails_costs_no_result(
    run: Run, team: Team, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = store.put_if_absent

    def fail(name: str, data: bytes) -> bool:
        if name.startswith("checkpoints/"):
            raise StoreError("no room")
        return put(name, data)

    monkeypatch.setattr("assay_trainer.contract.CHECKPOINT_SECONDS", 1e-9)
    monkeypatch.setattr(store, "put_if_absent", fail)

    assert run() == "Succeeded"
    assert the_result(store).notes == ("checkpoints: no room",)


def test_seconds_of_earlier_attempts_count_for_the_deadline(
    run: Run, team: Team, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.end_at = 3
    run(deadline_seconds=60)
    team.end_at = None
    (name,) = store.list("checkpoints/")
    data = store.get(name)
    store.remove(name)
    from assay_trainer.checkpoints.record import decoded, from_object, to_object

    record, state = from_object(data)
    spent = record.spent.model_copy(update={"wall_seconds": 61.0})
    store.put_if_absent(name, to_object(record.model_copy(update={"spent": spent}), decoded(state)))

    assert run(attempt=2, deadline_seconds=60) == FailureReason.DEADLINE_EXCEEDED
    assert run(attempt=3, deadline_seconds=90) == "Succeeded"
    assert team.began_at == [0, 3]


def test_sigterm_does_what_it_did_once_the_trial_is_over(run: Run, team: Team) -> None:
    before = signal.getsignal(signal.SIGTERM)

    run()

    assert signal.getsignal(signal.SIGTERM) == before


def test_processes_of_the_function_end_by_sigterm_as_ever(
    run: Run, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []

    def fork(trial: Trial) -> dict[str, float]:
        trial.checkpoint({})
        pid = os.fork()
        if pid == 0:
            os.kill(os.getpid(), signal.SIGTERM)
            os._exit(0)
        ended.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        return {"accuracy": 0.5}

    monkeypatch.setattr(sys.modules["team_code"], "train", fork)

    run()

    assert ended == [-signal.SIGTERM]


def test_a_function_that_asks_for_nothing_makes_no_request(
    run: Run, store: MemoryObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[str] = []
    monkeypatch.setattr(store, "list", lambda prefix, *_, **__: listed.append(prefix))
    monkeypatch.setattr(sys.modules["team_code"], "train", lambda _: {"accuracy": 0.5})

    run()

    assert listed == []


def test_trials_of_one_course_share_its_key(dataset: contract.Dataset) -> None:
    whole = a_trial(dataset, "a:b", fidelity=Fidelity(epochs=9))

    assert course_key(a_trial(dataset, "a:b", fidelity=Fidelity(epochs=9, stop_after=2))) == whole.key
    assert course_key(whole) == whole.key
    assert course_key(a_trial(dataset, "a:b", fidelity=Fidelity(epochs=8))) != whole.key
