"""The train loop."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from assay_trainer.ranks import uses_devices
from assay_trainer.trial import Trial
from assay_trainer.vision.acceleration import accelerated, check_switches, set_switches
from assay_trainer.vision.averaging import Average
from assay_trainer.vision.batches import Normalisation, Resident, TrainingBatches
from assay_trainer.vision.data_parallel import Ranks, ranks_of
from assay_trainer.vision.evaluation import HeldOut
from assay_trainer.vision.model import build_model
from assay_trainer.vision.optimizers import build_optimizers
from assay_trainer.vision.order import Steps, mixed
from assay_trainer.vision.progress import Progress
from assay_trainer.vision.recipe import Recipe
from assay_trainer.vision.schedule import LearningRateSchedule
from assay_trainer.vision.whitening import IMAGES, check_sides

_DROPOUT = 3
"""The stream of seeds from which further ranks drop out; see `batches`."""


@uses_devices
def train(trial: Trial) -> dict[str, float]:
    """Train by the trial's recipe (`Recipe`) and return `accuracy` and `loss` on the held-out split.

    Raises InvalidRecipe, InvalidDataset. On a CPU with one thread, a seed gives the same bits in every process.
    """
    return fit(trial).metrics


@dataclass(frozen=True)
class Fitted:
    """A trained network, what it expects of its images, and its `accuracy` and `loss` on the held-out split."""

    model: nn.Module
    normalisation: Normalisation
    memory_format: torch.memory_format
    metrics: dict[str, float]


def fit(trial: Trial) -> Fitted:
    """Train as `train` does, and return the network, too."""
    with ranks_of(trial) as ranks:
        return _fit(trial, ranks)


def _fit(trial: Trial, ranks: Ranks) -> Fitted:
    recipe = trial.recipe_as(Recipe)
    device = torch.device(trial.device)
    check_switches(recipe, device)
    set_switches(recipe, device, deterministic=trial.deterministic)
    torch.manual_seed(trial.seed)

    images, labels, rows = trial.training_epochs()
    trial_held_out = trial.held_out()
    steps = Steps.of(trial.fidelity, recipe.batch_size, len(rows(1)))
    ranks.check_batch(steps.batch_size)
    if recipe.whitening:
        check_sides((*recipe.image_sizes, images.shape[1]))
    memory_format = torch.channels_last if recipe.channels_last else torch.contiguous_format
    normalisation = Normalisation(images, device, trial.pixel_statistics)
    with trial.timed("copy_to_device"):
        training, held_out = Resident.on(device, images, labels), Resident.on(device, *trial_held_out)
    data = TrainingBatches(training, recipe, steps, normalisation, memory_format, trial.seed, rows, ranks)
    evaluate = HeldOut(held_out, recipe, normalisation, memory_format, ranks)

    model = build_model(recipe, images.shape[-1], len(trial.classes))
    if ranks.rank:
        torch.manual_seed(mixed(trial.seed, ranks.rank, _DROPOUT))  # the weights that were drawn are the same for all
    model = model.to(device, memory_format=memory_format)  # type: ignore[call-overload]
    if recipe.whitening:
        model[0].fit(normalisation(training.images[:IMAGES], memory_format))
    compute = accelerated(model, recipe)
    optimizers = build_optimizers(recipe, model)
    schedule = LearningRateSchedule(recipe, optimizers, steps.total)
    average = Average(model, recipe.average_decay)
    progress = Progress(trial, steps, model, optimizers, schedule, average, ranks)

    for epoch in progress.epochs():
        for step in progress.steps():
            with trial.timed("data_wait"):
                inputs, targets = data.batch(step)
            with trial.timed("forward"):
                with torch.autocast(device.type, torch.bfloat16, enabled=recipe.bf16):
                    logits = compute(inputs)
                loss = F.cross_entropy(logits.float(), targets, label_smoothing=recipe.label_smoothing)
            with trial.timed("backward"):
                loss.backward()  # type: ignore[no-untyped-call]
                ranks.average_gradients(model, steps.batch_size)
            with trial.timed("optimizer"):
                if recipe.gradient_clip is not None:
                    torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.gradient_clip)
                schedule.advance()
                for optimizer in optimizers:
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=True)
                average.update()
            progress.loss_sum += loss.detach()  # not .item(): that would make the host wait for the GPU at every step
            trial.count_samples(steps.batch_size)
        if recipe.evaluates(epoch) or epoch in trial.wanted_epochs or epoch == steps.epochs:
            with trial.timed("evaluation"):
                ranks.average_statistics(model)
                evaluation = evaluate(average.model)
                metrics = evaluation.metrics  # here, since it waits for the GPU
            trial.report(epoch, **metrics, training_loss=ranks.mean(progress.loss_sum) / len(steps.of_epoch(epoch)))
    trial.per_example(correct=evaluation.correct, loss=evaluation.losses)
    return Fitted(average.model, normalisation, memory_format, evaluation.metrics)
