"""SGD with Nesterov momentum, AdamW, Muon."""

from __future__ import annotations

from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from assay_trainer.vision.muon import Muon
from assay_trainer.vision.recipe import LEARNING_RATES, WEIGHT_DECAYS, Recipe


def build_optimizers(recipe: Recipe, model: nn.Module) -> list[Optimizer]:
    """Return one optimizer, or two for Muon, which step together. Biases and norms (1-D) are not decayed.

    Muon orthogonalises the updates of hidden weights; the first convolution, the last layer, biases and norms go to
    AdamW, as its author advises (Keller Jordan, "Muon", 2024). Its steps are scaled to the size of AdamW's (Liu et al.
    2025, "Muon is scalable for LLM training"), so that both share learning rate and weight decay.
    """
    rate = recipe.learning_rate or LEARNING_RATES[recipe.optimizer]
    decay = WEIGHT_DECAYS[recipe.optimizer] if recipe.weight_decay is None else recipe.weight_decay
    trained = [p for p in model.parameters() if p.requires_grad]
    weights, others = [p for p in trained if p.ndim > 1], [p for p in trained if p.ndim <= 1]
    if recipe.optimizer == "muon":
        hidden, weights = weights[1:-1], [weights[0], weights[-1]]
    groups = [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
    # Fused SGD on the CPU silently leaves bfloat16 weights as they are (torch 2.13); ours are always float32.
    if recipe.optimizer == "sgd":
        return [SGD(groups, rate, recipe.momentum, nesterov=recipe.nesterov, fused=True)]
    adamw = AdamW(groups, rate, betas=(recipe.momentum, 0.999), fused=True)
    if recipe.optimizer == "adamw" or not hidden:
        return [adamw]
    return [adamw, Muon(hidden, rate, decay, recipe.momentum, nesterov=recipe.nesterov)]
