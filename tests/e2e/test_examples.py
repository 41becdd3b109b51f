"""The examples are what people start from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assay.api.checks.check import checked
from assay.api.reading.load import load_manifests
from assay.api.recipes import merge_patch
from assay.api.selection import select_hypotheses
from assay.planning.study.programs import SCORING_ENTRYPOINT
from assay_trainer.contract import Fidelity, TrialResult
from assay_trainer.objects import FileObjects
from assay_trainer.vision import Recipe
from builders.datasets import tiny_dataset
from builders.requests import a_trial

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = sorted({name for file in EXAMPLES.glob("*/*.yaml") if not (name := file.parent.name).startswith("replay")})
"""A replay's hypotheses are those of its table."""

WITHOUT_TORCH = """
import sys
class WithoutTorch:
    def find_spec(name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'")
sys.meta_path.insert(0, WithoutTorch)
from assay_trainer.contract import TrialRequest
from assay_trainer.attempts.harness import perform
from assay_trainer.objects import open_objects
sys.path.insert(0, sys.argv[1])
message = perform(TrialRequest.model_validate_json(sys.argv[2]), open_objects(sys.argv[3]), device="cpu", threads=1)
print(message.reason, message.message)
"""


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_example_is_valid_and_each_of_its_hypotheses_changes_something(folder: str) -> None:
    manifests = load_manifests(EXAMPLES / folder)
    (study,) = manifests.studies
    checked(study, manifests.hypotheses, None)
    selected = select_hypotheses(study, manifests.hypotheses)
    assert len(selected) == len(manifests.hypotheses)
    recipe = study.spec.trainer.recipe
    recipes = [merge_patch(recipe, hypothesis.spec.recipe) for hypothesis in selected]
    assert all(one not in recipes[:place] for place, one in enumerate(recipes))
    if study.spec.trainer.entrypoint == SCORING_ENTRYPOINT:
        for one in recipes:
            Recipe.model_validate(one)


def test_the_scikit_learn_function_runs_where_there_is_no_torch(tmp_path: Path) -> None:
    request = a_trial(tiny_dataset(tmp_path), "scikit_learn_trainer:train", fidelity=Fidelity(epochs=5))
    store = FileObjects(tmp_path / "store")
    arguments = [
        sys.executable,
        "-c",
        WITHOUT_TORCH,
        str(EXAMPLES / "own_trainer"),
        request.model_dump_json(),
        store.uri,
    ]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=True)

    assert ended.stdout.split()[0] == "Succeeded", ended.stdout
    result = TrialResult.model_validate_json(store.get(store.list("results/")[0]))
    assert result.provenance.torch is None
    assert result.score > 0.5
    assert len(result.curve) == 5
