"""Trains in two processes, and in one that does the work of both: `python data_parallel.py FOLDER`. Prints how far
apart the weights and the metrics are, as JSON."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from assay_trainer.contract import Fidelity
from assay_trainer.ranks.ended import RankFailed
from assay_trainer.ranks.place import Place
from assay_trainer.trial import Trial
from assay_trainer.vision import Recipe
from assay_trainer.vision.batches import Normalisation, Resident, TrainingBatches
from assay_trainer.vision.data_parallel import Ranks
from assay_trainer.vision.evaluation import HeldOut
from assay_trainer.vision.model import build_model
from assay_trainer.vision.optimizers import build_optimizers
from assay_trainer.vision.order import Steps
from assay_trainer.vision.schedule import LearningRateSchedule
from assay_trainer.vision.train import fit
from assay_trainer.workers.launcher import launch
from builders.datasets import tiny_arrays

RECIPE = {"width": 4, "depth": 1, "batchSize": 13, "crop": 0.1, "flip": True, "cutout": 0.2, "labelSmoothing": 0.1}
CLASSES, EPOCHS, SEED = ("a", "b", "c"), 2, 5
CPU = torch.device("cpu")


def a_trial(place: Place) -> Trial:
    data = tiny_arrays()
    return Trial(
        recipe=RECIPE,
        fidelity=Fidelity(epochs=EPOCHS),
        seed=SEED,
        classes=CLASSES,
        training_data=lambda: data,
        held_out=lambda: data,
        rank=place.rank,
        world_size=place.world_size,
    )


def in_two_processes(folder: Path) -> None:
    def rank(place: Place) -> RankFailed | None:
        torch.set_num_threads(1)
        trial = a_trial(place)
        fitted = fit(trial)
        curve = [point.metrics for point in trial.curve]
        torch.save((fitted.model.state_dict(), fitted.metrics, curve), folder / f"{place.rank}.pt")
        return None

    assert launch(2, rank) is None


def in_one_process() -> tuple[dict[str, Any], dict[str, float]]:
    """Accumulate the gradients of both parts of each batch, each part with norms of its own."""
    images, labels = tiny_arrays()
    recipe = Recipe.model_validate(RECIPE)
    torch.manual_seed(SEED)
    steps = Steps.of(Fidelity(epochs=EPOCHS), recipe.batch_size, len(labels))
    assert recipe.batch_size % 2  # the parts are not equal
    normalisation, last = Normalisation(images, CPU), torch.channels_last
    examples = Resident.on(CPU, images, labels)
    parts = [
        TrainingBatches(examples, recipe, steps, normalisation, last, SEED, ranks=Ranks(rank, 2)) for rank in range(2)
    ]
    model = build_model(recipe, images.shape[-1], len(CLASSES)).to(memory_format=last)  # type: ignore[call-overload]
    optimizers = build_optimizers(recipe, model)
    schedule = LearningRateSchedule(recipe, optimizers, steps.total)
    statistics = [copy.deepcopy(dict(model.named_buffers())) for _ in range(2)]
    held_out = HeldOut(examples, recipe, normalisation, last)
    for step in range(steps.total):
        for part, mine in zip(parts, statistics, strict=True):
            _load(model, mine)
            inputs, targets = part.batch(step)
            loss = F.cross_entropy(model(inputs), targets, label_smoothing=recipe.label_smoothing)
            (loss * len(targets) / steps.batch_size).backward()  # type: ignore[no-untyped-call]
            mine.update(copy.deepcopy(dict(model.named_buffers())))
        schedule.advance()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if step + 1 in steps.ends:
            mean = {name: (each + statistics[1][name]) / 2 for name, each in statistics[0].items()}
            statistics = [copy.deepcopy(mean) for _ in range(2)]
    _load(model, mean)
    return model.state_dict(), held_out(model).metrics


def _load(model: torch.nn.Module, buffers: dict[str, torch.Tensor]) -> None:
    for name, buffer in model.named_buffers():
        buffer.copy_(buffers[name])


def main() -> None:
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    in_two_processes(folder)
    (first, metrics, curve), (second, others, _) = (torch.load(folder / f"{rank}.pt") for rank in range(2))
    want, want_metrics = in_one_process()
    names = [name for name in want if not name.endswith("num_batches_tracked")]
    far = max(float((first[name] - want[name]).abs().max()) for name in names)
    apart = max(float((first[name] - second[name]).abs().max()) for name in names)
    off = max(abs(metrics[name] - want_metrics[name]) for name in want_metrics)
    print(json.dumps({"far": far, "apart": apart, "off": off, "same": metrics == others, "points": len(curve)}))


if __name__ == "__main__":
    main()
