"""Switches that need a GPU. The time that they take to set up is a trial's time, and charged like all the rest."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from assay_trainer.trial import InvalidRecipe
from assay_trainer.vision.recipe import Recipe


def check_switches(recipe: Recipe, device: torch.device) -> None:
    """Refuse what the device does not have: a recipe that asks for it must not pass for one that had it. Raises
    InvalidRecipe."""
    if device.type == "cuda":
        return
    for name, on in (("compile", recipe.compile), ("cudaGraphs", recipe.cuda_graphs)):
        if on:
            raise InvalidRecipe(f"recipe.{name}: given True; allowed on {device.type}: false, since it needs a GPU")


def set_switches(recipe: Recipe, device: torch.device, *, deterministic: bool) -> None:
    """Set torch's switches of this process."""
    if device.type != "cuda":
        return
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = recipe.tf32
    # It times the algorithms for each shape of a batch, so the choice, and with it the bits, may differ between runs.
    torch.backends.cudnn.benchmark = recipe.cudnn_benchmark and not deterministic


def accelerated(model: nn.Module, recipe: Recipe) -> Callable[[Tensor], Tensor]:
    """Return what computes as the model does, on its weights: compiled, and replayed as CUDA graphs, if the recipe says
    so. torch records a graph for each shape of a batch when it first comes."""
    if not (recipe.compile or recipe.cuda_graphs):
        return model
    backend = "inductor" if recipe.compile else "cudagraphs"
    mode = "reduce-overhead" if recipe.compile and recipe.cuda_graphs else None
    compiled: Callable[[Tensor], Tensor] = torch.compile(model, backend=backend, mode=mode, dynamic=False)
    return compiled
