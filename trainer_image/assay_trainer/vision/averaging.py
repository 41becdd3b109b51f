"""The moving average of a model's weights."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Average:
    """Weights averaged over the steps; without a decay, the model itself.

    The decay grows with the steps up to `decay`, so that the random first weights are soon forgotten (min(decay, (1 +
    steps) / (10 + steps)), as in TensorFlow's ExponentialMovingAverage).
    """

    def __init__(self, model: nn.Module, decay: float | None) -> None:
        self._model, self._decay, self._steps = model, decay, 0
        self.model = model if decay is None else copy.deepcopy(model)

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights after a step, and the norms' running statistics as they are."""
        if self._decay is None:
            return
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        self._steps += 1
        torch._foreach_lerp_(list(self.model.parameters()), list(self._model.parameters()), 1 - decay)
        for mine, its in zip(self.model.buffers(), self._model.buffers(), strict=True):
            mine.copy_(its)
