"""Muon for convolutions, all of one shape at a time.

Sources: Jordan, "Muon: An optimizer for hidden layers in neural networks", 2024; Liu et al., "Muon is scalable for LLM
training", 2025, for the size of its steps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the Newton-Schulz iteration; they make small singular values grow fast."""

ITERATIONS = 5
SMALLEST_NORM = 1e-7


class Muon(Optimizer):
    """Takes steps whose matrices are orthogonal: each filter of a weight (out, …) is a row of its matrix.

    Steps have the size of AdamW's (0.2 in the root mean square of an entry), so that both can share a learning rate and
    a weight decay. It computes as `torch.optim.Muon` with `adjust_lr_fn="match_rms_adamw"`, which takes matrices only,
    one after another; here weights of one shape are one batch.
    """

    def __init__(
        self, weights: Iterable[Tensor], lr: float, weight_decay: float, momentum: float, *, nesterov: bool
    ) -> None:
        super().__init__(weights, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Update the weights that have a gradient."""
        for group in self.param_groups:
            alike: defaultdict[torch.Size, list[Tensor]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    alike[weight.shape].append(weight)
            for weights in alike.values():
                self._step(weights, group)

    def _step(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        for weight, gradient in zip(weights, gradients, strict=True):
            if not self.state[weight]:
                self.state[weight]["momentum"] = torch.zeros_like(gradient)
        averages = [self.state[weight]["momentum"] for weight in weights]
        torch._foreach_lerp_(averages, gradients, 1 - group["momentum"])
        if group["nesterov"]:
            averages = list(torch._foreach_lerp(gradients, averages, group["momentum"]))
        matrices = torch.stack([each.flatten(1) for each in averages])
        size = group["lr"] * 0.2 * max(matrices.shape[1:]) ** 0.5
        torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
        for weight, matrix in zip(weights, orthogonalised(matrices), strict=True):
            weight.add_(matrix.reshape(weight.shape), alpha=-size)


def orthogonalised(matrices: Tensor) -> Tensor:
    """Return, for each of (n, rows, columns), about the nearest matrix whose rows or columns are orthonormal, bfloat16:
    all its singular values lie around 1 (Jordan 2024)."""
    a, b, c = COEFFICIENTS
    x = matrices.bfloat16()
    wide = x.shape[1] <= x.shape[2]
    x = x if wide else x.mT
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=SMALLEST_NORM)
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x if wide else x.mT
