"""The train loop."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from assay_trainer.trial import Trial
from assay_trainer.vision.averaging import Average
from assay_trainer.vision.batches import Normalisation, TrainingBatches
from assay_trainer.vision.evaluation import HeldOut
from assay_trainer.vision.model import build_model
from assay_trainer.vision.optimizers import build_optimizers
from assay_trainer.vision.recipe import Recipe
from assay_trainer.vision.schedule import LearningRateSchedule


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
    metrics: dict[str, float]


def fit(trial: Trial) -> Fitted:
    """Train as `train` does, and return the network, too."""
    recipe = trial.recipe_as(Recipe)
    device = torch.device(trial.device)
    torch.manual_seed(trial.seed)
    epochs, batch_size = trial.fidelity.epochs, trial.fidelity.batch_size or recipe.batch_size
    every = recipe.evaluate_every or math.ceil(epochs / 4)

    images, labels, rows = trial.training_epochs()
    held_out_images, held_out_labels = trial.held_out()
    with trial.timed("copy_to_device"):
        normalisation = Normalisation(images, device)
        generator = torch.Generator(device).manual_seed(trial.seed)
        data = TrainingBatches(images, labels, recipe, batch_size, normalisation, generator, rows)
        evaluate = HeldOut(held_out_images, held_out_labels, recipe, normalisation, device)

    model = build_model(recipe, images.shape[-1], len(trial.classes)).to(device)
    if recipe.channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizers = build_optimizers(recipe, model)
    schedule = LearningRateSchedule(recipe, optimizers, steps=epochs * data.steps)
    average = Average(model, recipe.average_decay)

    for epoch in range(1, epochs + 1):
        loss_sum = torch.zeros((), device=device)
        for index in data.epoch(epoch):
            with trial.timed("data_wait"):
                inputs, targets = data.batch(index)
            with trial.timed("forward"):
                with torch.autocast(device.type, torch.bfloat16, enabled=recipe.bf16):
                    logits = model(inputs)
                loss = F.cross_entropy(logits.float(), targets, label_smoothing=recipe.label_smoothing)
            with trial.timed("backward"):
                loss.backward()  # type: ignore[no-untyped-call]
            with trial.timed("optimizer"):
                if recipe.gradient_clip is not None:
                    torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.gradient_clip)
                schedule.advance()
                for optimizer in optimizers:
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=True)
                average.update()
            loss_sum += loss.detach()  # not .item(): that would make the host wait for the GPU at every step
            trial.count_samples(len(index))
        if epoch % every == 0 or epoch == epochs or epoch in trial.wanted_epochs:
            with trial.timed("evaluation"):
                evaluation = evaluate(average.model)
                metrics = evaluation.metrics  # here, since it waits for the GPU
            trial.report(epoch, **metrics, training_loss=loss_sum.item() / data.steps)
    trial.per_example(correct=evaluation.correct, loss=evaluation.losses)
    return Fitted(average.model, normalisation, evaluation.metrics)
