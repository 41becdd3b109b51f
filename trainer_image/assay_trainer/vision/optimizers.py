"""SGD with Nesterov momentum, AdamW, Muon."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Muon, Optimizer

from assay_trainer.vision.recipe import LEARNING_RATES, WEIGHT_DECAYS, Recipe


def build_optimizers(recipe: Recipe, model: nn.Module) -> list[Optimizer]:
    """Return one optimizer, or two for Muon, which step together. Biases and norms (1-D) are not decayed.

    Muon orthogonalises the updates of hidden weights; the first convolution, the last layer, biases and norms go to
    AdamW, as its author advises (Keller Jordan, "Muon", 2024). Its steps are scaled to the size of AdamW's (Liu et al.
    2025, "Muon is scalable for LLM training"), so that both share learning rate and weight decay.
    """
    rate = recipe.learning_rate or LEARNING_RATES[recipe.optimizer]
    decay = WEIGHT_DECAYS[recipe.optimizer] if recipe.weight_decay is None else recipe.weight_decay
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    if recipe.optimizer == "muon":
        hidden, weights = weights[1:-1], [weights[0], weights[-1]]
    groups = [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
    # Fused SGD on the CPU silently leaves bfloat16 weights as they are (torch 2.13); ours are always float32.
    if recipe.optimizer == "sgd":
        return [SGD(groups, rate, recipe.momentum, nesterov=recipe.nesterov, fused=True)]
    adamw = AdamW(groups, rate, betas=(recipe.momentum, 0.999), fused=True)
    if recipe.optimizer == "adamw" or not hidden:
        return [adamw]
    return [adamw, ConvolutionMuon(hidden, rate, decay, recipe)]


class ConvolutionMuon(Muon):
    """torch's Muon, which takes matrices only, for convolutions: each filter is a row of its weight's matrix.

    The matrix shares the weight's memory, channels-last or not: the order of a row's entries does not matter
    to an orthogonalisation as long as it is the same in every row.
    """

    def __init__(self, filters: list[nn.Parameter], rate: float, decay: float, recipe: Recipe) -> None:
        self._filters = filters
        self._matrices = [nn.Parameter(_matrix(weight.detach(), weight)) for weight in filters]
        super().__init__(
            self._matrices,
            lr=rate,
            weight_decay=decay,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov,
            adjust_lr_fn="match_rms_adamw",
        )

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update the weights from their gradients."""
        for weight, matrix in zip(self._filters, self._matrices, strict=True):
            matrix.grad = None if weight.grad is None else _matrix(weight.grad, weight)
        super().step(closure)  # type: ignore[no-untyped-call]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, including those of the weights themselves."""
        super().zero_grad(set_to_none)
        for weight in self._filters:
            weight.grad = None


def _matrix(tensor: Tensor, weight: Tensor) -> Tensor:
    """Return (out, in, height, width) as (out, in x height x width), in the order of the weight's memory."""
    return (tensor if weight.is_contiguous() else tensor.permute(0, 2, 3, 1)).reshape(len(tensor), -1)
