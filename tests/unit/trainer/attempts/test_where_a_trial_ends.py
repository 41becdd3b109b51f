"""A trial that is to end after an epoch ends at the report of it, whatever its train function makes of that."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from assay_trainer import contract
from assay_trainer.attempts.harness import perform
from assay_trainer.contract import Failure, FailureReason, Fidelity, TrialResult
from assay_trainer.objects import MemoryObjects, StoreError
from assay_trainer.processes.linux import cpu_seconds_of
from assay_trainer.trial import EnoughReported, Trial
from builders.datasets import tiny_dataset
from builders.requests import a_trial

Train = Callable[[Trial], Any]
Ended = Callable[..., TrialResult | Failure]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> contract.Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def ended(dataset: contract.Dataset, monkeypatch: pytest.MonkeyPatch) -> Ended:
    def ended(train: Train, *, stop_after: int | None = 5, store: MemoryObjects | None = None, **wanted: Any) -> Any:
        module = ModuleType("team_code")
        module.train = train  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "team_code", module)
        fidelity = Fidelity(epochs=8, stop_after=stop_after)
        request = a_trial(dataset, "team_code:train", fidelity=fidelity).model_copy(update=wanted)
        store = store or MemoryObjects()
        message = perform(request, store, device="cpu", threads=1)
        (name,) = store.list("")
        record = (TrialResult if name.startswith("results/") else Failure).model_validate_json(store.get(name))
        assert message.reason == ("Succeeded" if isinstance(record, TrialResult) else record.reason)
        return record

    return ended


def trains(trial: Trial, first: int = 1, every: int = 1) -> dict[str, float]:
    """Report each epoch, and return what nobody is to see if the trial ends early."""
    for epoch in range(first, trial.fidelity.epochs + 1, every):
        trial.report(epoch, accuracy=epoch / 10, loss=1 / (1 + epoch))
    return {"accuracy": 1.0}


def test_a_trial_ends_at_the_report_of_the_epoch_after_which_it_is_to_end(ended: Ended) -> None:
    def train(trial: Trial) -> dict[str, float]:
        images, _ = trial.training_data()
        trial.per_example(correct=[True, False])
        trial.run_url = "https://tracker.example/run/1"
        assert len(images)
        return trains(trial)

    result = ended(train)
    assert isinstance(result, TrialResult)
    assert (result.score, result.metrics) == (0.5, {"accuracy": 0.5, "loss": 1 / 6})
    assert [point.epoch for point in result.curve] == [1, 2, 3, 4, 5]
    assert result.run_url == "https://tracker.example/run/1"
    assert result.per_example == ()
    assert result.notes == ()
    assert result.cost.accelerator_seconds > 0
    assert result.profile is not None
    assert result.profile.samples_per_second == pytest.approx(48 * 5 / result.cost.training_seconds)


def test_a_trial_that_is_to_end_nowhere_early_ends_by_itself_whatever_is_wanted(ended: Ended) -> None:
    seen: list[tuple[int, ...]] = []

    def train(trial: Trial) -> dict[str, float]:
        seen.append(trial.wanted_epochs)
        return trains(trial)

    result = ended(train, stop_after=None, wanted_epochs=(5, 2), wanted_metrics=("loss",))
    assert isinstance(result, TrialResult)
    assert (result.score, result.curve[-1].epoch) == (1.0, 8)
    ended(train, stop_after=3, wanted_epochs=(5, 2))
    ended(train, stop_after=None)
    assert seen == [(2, 5), (2, 3, 5), ()]


def test_a_trial_ends_only_when_the_epoch_has_all_metrics_that_are_wanted(ended: Ended) -> None:
    def train(trial: Trial) -> None:
        trial.report(4, accuracy=0.4, loss=4.0)
        trial.report(5, gradient=1.0)
        trial.report(5, accuracy=0.5, gradient=2.0)
        trial.report(5, loss=0.25, accuracy=0.75)
        trial.report(6, accuracy=0.6)

    result = ended(train, wanted_metrics=("loss",))
    assert isinstance(result, TrialResult)
    assert result.metrics == {"accuracy": 0.5, "loss": 0.25, "gradient": 1.0}
    assert result.curve[-1].metrics == {"loss": 0.25, "accuracy": 0.75}


def test_without_them_it_ends_at_the_next_epoch_if_its_own_metric_is_there(ended: Ended) -> None:
    def train(trial: Trial) -> None:
        for epoch in range(1, 9):
            trial.report(epoch, accuracy=epoch / 10)

    result = ended(train, wanted_metrics=("loss",))
    assert isinstance(result, TrialResult)
    assert result.metrics == {"accuracy": 0.5}
    assert result.curve[-1].epoch == 6


def breaks_down_in_its_clean_up(trial: Trial) -> None:
    try:
        trains(trial)
    finally:
        raise OSError("the loader's workers are gone")


def groups_what_ends_it(trial: Trial) -> None:
    try:
        trains(trial)
    except BaseException as error:  # noqa: BLE001 - as asyncio's do
        raise BaseExceptionGroup("of a task group", [error]) from None


def swallows_it(trial: Trial) -> None:
    for epoch in range(1, 9):
        with contextlib.suppress(BaseException):
            trial.report(epoch, accuracy=epoch / 10)


def takes_too_long_to_clean_up(trial: Trial) -> None:
    try:
        trains(trial)
    finally:
        signal.raise_signal(signal.SIGALRM)


def reports_from_a_thread(trial: Trial) -> None:
    with ThreadPoolExecutor(1) as threads:
        threads.submit(trains, trial).result()


def breaks_down_after_it(trial: Trial) -> None:
    trial.report(5, accuracy=0.5)
    raise ValueError("in the sixth epoch")


@pytest.mark.parametrize(
    "train",
    [
        breaks_down_in_its_clean_up,
        groups_what_ends_it,
        swallows_it,
        takes_too_long_to_clean_up,
        reports_from_a_thread,
    ],
)
def test_a_trial_has_its_result_whatever_its_function_does_after_it_has_ended(ended: Ended, train: Train) -> None:
    result = ended(train)
    assert isinstance(result, TrialResult), result
    assert (result.score, result.curve[-1].epoch) == (0.5, 5)


@pytest.mark.parametrize("train", [breaks_down_after_it, lambda trial: trial.report(5, accuracy=0.5)])
def test_a_function_that_ends_before_another_metric_is_there_has_its_result_all_the_same(
    ended: Ended, train: Train
) -> None:
    result = ended(train, wanted_metrics=("loss",))
    assert isinstance(result, TrialResult), result
    assert result.metrics == {"accuracy": 0.5}


def test_the_result_is_in_the_store_before_the_function_cleans_up(ended: Ended) -> None:
    store = MemoryObjects()
    seen: list[int] = []

    def train(trial: Trial) -> None:
        try:
            trains(trial)
        finally:
            seen.append(len(store.list("results/")))

    ended(train, store=store)
    assert seen == [1]


def test_a_clean_up_has_less_time_than_the_trial_would_have_had(ended: Ended) -> None:
    left: list[float] = []

    def train(trial: Trial) -> None:
        try:
            trains(trial)
        finally:
            left.append(signal.getitimer(signal.ITIMER_REAL)[0])

    ended(train, deadline_seconds=3600)
    ended(train, deadline_seconds=30)
    assert left[0] <= 60
    assert left[1] <= 30


def test_what_helper_processes_have_cost_counts_though_they_still_run(ended: Ended) -> None:
    seen: list[float] = []

    def train(trial: Trial) -> None:
        busy = [sys.executable, "-S", "-c", "while True: pass"]
        with subprocess.Popen(busy) as helper:
            try:
                while not seen or seen[-1] < 0.05:
                    seen.append(cpu_seconds_of(helper.pid))
                    time.sleep(0.01)
                trial.report(5, accuracy=0.5)
            finally:
                helper.kill()

    result = ended(train)
    assert isinstance(result, TrialResult)
    assert result.cost.accelerator_seconds >= seen[-1]


class AwayForAWhile(MemoryObjects):
    refusals = 2

    def put_if_absent(self, name: str, data: bytes) -> bool:
        if self.refusals:
            self.refusals -= 1
            error = StoreError("503 SlowDown")
            error.may_pass = True
            raise error
        return super().put_if_absent(name, data)


def test_a_store_that_is_away_at_that_moment_gets_the_result_later(
    ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("assay_trainer.attempts.harness.time.sleep", pauses.append)
    assert isinstance(ended(trains, store=AwayForAWhile()), TrialResult)
    assert pauses == [1.0]


def test_a_function_that_raises_it_by_itself_has_returned_nothing(ended: Ended) -> None:
    def train(trial: Trial) -> None:
        raise EnoughReported

    failure = ended(train, stop_after=None)
    assert isinstance(failure, Failure)
    assert failure.reason == FailureReason.METRIC_MISSING


def test_except_exception_does_not_catch_the_end() -> None:
    assert not issubclass(EnoughReported, Exception)


def never_reports(trial: Trial) -> dict[str, float]:
    return {"accuracy": 1.0}


def reports_in_a_helper(trial: Trial) -> dict[str, float]:
    if (helper := os.fork()) == 0:
        with contextlib.suppress(BaseException):
            trains(trial)
            os._exit(0)  # it has not ended there
        os._exit(1)
    assert os.waitpid(helper, 0)[1] == 0
    return {"accuracy": 1.0}


@pytest.mark.parametrize(
    ("train", "want"),
    [
        (never_reports, "trial.report was never called in the process that was given the trial"),
        (
            lambda trial: trains(trial, 2, 2),
            "reported epochs 2, 4, 6, 8 and not 5; trial.wanted_epochs says which are wanted",
        ),
        (lambda trial: trial.report(5, loss=1.0, f1=0.5), "epoch 5 has loss, f1 and not accuracy"),
        (lambda trial: trial.report(5), "epoch 5 has no metrics and not accuracy"),
        (
            lambda trial: [trial.report(epoch) for epoch in range(100, 1, -1) if epoch != 5],
            "reported epochs 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 88 more and not 5; trial.wanted_epochs",
        ),
    ],
)
def test_what_was_not_reported_is_said_with_what_was(ended: Ended, train: Train, want: str) -> None:
    failure = ended(train)
    assert isinstance(failure, Failure)
    assert failure.reason == FailureReason.CURVE_NOT_REPORTED
    assert failure.message.startswith(f"metric 'accuracy' after epoch 5: {want}")


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_what_a_helper_process_reports_neither_ends_it_nor_counts(ended: Ended) -> None:
    failure = ended(reports_in_a_helper)
    assert isinstance(failure, Failure)
    assert "was never called in the process that was given the trial" in failure.message


def test_a_function_that_breaks_down_before_the_epoch_has_failed_by_that(ended: Ended) -> None:
    def train(trial: Trial) -> None:
        trial.report(4, accuracy=0.4)
        raise ValueError("momentum and loss disagree")

    failure = ended(train)
    assert isinstance(failure, Failure)
    assert failure.reason == FailureReason.TRAIN_FUNCTION_RAISED
    assert [(point.epoch, point.metrics) for point in failure.curve] == [(4, {"accuracy": 0.4})]


@pytest.mark.parametrize("clean_up", [lambda: None, lambda: signal.raise_signal(signal.SIGALRM)])
def test_a_metric_that_is_not_finite_then_is_no_score(ended: Ended, clean_up: Callable[[], None]) -> None:
    def train(trial: Trial) -> None:
        try:
            trial.report(5, accuracy=math.nan)
        finally:
            clean_up()

    failure = ended(train)
    assert isinstance(failure, Failure)
    assert failure.reason == FailureReason.SCORE_NOT_FINITE
    assert failure.message == "metric 'accuracy' after epoch 5: given nan; allowed: a finite number"


def test_another_metric_that_is_not_finite_then_is_left_out_with_a_note(ended: Ended) -> None:
    result = ended(lambda trial: trial.report(5, accuracy=0.5, loss=math.nan))
    assert isinstance(result, TrialResult)
    assert result.metrics == {"accuracy": 0.5}
    assert result.notes == ("loss left out: nan, which is not finite",)
    assert math.isnan(result.curve[0].metrics["loss"])


# ----------------------------------------------------------------------------- failures keep what was reported


def raises(trial: Trial) -> None:
    raise ValueError("in the end")


def rings(trial: Trial) -> None:
    signal.raise_signal(signal.SIGALRM)


def lacks_memory(trial: Trial) -> None:
    raise MemoryError


@pytest.mark.parametrize(
    ("ends", "want"),
    [
        (raises, "TrainFunctionRaised"),
        (rings, "DeadlineExceeded"),
        (lacks_memory, "OutOfMemory"),
        (lambda trial: {"accuracy": math.nan}, "ScoreNotFinite"),
        (lambda trial: {}, "MetricMissing"),
    ],
)
def test_a_trial_that_fails_keeps_the_curve_that_it_had_reported(ended: Ended, ends: Train, want: str) -> None:
    def train(trial: Trial) -> Any:
        trains(trial)
        return ends(trial)

    failure = ended(train, stop_after=None)
    assert isinstance(failure, Failure)
    assert failure.reason == want
    assert [point.epoch for point in failure.curve] == list(range(1, 9))
    assert contract.read_curve(failure.curve, 5, "loss") == 1 / 6


def test_a_failures_record_stays_small_and_keeps_what_is_wanted(ended: Ended) -> None:
    def train(trial: Trial) -> None:
        for epoch in range(1, 3000):
            trial.report(epoch, **{f"layer {number}": epoch for number in range(50)}, accuracy=0.5)
        raise ValueError

    failure = ended(train, stop_after=None, wanted_epochs=(777, 1778))
    assert isinstance(failure, Failure)
    assert len(failure.model_dump_json()) < 140 * 1024
    assert (failure.curve[0].epoch, failure.curve[-1].epoch) == (1, 2999)
    assert contract.read_curve(failure.curve, 777, "accuracy") == 0.5
    assert contract.read_curve(failure.curve, 1778, "accuracy") == 0.5


# ----------------------------------------------------------------------------- what earlier releases read


def test_a_request_and_a_failure_that_use_none_of_this_are_written_as_before(
    dataset: contract.Dataset, tmp_path: Path
) -> None:
    older = dataset.model_copy(update={"manifest": "file:///manifest.json", "content": None})
    request = a_trial(older, "team.train:run")
    digest = dataset.digest
    assert request.model_dump_json() == (
        f'{{"kind":"Trial","key":"{request.key}","attempt":1,"study":"study","hypothesis":"hypothesis",'
        f'"arm":"reference","seed":0,"code":"{request.code}","entrypoint":"team.train:run","image":null,"recipe":{{}},'
        '"fidelity":{"epochs":1,"image_size":null,"batch_size":null,"data_percent":100,"subset":"Random"},'
        f'"dataset":{{"manifest":"file:///manifest.json","digest":"{digest}"}},'
        f'"held_out":{{"manifest":"file:///manifest.json","digest":"{digest}"}},"preparation":null,'
        '"metric":"accuracy","deadline_seconds":60,"devices":1}'
    )
    failure = Failure(key=request.key, attempt=1, reason=FailureReason.DISRUPTED, message="gone")
    assert "curve" not in failure.model_dump_json()


def test_what_is_wanted_does_not_change_the_key(dataset: contract.Dataset) -> None:
    request = a_trial(dataset, "team.train:run")
    wants = request.model_copy(update={"wanted_epochs": (5,), "wanted_metrics": ("loss",)})
    ends = request.model_copy(update={"fidelity": Fidelity(stop_after=5)})
    assert contract.request_condition(wants) == contract.request_condition(request)
    assert contract.request_condition(ends) != contract.request_condition(request)


def test_reports_from_several_threads_at_once_make_one_result(ended: Ended) -> None:
    def train(trial: Trial) -> None:
        gate = threading.Barrier(4)

        def report(number: int) -> None:
            gate.wait()
            trial.report(5, accuracy=0.5, **{f"of {number}": 1.0})

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(report, range(4)))

    result = ended(train)
    assert isinstance(result, TrialResult)
    assert result.score == 0.5
