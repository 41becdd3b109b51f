"""Trials of several processes in a worker, as in a pod without GPUs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay_trainer.contract import Dataset, ExitStatus, Failure, FailureReason, TrialResult, attempt_name, result_name
from builders.datasets import tiny_dataset
from builders.requests import a_trial
from builders.worker import Pod


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def result_of(pod: Pod, dataset: Dataset, name: str, devices: int = 2, **recipe: Any) -> TrialResult:
    item = a_trial(dataset, f"team.ranks:{name}", devices=devices, recipe=recipe)
    assert pod.run(item) == ExitStatus.DONE
    return TrialResult.model_validate_json(pod.store.get(result_name(item.key)))


def failure_of(pod: Pod, dataset: Dataset, name: str, *, deadline_seconds: int = 60, **recipe: Any) -> Failure:
    item = a_trial(dataset, f"team.{name}", devices=2, recipe=recipe, deadline_seconds=deadline_seconds)
    assert pod.run(item, options=["--grace-seconds=0.5"]) != ExitStatus.DONE
    assert not pod.store.list("results/")
    return Failure.model_validate_json(pod.store.get(attempt_name(item.key, 1)))


def test_a_trial_of_several_devices_has_a_process_for_each_and_the_first_one_reports(
    pod: Pod, dataset: Dataset, tmp_path: Path
) -> None:
    result = result_of(pod, dataset, "meet", devices=3, folder=str(tmp_path))
    assert (result.score, result.metrics["world_size"]) == (0.0, 3.0)
    assert [point.metrics["accuracy"] for point in result.curve] == [0.0]
    assert result.cost.devices == 3
    ranks = [(tmp_path / str(rank)).read_text().split() for rank in range(3)]
    assert [rank[:3] for rank in ranks] == [[str(rank), str(rank), "3"] for rank in range(3)]
    assert len({rank[3] for rank in ranks}) == 1


def test_the_time_of_all_ranks_is_charged(pod: Pod, dataset: Dataset, tmp_path: Path) -> None:
    assert result_of(pod, dataset, "burn", folder=str(tmp_path)).cost.accelerator_seconds > 0.9


def test_ranks_share_the_memory_of_their_examples_and_do_not_see_what_another_one_changes(
    pod: Pod, dataset: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    shared = result_of(pod, dataset, "change_their_examples", folder=str(tmp_path))
    alone = result_of(Pod(tmp_path / "one"), dataset, "change_their_examples", devices=1, folder=str(tmp_path))
    assert (shared.metrics["shared"], alone.metrics["shared"]) == (1.0, 0.0)
    assert shared.score == alone.score


def test_a_function_that_uses_all_devices_itself_is_called_once(pod: Pod, dataset: Dataset) -> None:
    result = result_of(pod, dataset, "use_all_from_one_process")
    assert (result.score, result.metrics["world_size"], result.metrics["is_rank"]) == (0.125, 1.0, 0.0)


def test_a_function_that_does_not_say_that_it_uses_several_devices_is_refused_at_no_charge(
    pod: Pod, dataset: Dataset
) -> None:
    failure = failure_of(pod, dataset, "behaviours:succeeds")
    assert failure.reason is FailureReason.INVALID_REQUEST
    assert "devices: given 2; the train function does not say that it can use more than one" in failure.message
    assert failure.accelerator_seconds == 0


@pytest.mark.parametrize("first", ["hangs", "loses"])
@pytest.mark.parametrize(
    ("end", "want_reason", "want_text"),
    [
        ("raises", FailureReason.TRAIN_FUNCTION_RAISED, "rank 1 of 2: ValueError: momentum and loss disagree"),
        ("dies", FailureReason.WORKER_DIED, "rank 1 of 2 was killed by SIGKILL without a word"),
        ("exits", FailureReason.TRAIN_FUNCTION_RAISED, "rank 1 of 2: SystemExit: 3"),
    ],
)
def test_the_end_of_one_rank_ends_all_and_is_the_reason(
    pod: Pod, dataset: Dataset, first: str, end: str, want_reason: FailureReason, want_text: str
) -> None:
    failure = failure_of(pod, dataset, "ranks:fail_on_rank_1", first=first, end=end)
    assert failure.reason is want_reason
    assert failure.message.startswith(want_text)
    assert failure.accelerator_seconds > 0


def test_a_result_stands_when_others_hang_behind_it(pod: Pod, dataset: Dataset) -> None:
    assert result_of(pod, dataset, "return_while_another_hangs").score == 0.25


def test_the_deadline_ends_all_ranks(pod: Pod, dataset: Dataset) -> None:
    failure = failure_of(pod, dataset, "ranks:burn_and_hang", deadline_seconds=4)
    assert failure.reason is FailureReason.DEADLINE_EXCEEDED
    assert failure.accelerator_seconds > 1.1  # of both


def test_ranks_that_are_told_to_end_and_keep_no_checkpoints_leave_no_failure(pod: Pod, dataset: Dataset) -> None:
    pod.run(a_trial(dataset, "team.ranks:never_asks", devices=2))
    assert [said.reason for said in pod.last_words] == ["Disrupted"]
    assert pod.store.list("attempts/") == []


@pytest.mark.parametrize(("end", "want_course"), [("dies", 1), ("raises", 0)])
def test_checkpoints_stay_if_a_rank_died_and_go_if_it_failed_by_its_own_fault(
    pod: Pod, dataset: Dataset, tmp_path: Path, end: str, want_course: int
) -> None:
    failure = failure_of(pod, dataset, "ranks:keeps_and_fails", end=end, folder=str(tmp_path))
    course = [name for name in pod.store.list("checkpoints/") if failure.key in name]
    assert len(course) == want_course
