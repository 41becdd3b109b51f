"""What a train function may say of each held-out example: whatever it gives, its trial has a result."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from assay_trainer import contract
from assay_trainer.attempts.harness import perform
from assay_trainer.contract import MOST_EXAMPLES, TrialResult, examples_name, result_name
from assay_trainer.objects import MemoryObjects
from assay_trainer.returned.examples import ExampleValues, kept_examples
from assay_trainer.trial import Trial
from builders.datasets import tiny_dataset
from builders.requests import a_trial

HELD_OUT = 12
"""The held-out examples of the data set."""
CORRECT = [True, False] * 5 + [True, True]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> contract.Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"))


Run = Callable[..., tuple[TrialResult, MemoryObjects]]


@pytest.fixture
def run(dataset: contract.Dataset, monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(*, read: bool = True, **given: Any) -> tuple[TrialResult, MemoryObjects]:
        def train(trial: Trial) -> dict[str, float]:
            if read:
                trial.held_out()
            trial.per_example(**given)
            return {"accuracy": 0.5}

        module = ModuleType("team_code")
        module.train = train  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "team_code", module)
        store, request = MemoryObjects(), a_trial(dataset, "team_code:train")
        assert perform(request, store, device="cpu", threads=1).reason == "Succeeded"
        return TrialResult.model_validate_json(store.get(result_name(request.key))), store

    return run


@pytest.mark.parametrize(
    "given",
    [
        CORRECT,
        tuple(map(int, CORRECT)),
        np.array(CORRECT),
        np.array(CORRECT, np.float32),
        torch.tensor(CORRECT),
        torch.tensor(CORRECT).to(torch.bfloat16).requires_grad_(),
    ],
)
def test_correct_is_taken_as_any_library_has_it_and_kept_as_bits(run: Run, given: Any) -> None:
    result, store = run(correct=given)
    (said,) = result.per_example
    assert (said.kind, said.examples, said.kept, said.mean) == ("correct", HELD_OUT, HELD_OUT, 7 / 12)
    data = store.get(examples_name(result.key, said))
    assert np.unpackbits(np.frombuffer(data, np.uint8))[:HELD_OUT].tolist() == CORRECT
    assert len(data) == said.size == 2
    assert contract.digest(data) == said.digest
    assert not result.notes


def test_losses_are_kept_as_float32_and_beside_correct(run: Run) -> None:
    losses = np.linspace(0, 1e6, HELD_OUT)
    result, store = run(correct=CORRECT, loss=losses)
    correct, loss = result.per_example
    assert (correct.kind, loss.kind, loss.size) == ("correct", "loss", 48)
    kept = np.frombuffer(store.get(examples_name(result.key, loss)), "<f4")
    np.testing.assert_allclose(kept, losses, rtol=1e-6)
    assert loss.mean == pytest.approx(losses.mean())


@pytest.mark.parametrize(
    ("given", "want"),
    [
        ({"correct": CORRECT[:-1]}, "correct left out: given 11 values; allowed: 12, one for each held-out example"),
        ({"correct": [*CORRECT[:-1], 2]}, "correct left out: given 2 for example 11; allowed: true or false (1 or 0)"),
        ({"correct": np.eye(HELD_OUT)}, "correct left out: given an array of shape (12, 12); allowed: true or false"),
        ({"loss": [0.5] * 11 + [float("nan")]}, "loss left out: given nan for example 11; allowed: a finite number"),
        ({"loss": np.array([1e300] * HELD_OUT)}, "loss left out: given inf for example 0"),
        ({"loss": ["low"] * HELD_OUT}, "loss left out: given "),
        ({"loss": 0.5}, "loss left out: given an array of shape ()"),
        ({"loss": np.zeros(HELD_OUT, complex)}, "loss left out: given "),
        ({"loss": [[1, 2], [3]]}, "loss left out: given "),
        ({"loss": object()}, "loss left out: given "),
        ({"loss": []}, "loss left out: given an array of shape (0,)"),
    ],
)
def test_what_cannot_be_used_costs_the_values_and_nothing_else(run: Run, given: dict[str, Any], want: str) -> None:
    result, store = run(**given)
    assert result.score == 0.5
    assert not result.per_example
    assert not store.list("examples/")
    (note,) = result.notes
    assert note.startswith("per_example ")
    assert want in note


def test_values_whose_conversion_raises_are_left_out(run: Run) -> None:
    class Hostile:
        def __array__(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("not today")

    result, _ = run(loss=Hostile())
    assert "RuntimeError" in result.notes[0]


def test_a_function_that_reads_the_held_out_set_itself_may_have_any_number_of_examples(run: Run) -> None:
    result, _ = run(read=False, correct=[True] * 5)
    assert result.per_example[0].examples == 5


def test_a_result_without_values_reads_as_it_did_before_there_were_any(run: Run) -> None:
    result, store = run()
    assert b"per_example" not in store.get(result_name(result.key))


def test_the_last_call_counts() -> None:
    values = ExampleValues()
    values.take(correct=[0, 0, 1], loss=None)
    values.take(correct=[1, 1, 1], loss=[1, 2, 3])
    values.take(correct=None, loss="no")
    kept, notes = values.kept()
    assert [(each.described.kind, each.described.mean) for each in kept] == [("correct", 1.0)]
    assert len(notes) == 1


def test_of_very_many_examples_the_same_ones_are_kept_for_every_trial() -> None:
    many = 10 * MOST_EXAMPLES + 7
    values = ExampleValues()
    values.take(correct=np.arange(many) % 2, loss=np.arange(many))
    (correct, loss), _ = values.kept()
    assert (loss.described.examples, loss.described.kept) == (many, MOST_EXAMPLES)
    assert len(correct.data) == MOST_EXAMPLES // 8
    kept = np.frombuffer(loss.data, "<f4")
    assert kept.tolist() == kept_examples(many).tolist()
    assert set(np.diff(kept)) == {10, 11}
