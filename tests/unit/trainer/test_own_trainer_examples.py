from __future__ import annotations

from pathlib import Path

import pytest

from assay_trainer.attempts.harness import perform
from assay_trainer.contract import Fidelity, TrialResult
from assay_trainer.objects import MemoryObjects
from builders.datasets import tiny_dataset
from builders.requests import a_trial

EXAMPLES = Path(__file__).parents[3] / "examples" / "own_trainer"


def test_the_torch_function_runs_and_is_profiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    store = MemoryObjects()
    request = a_trial(
        tiny_dataset(tmp_path), "torch_trainer:train", recipe={"learningRate": 0.01}, fidelity=Fidelity(epochs=5)
    )
    message = perform(request, store, device="cpu", threads=1)

    assert message.reason == "Succeeded", message.message
    result = TrialResult.model_validate_json(store.get(store.list("results/")[0]))
    assert result.provenance.torch is not None
    assert result.score > 0.5
    assert [(each.kind, each.examples) for each in result.per_example] == [("correct", 12)]
    assert result.per_example[0].mean == pytest.approx(result.score)
    assert result.profile is not None
    assert min(result.profile.forward, result.profile.backward, result.profile.optimizer) > 0


def test_both_functions_are_as_short_as_they_claim() -> None:
    for name in ("scikit_learn_trainer.py", "torch_trainer.py"):
        assert len((EXAMPLES / name).read_text().splitlines()) <= 40
