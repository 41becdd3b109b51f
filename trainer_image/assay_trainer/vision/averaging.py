"""The moving average of a model's weights."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn


class Average:
    """Weights averaged over the steps; without a decay, the model itself.

    Only what is trained is averaged. The norms' running statistics, averages themselves, are taken as they are when the
    averaged model is asked for. The decay grows with the steps up to `decay`, so that the random first weights are soon
    forgotten (min(decay, (1 + steps) / (10 + steps)), as in TensorFlow's ExponentialMovingAverage).
    """

    def __init__(self, model: nn.Module, decay: float | None) -> None:
        self._model, self._decay, self._steps = model, decay, 0
        self._average = model if decay is None else copy.deepcopy(model)
        self._trained: list[Tensor] = [weight for weight in model.parameters() if weight.requires_grad]
        self._averaged: list[Tensor] = [weight for weight in self._average.parameters() if weight.requires_grad]

    @property
    def model(self) -> nn.Module:
        """The averaged model."""
        if self._average is not self._model:
            for mine, its in zip(self._average.buffers(), self._model.buffers(), strict=True):
                mine.copy_(its)
        return self._average

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights after a step."""
        if self._decay is None:
            return
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        self._steps += 1
        torch._foreach_lerp_(self._averaged, self._trained, 1 - decay)

    def state(self) -> dict[str, Any] | None:
        """Return what a checkpoint needs of the average; None: it is the model itself."""
        return None if self._decay is None else {"steps": self._steps, "model": self._average.state_dict()}

    def restore(self, state: dict[str, Any] | None) -> None:
        """Go on from what `state` has returned."""
        if state is not None:
            self._steps = state["steps"]
            self._average.load_state_dict(state["model"])
