"""Measures accuracy and loss on the held-out split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from assay_trainer.vision.batches import Normalisation
from assay_trainer.vision.recipe import Recipe

BATCH = 500
"""The examples at a time: few enough for a CPU's cache, enough for a GPU."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How a model did on each held-out example, in their order."""

    correct: torch.Tensor
    """(examples,) of booleans."""
    losses: torch.Tensor
    """(examples,): cross entropies in nats, without label smoothing."""

    @property
    def metrics(self) -> dict[str, float]:
        """`accuracy`, a share in [0, 1], and `loss`, the mean."""
        return {
            "accuracy": self.correct.sum().item() / len(self.correct),
            "loss": self.losses.sum().item() / len(self.losses),
        }


class HeldOut:
    """The held-out split on the device; calling it evaluates a model."""

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        recipe: Recipe,
        normalisation: Normalisation,
        device: torch.device,
    ) -> None:
        self._recipe, self._normalisation = recipe, normalisation
        self._device = device
        self._batches = [
            (torch.from_numpy(images[i : i + BATCH]).to(device), torch.from_numpy(labels[i : i + BATCH]).to(device))
            for i in range(0, len(labels), BATCH)
        ]

    @torch.inference_mode()
    def __call__(self, model: nn.Module) -> Evaluation:
        """Evaluate the model on all examples."""
        model.eval()
        correct, losses = [], []
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._recipe.bf16):
            for images, labels in self._batches:
                logits = model(self._normalisation(images, self._recipe.channels_last)).float()
                correct.append(logits.argmax(1) == labels)
                losses.append(F.cross_entropy(logits, labels, reduction="none"))
        model.train()
        return Evaluation(torch.cat(correct), torch.cat(losses))
