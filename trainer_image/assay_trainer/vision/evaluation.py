"""Measures accuracy and loss on the held-out split."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from assay_trainer.vision.batches import Normalisation, Resident
from assay_trainer.vision.data_parallel import ALONE, Ranks
from assay_trainer.vision.recipe import Recipe

BATCH = 500
"""The examples at a time: few enough for a CPU's cache, enough for a GPU."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How a model did on each held-out example, in their order."""

    correct: Tensor
    """(examples,) of booleans."""
    losses: Tensor
    """(examples,): cross entropies in nats, without label smoothing."""

    @property
    def metrics(self) -> dict[str, float]:
        """`accuracy`, a share in [0, 1], and `loss`, the mean."""
        return {
            "accuracy": self.correct.sum().item() / len(self.correct),
            "loss": self.losses.sum().item() / len(self.losses),
        }


class HeldOut:
    """The held-out split on the device; calling it evaluates a model. Of `ranks` each evaluates its part."""

    def __init__(
        self,
        examples: Resident,
        recipe: Recipe,
        normalisation: Normalisation,
        memory_format: torch.memory_format,
        ranks: Ranks = ALONE,
    ) -> None:
        self._recipe, self._normalisation, self._memory_format = recipe, normalisation, memory_format
        self._count, self._ranks = len(examples.labels), ranks
        part = ranks.part(self._count)
        self._examples = Resident(examples.images[part], examples.labels[part])

    @torch.inference_mode()
    def __call__(self, model: nn.Module) -> Evaluation:
        """Evaluate the model on all examples."""
        model.eval()
        correct, losses = [], []
        with torch.autocast(self._examples.images.device.type, torch.bfloat16, enabled=self._recipe.bf16):
            for images, labels in zip(*(torch.split(each, BATCH) for each in self._examples), strict=True):
                logits = model(self._normalisation(images, self._memory_format)).float()
                correct.append(logits.argmax(1) == labels)
                losses.append(F.cross_entropy(logits, labels, reduction="none"))
        model.train()
        whole = [self._ranks.joined(torch.cat(each), self._count) for each in (correct, losses)]
        return Evaluation(*whole)
