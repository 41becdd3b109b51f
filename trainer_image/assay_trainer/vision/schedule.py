"""Learning-rate schedules."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch.optim import Optimizer

from assay_trainer.vision.recipe import Recipe


def rate_factor(recipe: Recipe, step: int, steps: int) -> float:
    """Return the share of the peak learning rate at `step` (from 0) of `steps`: in (0, 1].

    All schedules rise linearly during warm-up. Then `onecycle` falls linearly to nothing (Smith & Topin 2018, without
    its cycle of the momentum), `cosine` falls along half a cosine (Loshchilov & Hutter 2017), and `constant` stays.
    """
    rising = recipe.warm_up * steps
    if step + 1 <= rising:
        return (step + 1) / rising
    rest = (step - rising) / (steps - rising) if step > rising else 0.0
    if recipe.schedule == "onecycle":
        return 1.0 - rest
    return 0.5 * (1.0 + math.cos(math.pi * rest)) if recipe.schedule == "cosine" else 1.0


class LearningRateSchedule:
    """Sets the learning rate of optimizers before each step, from the rate that they were made with."""

    def __init__(self, recipe: Recipe, optimizers: Sequence[Optimizer], steps: int) -> None:
        self._groups = [(group, group["lr"]) for optimizer in optimizers for group in optimizer.param_groups]
        self._recipe, self._steps, self._step = recipe, steps, 0

    def advance(self) -> None:
        """Go on to the next step."""
        factor = rate_factor(self._recipe, self._step, self._steps)
        for group, peak in self._groups:
            group["lr"] = peak * factor
        self._step += 1
