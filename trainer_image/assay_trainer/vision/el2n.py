"""EL2N: how wrong a network still is about each training example, early in training.

Source: Paul, Ganguli, Dziugaite, "Deep Learning on a Data Diet: Finding Important Examples Early in Training", 2021.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.data import OpenedDataset
from assay_trainer.preparation import SEED
from assay_trainer.trial import Trial
from assay_trainer.vision.recipe import Recipe
from assay_trainer.vision.train import fit

BATCH = 500
"""The number of examples scored at a time."""


def score_examples(request: contract.PreparationRequest, data: OpenedDataset, *, device: str) -> NDArray[np.float32]:
    """Return EL2N scores, float32 (training examples,) in [0, sqrt(2)]: the higher, the harder.

    A score is the mean over `request.repeats` networks of the L2 norm of (softmax - one-hot). Each network is trained
    from its own start by `request.recipe` on all the data for `request.fidelity.epochs` epochs. Examples are scored
    without augmentation. Raises InvalidRecipe unless the recipe is one of `assay_trainer.vision`, and InvalidDataset.
    """
    images, labels = data.train(request.fidelity.image_size)
    scores = np.zeros(len(labels))
    for repeat in range(request.repeats):
        trial = Trial(
            recipe=request.recipe,
            fidelity=request.fidelity,
            seed=SEED + repeat,
            classes=data.manifest.classes,
            training_data=lambda: (images, labels),
            held_out=lambda: (images[:1], labels[:1]),  # how well it does elsewhere is not asked
            device=device,
            pixel_statistics=data.pixel_statistics,
        )
        scores += _error_norms(trial, images, labels)
    return (scores / request.repeats).astype(np.float32)


def _error_norms(trial: Trial, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    recipe, fitted = trial.recipe_as(Recipe), fit(trial)
    fitted.model.eval()
    wanted = np.eye(len(trial.classes))[labels]
    errors = []
    with torch.inference_mode(), torch.autocast(trial.device.partition(":")[0], torch.bfloat16, enabled=recipe.bf16):
        for first in range(0, len(images), BATCH):
            pixels = torch.from_numpy(images[first : first + BATCH]).to(trial.device)
            logits = fitted.model(fitted.normalisation(pixels, fitted.memory_format))
            errors.append(logits.double().softmax(1).cpu().numpy() - wanted[first : first + BATCH])
    norms: NDArray[np.float64] = np.linalg.norm(np.concatenate(errors), axis=1)
    return norms
