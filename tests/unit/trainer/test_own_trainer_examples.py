from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assay_trainer.contract import Fidelity, TrialResult
from assay_trainer.harness import perform
from assay_trainer.objects import FileObjects, MemoryObjects
from builders.datasets import tiny_dataset
from builders.requests import a_trial

EXAMPLES = Path(__file__).parents[3] / "examples" / "own_trainer"

WITHOUT_TORCH = """
import sys
class WithoutTorch:
    def find_spec(name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'")
sys.meta_path.insert(0, WithoutTorch)
from assay_trainer.contract import TrialRequest
from assay_trainer.harness import perform
from assay_trainer.objects import open_objects
sys.path.insert(0, sys.argv[1])
message = perform(TrialRequest.model_validate_json(sys.argv[2]), open_objects(sys.argv[3]), device="cpu", threads=1)
print(message.reason, message.message)
"""


def test_the_scikit_learn_function_runs_where_there_is_no_torch(tmp_path: Path) -> None:
    request = a_trial(tiny_dataset(tmp_path), "scikit_learn_trainer:train", fidelity=Fidelity(epochs=5))
    store = FileObjects(tmp_path / "store")
    arguments = [sys.executable, "-c", WITHOUT_TORCH, str(EXAMPLES), request.model_dump_json(), store.uri]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=True)

    assert ended.stdout.split()[0] == "Succeeded", ended.stdout
    result = TrialResult.model_validate_json(store.get(store.list("results/")[0]))
    assert result.provenance.torch is None
    assert result.score > 0.5
    assert len(result.curve) == 5


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
    assert result.profile is not None
    assert min(result.profile.forward, result.profile.backward, result.profile.optimizer) > 0


def test_both_functions_are_as_short_as_they_claim() -> None:
    for name in ("scikit_learn_trainer.py", "torch_trainer.py"):
        assert len((EXAMPLES / name).read_text().splitlines()) <= 40
