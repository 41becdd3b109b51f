from __future__ import annotations

import contextlib
import math
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict

from assay_trainer import contract
from assay_trainer.attempts import trial_run
from assay_trainer.attempts.harness import perform
from assay_trainer.contract import FailureReason, Fidelity, TerminationMessage, TrialRequest, TrialResult
from assay_trainer.objects import FileObjects, MemoryObjects, Objects, StoreError
from assay_trainer.preparation import Preparation
from assay_trainer.trial import Trial
from builders.datasets import tiny_dataset
from builders.requests import a_trial

TrainFunction = Callable[[Trial], Any]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> contract.Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def team(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("team_code")
    monkeypatch.setitem(sys.modules, "team_code", module)
    return module


@pytest.fixture
def run(team: ModuleType, dataset: contract.Dataset) -> Callable[..., tuple[TerminationMessage, MemoryObjects]]:
    def run(train: TrainFunction, **fields: Any) -> tuple[TerminationMessage, MemoryObjects]:
        team.train = train  # type: ignore[attr-defined]
        store = MemoryObjects()
        return perform(a_trial(dataset, "team_code:train", **fields), store, device="cpu", threads=1), store

    return run


Run = Callable[..., tuple[TerminationMessage, MemoryObjects]]


def recorded_result(store: Objects) -> TrialResult:
    (name,) = store.list("results/")
    return TrialResult.model_validate_json(store.get(name))


def recorded_failure(store: Objects) -> contract.Failure:
    assert not store.list("results/")
    (name,) = store.list("attempts/")
    return contract.Failure.model_validate_json(store.get(name))


def fit_means(trial: Trial) -> dict[str, Any]:
    """Nearest class mean: a train function that learns something in no time."""
    images, labels = trial.training_data()
    with trial.timed("forward"):
        means = np.stack([images[labels == label].mean(0) for label in range(len(trial.classes))])
    trial.report(1, training_loss=math.nan)
    with trial.timed("evaluation"):
        held_out, wanted = trial.held_out()
        distances = ((held_out[:, None] - means[None]) ** 2).sum((2, 3, 4))
        accuracy = np.float32((distances.argmin(1) == wanted).mean())
    trial.run_url = "https://tracker.example/run/1"
    return {"accuracy": accuracy, "examples": len(labels), "side": images.shape[1]}


def test_a_trial_leaves_a_result_with_score_curve_cost_and_profile(run: Run) -> None:
    message, store = run(fit_means)

    result = recorded_result(store)
    assert message.reason == "Succeeded"
    assert result.score == result.metrics["accuracy"] > 0.9
    assert (result.metrics["examples"], result.metrics["side"]) == (48, 8)
    assert result.curve[0].epoch == 1
    assert math.isnan(result.curve[0].metrics["training_loss"])
    assert result.run_url == "https://tracker.example/run/1"
    cost, profile = result.cost, result.profile
    assert cost.unit == "cpu-process"
    assert cost.wall_seconds == pytest.approx(
        cost.setup_seconds + cost.training_seconds + cost.evaluation_seconds, abs=1e-6
    )
    assert profile is not None
    assert profile.forward > 0
    assert profile.evaluation > 0
    assert profile.forward + profile.evaluation + profile.other == pytest.approx(1)
    assert profile.samples_per_second > 0
    assert profile.peak_memory_bytes > 1 << 20


def test_a_trial_that_is_to_be_traced_leaves_its_layers_beside_its_result(run: Run) -> None:
    message, store = run(train_many_steps, layers=True)
    assert message.reason == "Succeeded"
    (result,) = store.list("results/")
    assert store.list("layers/") == [result.replace("results", "layers"), f"layers/{result[8:-5]}.trace.json.gz"]

    _, store = run(train_many_steps)
    assert store.list("results/") == [result], "it has the key of one that is not traced"
    assert not store.list("layers/")


def test_what_is_traced_and_cannot_be_kept_costs_no_trial_its_result(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(trial_run, "keep_layers", fail)
    message, store = run(train_many_steps, layers=True)
    assert message.reason == "Succeeded"
    assert store.list("results/")
    assert "what was traced can't be kept: RuntimeError: the disk is full" in capsys.readouterr().err


def train_many_steps(trial: Trial) -> dict[str, float]:
    """A loop that learns nothing."""
    for _ in range(20):
        with trial.timed("forward"):
            pass
    return {"accuracy": 0.5}


def test_the_data_are_cut_to_the_fidelity(run: Run) -> None:
    _, store = run(fit_means, fidelity=Fidelity(image_size=4, data_percent=25))

    assert recorded_result(store).metrics["examples"] == 12
    assert recorded_result(store).metrics["side"] == 4


def test_a_trial_whose_result_is_there_is_not_run_again(run: Run, dataset: contract.Dataset, team: ModuleType) -> None:
    first, store = run(fit_means)
    del team.train
    again = perform(a_trial(dataset, "team_code:train"), store, device="cpu", threads=1)

    assert again == first


def test_the_first_result_of_a_key_counts(dataset: contract.Dataset, team: ModuleType) -> None:
    store, request = MemoryObjects(), a_trial(dataset, "team_code:train")

    def overtaken(trial: Trial) -> dict[str, float]:
        team.train = lambda trial: {"accuracy": 0.75}  # type: ignore[attr-defined]
        perform(request, store, device="cpu", threads=1)
        return {"accuracy": 0.25}

    team.train = overtaken  # type: ignore[attr-defined]
    assert perform(request, store, device="cpu", threads=1).reason == "Succeeded"
    assert recorded_result(store).score == 0.75


def test_the_global_generators_are_seeded_with_the_trials_seed(run: Run) -> None:
    def draw(trial: Trial) -> dict[str, float]:
        return {"accuracy": float(np.random.random())}

    def drawn(seed: int) -> float:
        return recorded_result(run(draw, seed=seed)[1]).score

    assert drawn(1) == drawn(1) != drawn(2)


class OtherRecipe(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rate: float = 1.0


class Mute(RuntimeError):
    """An exception whose text can't be had."""

    def __str__(self) -> str:
        raise ZeroDivisionError


def raises(error: BaseException) -> TrainFunction:
    def train(trial: Trial) -> None:
        raise error

    return train


def returns(value: Any) -> TrainFunction:
    return lambda trial: value


def ring_the_alarm(trial: Trial) -> None:
    with contextlib.suppress(Exception):  # not even this keeps the deadline away
        signal.raise_signal(signal.SIGALRM)


def exhausts_memory(trial: Trial) -> None:
    np.empty(1 << 60, np.uint8)


@pytest.mark.parametrize(
    ("train", "want_reason", "want_text"),
    [
        (raises(KeyError("stem")), "TrainFunctionRaised", "KeyError: 'stem'"),
        (raises(Mute()), "TrainFunctionRaised", "Mute: it can't say why: its text raises ZeroDivisionError"),
        (raises(ValueError("σφάλμα 数据集 💥 " + "é" * 5000)), "TrainFunctionRaised", "σφάλμα 数据集 💥 éé"),
        (raises(SystemExit(3)), "TrainFunctionRaised", "SystemExit: 3"),
        (raises(ValueError("\udc80 \x1b[2J é")), "TrainFunctionRaised", "ValueError: \\udc80 \\x1b[2J é"),
        (raises(KeyboardInterrupt()), "Disrupted", "KeyboardInterrupt"),
        (lambda trial: OtherRecipe(rate="high"), "InvalidRecipe", "recipe.rate: given 'high'"),
        (
            lambda trial: trial.recipe_as(OtherRecipe),
            "InvalidRecipe",
            "recipe.rat: no such field; did you mean 'rate'?",
        ),
        (returns(None), "MetricMissing", "returned None"),
        (returns({"acuracy": 1.0}), "MetricMissing", "did you mean 'acuracy'?"),
        (returns({"accuracy": "high"}), "TrainFunctionRaised", "metric 'accuracy': given 'high'"),
        (returns({"accuracy": math.nan}), "ScoreNotFinite", "given nan"),
        (returns({"accuracy": -math.inf}), "ScoreNotFinite", "given -inf"),
        (exhausts_memory, "OutOfMemory", "Unable to allocate"),
        (raises(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")), "OutOfMemory", "allocate"),
        (ring_the_alarm, "DeadlineExceeded", "still running after 60 s"),
    ],
)
def test_a_train_function_that_fails_is_a_failure_with_its_reason(
    run: Run, train: TrainFunction, want_reason: str, want_text: str
) -> None:
    message, store = run(train, recipe={"rat": 2})

    failure = recorded_failure(store)
    assert message.reason == failure.reason == want_reason
    assert want_text in message.message
    assert want_text in failure.message
    assert failure.deadline_seconds == 60


def test_a_failure_shows_where_in_the_teams_code_and_stays_short(run: Run) -> None:
    _, store = run(raises(ValueError("x" * 10_000)))

    message = recorded_failure(store).message
    assert f"{Path(__file__).name}:" in message
    assert "raise error" in message
    assert "in perform" not in message
    assert len(message) <= 2000


def test_a_trial_whose_helper_was_killed_for_want_of_memory_ran_out_of_memory(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = iter([3, 4])
    monkeypatch.setattr("assay_trainer.attempts.harness.out_of_memory_kills", lambda: next(kills))

    def train(trial: Trial) -> None:
        raise RuntimeError("DataLoader worker is killed by signal: Killed")

    ended, store = run(train)
    assert ended.reason == FailureReason.OUT_OF_MEMORY
    assert "then: RuntimeError: DataLoader worker is killed" in recorded_failure(store).message


@pytest.mark.parametrize(("beside", "want"), [(1, "OutOfMemory"), (2, "OutOfSharedMemory")])
def test_a_device_that_others_use_too_has_too_little_memory_by_no_fault_of_the_trial(
    team: ModuleType, dataset: contract.Dataset, beside: int, want: str
) -> None:
    class OutOfMemoryError(RuntimeError):
        """As torch calls it."""

    team.train = raises(OutOfMemoryError("CUDA out of memory"))  # type: ignore[attr-defined]
    request, store = a_trial(dataset, "team_code:train"), MemoryObjects()
    assert perform(request, store, device="cpu", threads=1, beside=beside).reason == want
    assert recorded_failure(store).reason == want


@pytest.mark.parametrize(("shares", "want"), [(False, "OutOfMemory"), (True, "OutOfSharedMemory")])
def test_out_of_memory_beside_others_is_told_from_out_of_memory_alone(
    dataset: contract.Dataset, team: ModuleType, shares: bool, want: str
) -> None:
    team.train = exhausts_memory  # type: ignore[attr-defined]
    store, request = MemoryObjects(), a_trial(dataset, "team_code:train")
    ended = perform(request, store, device="cpu", threads=1, shares_memory=shares, memory_limit_bytes=2**30)
    assert (ended.reason, ended.memory_limit_bytes) == (want, 2**30)
    assert recorded_failure(store).memory_limit_bytes == 2**30


def test_what_an_attempt_cost_is_recorded_though_it_failed(run: Run) -> None:
    def busy(trial: Trial) -> None:
        sum(range(200_000))
        raise ValueError

    assert recorded_failure(run(busy)[1]).accelerator_seconds > 0


@pytest.mark.parametrize(
    ("entrypoint", "want_text"),
    [
        ("team_code:trian", "team_code has no function 'trian'; did you mean 'train'?"),
        ("team_code", "allowed: module:function"),
        ("no_such_module:train", "No module named 'no_such_module'"),
        ("broken_team_code:train", "SyntaxError"),
    ],
)
def test_an_entry_point_that_is_not_there_is_named(
    team: ModuleType,
    dataset: contract.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    entrypoint: str,
    want_text: str,
) -> None:
    (tmp_path / "broken_team_code.py").write_text("def train(:\n")
    monkeypatch.syspath_prepend(tmp_path)
    team.train = fit_means  # type: ignore[attr-defined]
    store = MemoryObjects()
    message = perform(a_trial(dataset, entrypoint), store, device="cpu", threads=1)

    assert message.reason == recorded_failure(store).reason == FailureReason.ENTRYPOINT_NOT_FOUND
    assert repr(entrypoint) in message.message
    assert want_text in message.message


def test_a_request_whose_key_does_not_fit_its_contents_is_refused(dataset: contract.Dataset) -> None:
    request = a_trial(dataset, "team_code:train").model_copy(update={"recipe": {"forged": True}})

    assert perform(request, MemoryObjects(), device="cpu", threads=1).reason == FailureReason.INVALID_REQUEST


def test_a_core_set_without_scores_is_refused(run: Run) -> None:
    message, _ = run(fit_means, fidelity=Fidelity(data_percent=50, subset="EL2N"))

    assert message.reason == FailureReason.INVALID_REQUEST
    assert "EL2N" in message.message


def test_a_function_that_asks_for_no_epoch_gets_no_subset_that_differs_between_epochs(run: Run) -> None:
    message, _ = run(fit_means, fidelity=Fidelity(epochs=2, data_percent=25, subset="RS2"))

    assert message.reason == FailureReason.SUBSET_UNUSABLE
    assert "trial.training_data(epoch)" in message.message


def test_a_function_that_asks_for_each_epoch_gets_other_examples_in_each(run: Run) -> None:
    seen: list[bytes] = []

    def train(trial: Trial) -> dict[str, float]:
        for epoch in range(1, trial.fidelity.epochs + 1):
            images, labels = trial.training_data(epoch)
            assert len(images) == len(labels) == 12
            seen.extend(image.tobytes() for image in images)
        every, _, rows = trial.training_epochs()
        assert seen[:12] == [image.tobytes() for image in every[rows(1)]]
        return {"accuracy": 0.5, "examples": trial.training_examples}

    message, store = run(train, fidelity=Fidelity(epochs=4, data_percent=25, subset="RS2"))

    assert message.reason == "Succeeded", message.message
    assert len(seen) == len(set(seen)) == 48
    assert recorded_result(store).metrics["examples"] == 12


def test_any_function_may_ask_for_an_epoch(run: Run) -> None:
    def train(trial: Trial) -> dict[str, float]:
        return {"accuracy": float(np.array_equal(trial.training_data(2)[0], trial.training_data()[0]))}

    _, store = run(train, fidelity=Fidelity(epochs=2, data_percent=25))

    assert recorded_result(store).score == 1


def a_preparation(dataset: contract.Dataset) -> contract.PreparationRequest:
    what: dict[str, Any] = {"method": "EL2N", "code": contract.digest(b""), "recipe": {"width": 4}, "repeats": 1}
    fidelity = Fidelity(epochs=1, batch_size=16)
    key = contract.preparation_key(**what, fidelity=fidelity, dataset=dataset.identity)
    # Within the deadline torch is imported, which takes a minute where others use the machine.
    return contract.PreparationRequest(
        **what, key=key, study="study", arm="coreset", fidelity=fidelity, dataset=dataset, deadline_seconds=600
    )


def test_a_preparation_leaves_scores_that_choose_a_trials_subset(dataset: contract.Dataset, team: ModuleType) -> None:
    store, preparation = MemoryObjects(), a_preparation(dataset)
    message = perform(preparation, store, device="cpu", threads=1)
    assert message.reason == "Succeeded", message.message
    assert perform(preparation, store, device="cpu", threads=1) == message

    team.train = fit_means  # type: ignore[attr-defined]
    fidelity = Fidelity(data_percent=50, subset="EL2N")
    request = a_trial(dataset, "team_code:train", fidelity=fidelity).model_copy(update={"preparation": preparation.key})
    key = contract.trial_key(contract.request_condition(request), request.seed)
    perform(request.model_copy(update={"key": key}), store, device="cpu", threads=1)
    assert recorded_result(store).metrics["examples"] == 24


def a_custom_preparation(dataset: contract.Dataset) -> contract.PreparationRequest:
    preparation = contract.PreparationRequest(
        key="0" * 32,
        study="study",
        arm="scored",
        method="Custom",
        entrypoint="team_code:score",
        code=contract.digest(b""),
        recipe={"width": 4},
        fidelity=Fidelity(data_percent=25, subset="Custom", subset_entrypoint="team_code:score"),
        repeats=1,
        dataset=dataset,
        deadline_seconds=60,
    )
    return preparation.model_copy(update={"key": contract.request_preparation(preparation)})


def prepared(team: ModuleType, dataset: contract.Dataset, score: Any) -> tuple[TerminationMessage, MemoryObjects]:
    team.score = score  # type: ignore[attr-defined]
    store = MemoryObjects()
    return perform(a_custom_preparation(dataset), store, device="cpu", threads=1), store


def test_a_function_of_the_teams_own_chooses_a_trials_subset(dataset: contract.Dataset, team: ModuleType) -> None:
    def score(preparation: Preparation) -> Any:
        images, labels = preparation.training_data()
        assert (len(images), len(labels), preparation.examples, preparation.count) == (48, 48, 48, 12)
        assert (preparation.recipe["width"], preparation.classes) == (4, ("0", "1", "2"))
        return labels == 1 if (labels == 1).sum() == 12 else (labels == 1).astype(float)

    def train(trial: Trial) -> dict[str, float]:
        _, labels = trial.training_data()
        return {"accuracy": float((labels == 1).mean()), "examples": len(labels)}

    message, store = prepared(team, dataset, score)
    assert message.reason == "Succeeded", message.message
    preparation = a_custom_preparation(dataset)
    result = contract.PreparationResult.model_validate_json(store.get(contract.preparation_name(preparation.key)))
    assert (result.method, result.examples, result.cost.accelerator_seconds > 0) == ("Custom", 48, True)

    team.train = train  # type: ignore[attr-defined]
    request = a_trial(dataset, "team_code:train", fidelity=preparation.fidelity)
    request = request.model_copy(update={"preparation": preparation.key})
    key = contract.trial_key(contract.request_condition(request), request.seed)
    perform(request.model_copy(update={"key": key}), store, device="cpu", threads=1)
    assert recorded_result(store).metrics == {"accuracy": 1, "examples": 12}


@pytest.mark.parametrize(
    ("score", "want_reason", "want_text"),
    [
        (lambda _: np.zeros(5), FailureReason.SUBSET_UNUSABLE, "team_code:score: returned 5 scores"),
        (lambda _: 1 / 0, FailureReason.TRAIN_FUNCTION_RAISED, "ZeroDivisionError"),
        (None, FailureReason.ENTRYPOINT_NOT_FOUND, "team_code has no function 'score'"),
    ],
)
def test_a_subset_function_that_fails_is_named(
    dataset: contract.Dataset, team: ModuleType, score: Any, want_reason: FailureReason, want_text: str
) -> None:
    message, store = prepared(team, dataset, score)
    assert message.reason == want_reason
    assert want_text in message.message
    assert recorded_failure(store).study == "study"


def test_scores_that_an_interrupted_preparation_left_are_the_ones_that_count(dataset: contract.Dataset) -> None:
    store, preparation = MemoryObjects(), a_preparation(dataset)
    left = np.arange(48, dtype="<f4").tobytes()
    store.put_if_absent(contract.preparation_scores_name(preparation.key), left)
    perform(preparation, store, device="cpu", threads=1)

    result = contract.PreparationResult.model_validate_json(store.get(contract.preparation_name(preparation.key)))
    assert result.scores_digest == contract.digest(left)


def test_a_trial_whose_scores_are_not_there_can_be_tried_again(dataset: contract.Dataset, team: ModuleType) -> None:
    team.train = fit_means  # type: ignore[attr-defined]
    fidelity = Fidelity(data_percent=50, subset="EL2N")
    request = a_trial(dataset, "team_code:train", fidelity=fidelity).model_copy(update={"preparation": "0" * 32})
    key = contract.trial_key(contract.request_condition(request), request.seed)
    message = perform(request.model_copy(update={"key": key}), MemoryObjects(), device="cpu", threads=1)

    assert message.reason == FailureReason.STORE_FAILED


def test_an_image_size_that_the_shards_lack_is_an_invalid_dataset(run: Run) -> None:
    message, _ = run(fit_means, fidelity=Fidelity(image_size=5))

    assert message.reason == FailureReason.INVALID_DATASET
    assert "4, 8" in message.message


def test_a_manifest_of_another_digest_is_an_invalid_dataset(tmp_path: Path, team: ModuleType) -> None:
    dataset = tiny_dataset(tmp_path)
    request: TrialRequest = a_trial(dataset.model_copy(update={"digest": contract.digest(b"other")}), "team_code:train")

    assert perform(request, MemoryObjects(), device="cpu", threads=1).reason == FailureReason.INVALID_DATASET


class AwayForAWhile(MemoryObjects):
    """Refuses the first writes of results, for a reason that passes."""

    refusals = 3

    def put_if_absent(self, name: str, data: bytes) -> bool:
        if name.startswith("results/") and self.refusals:
            self.refusals -= 1
            error = StoreError("503 SlowDown")
            error.may_pass = True
            raise error
        return super().put_if_absent(name, data)


def test_a_result_outlives_a_store_that_is_away_for_a_while(
    dataset: contract.Dataset, team: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("assay_trainer.attempts.harness.time.sleep", pauses.append)
    team.train = fit_means  # type: ignore[attr-defined]
    store = AwayForAWhile()
    ended = perform(a_trial(dataset, "team_code:train"), store, device="cpu", threads=1)
    assert ended.reason == "Succeeded"
    assert recorded_result(store).score > 0.9
    assert pauses == [1.0, 2.0, 4.0]


def test_a_disk_that_is_full_is_the_stores_failure(dataset: contract.Dataset, team: ModuleType, tmp_path: Path) -> None:
    team.train = returns({"accuracy": 0.5})  # type: ignore[attr-defined]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # the kernel now refuses every byte
    try:
        message = perform(a_trial(dataset, "team_code:train"), FileObjects(tmp_path), device="cpu", threads=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert message.reason == FailureReason.STORE_FAILED
    assert contract.FailureReason.STORE_FAILED in contract.INFRASTRUCTURE_REASONS
    assert not FileObjects(tmp_path).list("")


def test_the_scratch_folder_is_gone_after_the_trial(run: Run) -> None:
    seen: list[Path] = []

    def train(trial: Trial) -> dict[str, float]:
        seen.append(trial.scratch)
        (trial.scratch / "checkpoint").write_text("weights")
        return {"accuracy": 1.0}

    run(train)
    assert not seen[0].exists()
