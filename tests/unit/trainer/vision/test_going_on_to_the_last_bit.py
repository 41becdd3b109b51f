from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest

from assay_trainer import contract
from assay_trainer.attempts.harness import perform
from assay_trainer.contract import Fidelity, TrialResult
from assay_trainer.objects import MemoryObjects
from assay_trainer.trial import Trial
from assay_trainer.vision import train as vision_train
from assay_trainer.vision.recipe import Recipe
from assay_trainer.vision.schedule import parting, rate_factor
from builders.datasets import tiny_dataset
from builders.requests import a_trial

RECIPES: list[dict[str, Any]] = [
    {"optimizer": "sgd", "averageDecay": 0.9, "flip": True, "crop": 0.1, "evaluateEvery": 1},
    {"optimizer": "adamw", "dropout": 0.3, "cutout": 0.3, "schedule": "cosine", "labelSmoothing": 0.1},
    {"optimizer": "muon", "bf16": True, "flip": "alternating", "gradientClip": 1.0, "schedule": "wsd"},
    {"optimizer": "sgd", "channelsLast": False, "batchNorm": False, "learningRate": 0.01},
]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> contract.Dataset:
    return tiny_dataset(tmp_path_factory.mktemp("tiny"))


class Interrupted:
    """The vision function in a pod that is told to end at some checkpoints, by their number."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, dataset: contract.Dataset, recipe: Mapping[str, Any]) -> None:
        self.store, self.seen, self.end_at = MemoryObjects(), 0, set[int]()
        self._dataset, self._recipe = dataset, {"width": 4, "batchSize": 16, **recipe}
        module = ModuleType("team_code")
        module.train = self._train  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "team_code", module)

    def _train(self, trial: Trial) -> dict[str, float]:
        keep = trial.checkpoint

        def checkpoint(state: Any, **options: Any) -> None:
            self.seen += 1
            if self.seen in self.end_at:
                os.kill(os.getpid(), signal.SIGTERM)
            keep(state, **options)

        trial.checkpoint = checkpoint  # type: ignore[method-assign]
        return vision_train(trial)

    def run(self, epochs: int = 2, stop_after: int | None = None, steps: int | None = None) -> TrialResult:
        fidelity = Fidelity(epochs=epochs, stop_after=stop_after, steps=steps)
        for attempt in range(1, 20):
            item = a_trial(self._dataset, "team_code:train", recipe=self._recipe, fidelity=fidelity, attempt=attempt)
            if perform(item, self.store, device="cpu", threads=1).reason == "Succeeded":
                return TrialResult.model_validate_json(self.store.get(contract.result_name(item.key)))
        raise AssertionError


def said(result: TrialResult) -> Any:
    return result.metrics, [(point.epoch, point.metrics) for point in result.curve]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe["optimizer"])
def test_a_run_that_was_told_to_end_again_and_again_has_the_same_bits(
    recipe: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch, dataset: contract.Dataset
) -> None:
    whole = Interrupted(monkeypatch, dataset, recipe)
    want = said(whole.run())
    interrupted = Interrupted(monkeypatch, dataset, recipe)
    interrupted.end_at = {1, 2, whole.seen // 2, whole.seen - 1, whole.seen}

    found = interrupted.run()

    assert said(found) == want
    assert interrupted.seen == whole.seen  # no step was done twice
    assert found.notes == ()


def test_a_whole_run_goes_on_from_the_one_that_ended_early(
    monkeypatch: pytest.MonkeyPatch, dataset: contract.Dataset
) -> None:
    recipe = {"flip": True, "averageDecay": 0.9}
    whole = Interrupted(monkeypatch, dataset, recipe)
    want = whole.run(epochs=3).metrics
    promoted = Interrupted(monkeypatch, dataset, recipe)
    promoted.run(epochs=3, stop_after=1)

    assert promoted.run(epochs=3).metrics == want
    assert promoted.seen == whole.seen


@pytest.mark.parametrize("schedule", ["constant", "wsd"])
def test_more_epochs_go_on_from_fewer_where_the_schedule_allows_it(
    schedule: str, monkeypatch: pytest.MonkeyPatch, dataset: contract.Dataset
) -> None:
    recipe = {"schedule": schedule, "warmUpSteps": 2, "flip": "alternating"}
    whole = Interrupted(monkeypatch, dataset, recipe)
    want = whole.run(epochs=4).metrics
    raised = Interrupted(monkeypatch, dataset, recipe)
    raised.run(epochs=2)
    seen = raised.seen

    assert raised.run(epochs=4).metrics == want
    assert raised.seen - seen < whole.seen * 3 / 4


@pytest.mark.parametrize("schedule", ["constant", "wsd"])
def test_more_steps_go_on_from_fewer_where_the_schedule_allows_it(
    schedule: str, monkeypatch: pytest.MonkeyPatch, dataset: contract.Dataset
) -> None:
    recipe = {"schedule": schedule, "warmUpSteps": 2, "evaluateEvery": 1}  # 3 steps are an epoch
    whole = Interrupted(monkeypatch, dataset, recipe)
    want = said(whole.run(epochs=1, steps=11))
    raised = Interrupted(monkeypatch, dataset, recipe)
    raised.run(epochs=1, steps=8)
    seen = raised.seen

    assert said(raised.run(epochs=1, steps=11)) == want
    assert raised.seen - seen < whole.seen * 3 / 4
    assert "of a run of 11 steps, this one has 5" in raised.run(epochs=1, steps=5).notes[0]


@pytest.mark.parametrize(
    ("recipe", "want"),
    [
        (Recipe(schedule="constant", warmUpSteps=5), 99),
        (Recipe(schedule="constant", warmUp=0.0), 99),
        (Recipe(schedule="wsd", warmUpSteps=5), 80),
        (Recipe(schedule="wsd", warmUpSteps=5, coolDown=0.5), 50),
        (Recipe(schedule="wsd"), None),
        (Recipe(schedule="cosine", warmUpSteps=5), None),
        (Recipe(schedule="constant", warmUpSteps=5, imageSizes=(14, 28)), None),
    ],
)
def test_schedules_say_until_when_a_longer_run_is_the_same(recipe: Recipe, want: int | None) -> None:
    assert parting(recipe, 100) == want
    if want is not None:
        assert [rate_factor(recipe, step, 100) for step in range(want)] == [
            rate_factor(recipe, step, 137) for step in range(want)
        ]


def test_the_cool_down_falls_to_almost_nothing() -> None:
    recipe = Recipe(schedule="wsd", warmUpSteps=10, coolDown=0.25)
    rates = [rate_factor(recipe, step, 100) for step in range(100)]

    assert rates[9:76] == [1.0] * 67
    assert rates == rates[:76] + sorted(rates[76:], reverse=True)
    assert 0 < rates[-1] < 0.03
