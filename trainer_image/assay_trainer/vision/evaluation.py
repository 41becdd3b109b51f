"""Measures accuracy and loss on the held-out split."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from assay_trainer.vision.batches import Normalisation
from assay_trainer.vision.recipe import Recipe

BATCH = 500
"""The examples at a time: few enough for a CPU's cache, enough for a GPU."""


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
        self._device, self._examples = device, len(labels)
        self._batches = [
            (torch.from_numpy(images[i : i + BATCH]).to(device), torch.from_numpy(labels[i : i + BATCH]).to(device))
            for i in range(0, len(labels), BATCH)
        ]

    @torch.inference_mode()
    def __call__(self, model: nn.Module) -> dict[str, float]:
        """Return `accuracy`, a share in [0, 1], and `loss`, the mean cross entropy in nats without label smoothing."""
        model.eval()
        correct, loss = [], []
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._recipe.bf16):
            for images, labels in self._batches:
                logits = model(self._normalisation(images, self._recipe.channels_last)).float()
                correct.append((logits.argmax(1) == labels).sum())
                loss.append(F.cross_entropy(logits, labels, reduction="sum"))
        model.train()
        return {
            "accuracy": torch.stack(correct).sum().item() / self._examples,
            "loss": torch.stack(loss).sum().item() / self._examples,
        }
