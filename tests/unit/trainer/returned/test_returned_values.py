"""What a train function may give back beside its study's metric, which alone can fail the trial."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from assay_trainer import contract
from assay_trainer.attempts.harness import perform
from assay_trainer.contract import RESULT_BYTES, Failure, TrialResult
from assay_trainer.objects import MemoryObjects
from assay_trainer.returned import metrics as returned_metrics
from assay_trainer.returned.curve import MOST_POINTS
from assay_trainer.trial import Trial
from builders.datasets import tiny_dataset
from builders.requests import a_trial

Train = Callable[[Trial], Any]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> contract.Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def ended(dataset: contract.Dataset, monkeypatch: pytest.MonkeyPatch) -> Callable[[Train], TrialResult | Failure]:
    def ended(train: Train) -> TrialResult | Failure:
        module = ModuleType("team_code")
        module.train = train  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "team_code", module)
        store = MemoryObjects()
        perform(a_trial(dataset, "team_code:train"), store, device="cpu", threads=1)
        (name,) = store.list("")
        data = store.get(name)
        assert len(data) <= RESULT_BYTES
        return (TrialResult if name.startswith("results/") else Failure).model_validate_json(data)

    return ended


Ended = Callable[[Train], TrialResult | Failure]


class Raises:
    """Whatever is done with it."""

    def __float__(self) -> float:
        raise AttributeError("no such thing")

    def __repr__(self) -> str:
        raise AssertionError("nobody may ask")


class Exits(Raises):
    def __float__(self) -> float:
        sys.exit(3)


NOT_NUMBERS = {
    "a list": ([1.0, 2.0], "a list of 2"),
    "an empty list": ([], "a list of 0"),
    "a dict": ({"top1": 0.5}, "a dict of 1"),
    "a deep one": ({"a": [{"b": [[]] * 1000}]}, "a dict of 1"),
    "a huge one": ([0] * 1_000_000, "a list of 1000000"),
    "a path": (Path("model.pt"), "a pathlib.PosixPath"),
    "None": (None, "None"),
    "a text": ("resnet", "'resnet'"),
    "a long text": ("x" * 1_000_000, "'xxx"),
    "bytes": (b"\x00", "b'\\x00'"),
    "an array": (np.zeros((3, 4)), "a numpy.ndarray of shape (3, 4)"),
    "an array of one": (np.ones(1), "a numpy.ndarray of shape (1,)"),
    "a tensor": (torch.zeros(2, 2), "a torch.Tensor of shape (2, 2)"),
    "complex": (1j, "1j"),
    "complex of numpy": (np.complex64(1 + 2j), "(1+2j)"),
    "NaN": (math.nan, "nan, which is not finite"),
    "infinity": (np.float32(-math.inf), "-inf, which is not finite"),
    "too large": (10**400, "a whole number of 1329 bits (OverflowError)"),
    "a signalling NaN": (Decimal("sNaN"), "a decimal.Decimal"),
    "a class": (dict, "a type"),
    "a function": (math.sqrt, "a builtin_function_or_method"),
    "what raises": (Raises(), "a tests.Raises (AttributeError)"),
}


@pytest.mark.parametrize("kind", NOT_NUMBERS)
def test_a_spare_value_that_is_no_finite_number_is_left_out_with_a_note(ended: Ended, kind: str) -> None:
    value, want = NOT_NUMBERS[kind]
    result = ended(lambda trial: {"spare": value, "accuracy": 0.5, "loss": 2})
    assert isinstance(result, TrialResult), result
    assert (result.score, result.metrics) == (0.5, {"accuracy": 0.5, "loss": 2.0})
    (note,) = result.notes
    assert note.startswith("spare left out: ")
    assert want in note
    assert len(note) < 200


def test_numbers_of_any_library_are_kept(ended: Ended) -> None:
    spares = [True, np.bool_(1), np.int64(1), np.float16(1), np.array(1), torch.tensor(1.0), torch.ones(1), "1.0"]
    spares += [Decimal(1), Fraction(1)]
    result = ended(lambda trial: {"accuracy": np.float32(1), **{f"m{place}": x for place, x in enumerate(spares)}})
    assert isinstance(result, TrialResult)
    assert (set(result.metrics.values()), len(result.metrics), result.notes) == ({1.0}, 1 + len(spares), ())


@pytest.mark.parametrize("kind", NOT_NUMBERS)
def test_the_studys_own_metric_must_be_a_finite_number(ended: Ended, kind: str) -> None:
    value, want = NOT_NUMBERS[kind]
    failure = ended(lambda trial: {"accuracy": value, "loss": 2})
    assert isinstance(failure, Failure)
    assert "metric 'accuracy': given " in failure.message
    assert want.split(",")[0].split("Error)")[0] in failure.message
    assert "allowed: a finite number" in failure.message
    assert len(failure.message) < 600


def test_a_value_that_hangs_takes_what_follows_with_it_but_not_the_score(
    ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returned_metrics, "SPARE_SECONDS", 0.01)
    over = threading.Event()

    class Hangs:
        def __float__(self) -> float:
            over.wait()
            return 0.0

    result = ended(lambda trial: {"loss": 1, "hangs": Hangs(), "later": 2, "accuracy": 0.5})
    over.set()
    assert isinstance(result, TrialResult)
    assert result.metrics == {"accuracy": 0.5, "loss": 1.0}
    assert result.notes == ("hangs left out, with all after it: no number after 0.01 s",)


def test_a_value_that_ends_the_program_takes_what_follows_with_it_but_not_the_score(ended: Ended) -> None:
    result = ended(lambda trial: {"accuracy": 0.5, "exits": Exits(), "later": 2})
    assert isinstance(result, TrialResult)
    assert result.metrics == {"accuracy": 0.5}
    assert result.notes == ("what follows exits left out: reading it raised SystemExit",)


def test_keys_that_are_no_texts_are_left_out_or_read_as_one(ended: Ended) -> None:
    result = ended(lambda trial: {"accuracy": 0.5, 5: 1, (1, 2): 2, None: 3, "5": 4, b"accuracy": 5, "a\udc80": 6})
    assert isinstance(result, TrialResult)
    assert result.metrics == {"accuracy": 0.5, "5": 1.0, "a\\udc80": 6.0}
    assert result.notes == (
        "a tuple of 2 left out: its key is a tuple of 2; allowed: a text",
        "None left out: its key is None; allowed: a text",
        "5 left out: another key reads alike",
        "b'accuracy' left out: its key is b'accuracy'; allowed: a text",
    )


def test_thousands_of_metrics_with_names_of_any_length_stay_within_a_results_bytes(ended: Ended) -> None:
    many = {f"{'ж' * 115}{number}": number for number in range(20_000)}
    result = ended(lambda trial: {**many, "x" * 100_000: 1, "accuracy": 0.5})
    assert isinstance(result, TrialResult)
    assert (len(result.metrics), result.score) == (500, 0.5)
    assert len(result.notes) == 20
    assert result.notes[-1] == "4,483 more notes"

    longer = ended(lambda trial: {"accuracy": 0.5, "x" * 100_000: 1})
    assert isinstance(longer, TrialResult)
    assert longer.notes == ("x" * 79 + "… left out: a name of 100,000 characters; allowed: 120",)


class Odd(Mapping[str, float]):
    """A mapping that breaks off."""

    def __getitem__(self, key: str) -> float:
        return {"accuracy": 0.5}[key]

    def __iter__(self) -> Iterator[str]:
        yield "accuracy"
        raise RuntimeError("no more")

    def __len__(self) -> int:
        return 2


def test_a_mapping_that_breaks_off_keeps_the_score(ended: Ended) -> None:
    result = ended(lambda trial: Odd())
    assert isinstance(result, TrialResult)
    assert result.metrics == {"accuracy": 0.5}
    assert result.notes == ("what follows accuracy left out: reading it raised RuntimeError",)


async def awaited(trial: Trial) -> dict[str, float]:
    return {"accuracy": 0.5}


def yields(trial: Trial) -> Iterator[dict[str, float]]:
    yield {"accuracy": 0.5}


@pytest.mark.parametrize(
    ("train", "want"),
    [
        (
            awaited,
            "returned a coroutine (it is an `async def`, which nobody awaits); allowed: a mapping with 'accuracy'",
        ),
        (yields, "returned a generator (it has a `yield`); allowed: a mapping"),
        (lambda trial: 0.93, "returned 0.93; allowed: a mapping"),
        (lambda trial: [("accuracy", 0.93)], "returned a list of 1; allowed: a mapping"),
        (lambda trial: Raises(), "returned a tests.Raises; allowed: a mapping"),
        (lambda trial: np.zeros(3), "returned a numpy.ndarray of shape (3,); allowed: a mapping"),
        (lambda trial: {}, "returned an empty mapping; allowed: 'accuracy' among them"),
        (
            lambda trial: {"Accuracy": 1.0},
            "returned 'Accuracy'; allowed: 'accuracy' among them; did you mean 'Accuracy'?",
        ),
        (lambda trial: {1: 1.0, "acc": 2}, "returned 'acc', 1 whose keys are no texts; allowed"),
        (lambda trial: {str(number): 1.0 for number in range(100_000)}, "'9', 4,990 more, 95,000 more; allowed"),
    ],
)
def test_what_lacks_the_studys_metric_is_named(ended: Ended, train: Train, want: str) -> None:
    failure = ended(train)
    assert isinstance(failure, Failure)
    assert failure.reason == "MetricMissing"
    assert want in failure.message


@pytest.mark.parametrize(
    ("run_url", "want"),
    [
        (5, "given 5"),
        (Path("runs/1"), "given a pathlib.PosixPath"),
        (["https://tracker.example"], "given a list of 1"),
        (b"https://tracker.example", "given b'https://tracker.example'"),
        (lambda: "https://tracker.example", "given a function"),
        ("", "given ''"),
        ("runs/1", "given 'runs/1'"),
        ("javascript:alert(1)", "given 'javascript:alert(1)'"),
        ("https://", "given 'https://'"),
        ("http://[::1", "given 'http://[::1'"),
        ("https://tracker.example/a b\n", "given 'https://tracker.example/a b"),
        ("https://tracker.example/\udc80", "given 'https://tracker.example/"),
        ("https://tracker.example/" + "x" * 5000, "given 5,024 characters"),
    ],
)
def test_a_run_url_that_is_none_is_named_and_left_out(ended: Ended, run_url: Any, want: str) -> None:
    def train(trial: Trial) -> dict[str, float]:
        trial.run_url = run_url
        return {"accuracy": 0.5}

    result = ended(train)
    assert isinstance(result, TrialResult), result
    assert result.run_url is None
    (note,) = result.notes
    assert note.startswith(f"run_url left out: {want}")
    assert "allowed: a text that begins with http:// or https://" in note


def test_a_curve_of_any_length_keeps_its_ends_and_says_what_it_dropped(ended: Ended) -> None:
    def train(trial: Trial) -> dict[str, float]:
        for step in range(3 * MOST_POINTS):
            trial.report(step, loss=math.nan)
            assert len(trial.curve) <= MOST_POINTS
        return {"accuracy": 0.5}

    result = ended(train)
    assert isinstance(result, TrialResult)
    assert (result.curve[0].epoch, result.curve[-1].epoch) == (0, 3 * MOST_POINTS - 1)
    assert len(result.curve) > 1000
    assert result.notes == (f"learning curve: 30,000 points reported, {len(result.curve):,} of them kept",)


def test_a_curve_of_many_or_oddly_named_metrics_is_cut(ended: Ended) -> None:
    def train(trial: Trial) -> dict[str, float]:
        for epoch in range(20):
            trial.report(epoch, **{f"{'ж' * 100}{number}": 1.0 for number in range(2000)})
        trial.report(20, **{"x" * 1000: 1.0, "\udc80\x1b[2J": 2.0})
        return {"accuracy": 0.5}

    result = ended(train)
    assert isinstance(result, TrialResult)
    assert len(result.curve[0].metrics) == 500
    assert result.curve[-1].metrics == {"\\udc80\\x1b[2J": 2.0}
    assert [note.split(";")[0] for note in result.notes] == [
        "learning curve: metrics left out",
        f"learning curve: 21 points reported, {len(result.curve)} of them kept",
    ]


@pytest.mark.parametrize(
    ("tell", "want"),
    [
        (lambda trial: trial.report(-1, loss=1), "ValueError: epoch: given -1; allowed: a whole number, 0 or more"),
        (lambda trial: trial.report(1.5, loss=1), "ValueError: epoch: given 1.5; allowed"),
        (lambda trial: trial.report("one", loss=1), "ValueError: epoch: given 'one'; allowed"),
        (lambda trial: trial.report(1, loss=Raises()), "AttributeError: no such thing"),
        (lambda trial: trial.count_samples(math.nan), "ValueError: samples: given nan; allowed: a whole number"),
        (lambda trial: trial.count_samples(-5), "ValueError: samples: given -5; allowed"),
    ],
)
def test_what_is_told_wrongly_on_the_way_is_no_fault_of_the_recipe(ended: Ended, tell: Train, want: str) -> None:
    failure = ended(tell)
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.message.split("\n")[0].startswith(want)) == ("TrainFunctionRaised", True), failure


def test_the_notes_are_in_the_trials_log(ended: Ended, capsys: pytest.CaptureFixture[str]) -> None:
    ended(lambda trial: {"accuracy": 0.5, "confusion": [[1, 0], [0, 1]]})
    assert capsys.readouterr().err == "assay: confusion left out: a list of 2\n"


def test_a_result_without_notes_is_read_as_before(ended: Ended) -> None:
    result = ended(lambda trial: {"accuracy": 0.5})
    assert isinstance(result, TrialResult)
    old = result.model_dump(exclude={"notes"})
    assert TrialResult.model_validate(old) == result
