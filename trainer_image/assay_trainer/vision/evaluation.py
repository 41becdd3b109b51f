"""Measures accuracy and loss on the held-out split."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from assay_trainer.vision.batches import Normalisation, Resident
from assay_trainer.vision.data_parallel import ALONE, Ranks
from assay_trainer.vision.recipe import WIDTHS, Recipe

MOST_EXAMPLES = {"cpu": 500, "cuda": 10_000}
"""The examples at a time: on a CPU more are no faster, on a GPU they keep it busy."""

MOST_BYTES = {"cpu": 2**28, "cuda": 2**32}
"""What the first layer's maps of so many examples may take, which are the largest."""


def batch_of(device: str, recipe: Recipe, side: int) -> int:
    """Return how many examples of `side` pixels a side are evaluated at a time on a kind of device."""
    width = recipe.width or WIDTHS[recipe.architecture]
    fitting = MOST_BYTES.get(device, MOST_BYTES["cpu"]) // (4 * width * side**2)
    return max(1, min(fitting, MOST_EXAMPLES.get(device, MOST_EXAMPLES["cpu"])))


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
        self._device = examples.images.device.type
        self._batch = batch_of(self._device, recipe, examples.images.shape[1])

    @torch.inference_mode()
    def __call__(self, model: nn.Module) -> Evaluation:
        """Evaluate the model on all examples."""
        model.eval()
        correct, losses = [], []
        with torch.autocast(self._device, torch.bfloat16, enabled=self._recipe.bf16):
            for images, labels in zip(*(torch.split(each, self._batch) for each in self._examples), strict=True):
                logits = model(self._normalisation(images, self._memory_format)).float()
                correct.append(logits.argmax(1) == labels)
                losses.append(F.cross_entropy(logits, labels, reduction="none"))
        model.train()
        whole = [self._ranks.joined(torch.cat(each), self._count) for each in (correct, losses)]
        return Evaluation(*whole)
