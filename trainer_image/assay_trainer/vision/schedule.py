"""Learning-rate schedules."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch.optim import Optimizer

from assay_trainer.vision.recipe import Recipe


def rate_factor(recipe: Recipe, step: int, steps: int) -> float:
    """Return the share of the peak learning rate at `step` (from 0) of `steps`: in (0, 1].

    All schedules rise linearly during warm-up. Then `onecycle` falls linearly to nothing (Smith & Topin 2018, without
    its cycle of the momentum), `cosine` falls along half a cosine (Loshchilov & Hutter 2017), `constant` stays, and
    `wsd` stays until its cool-down, in which it falls as 1 - sqrt(share that has passed) (warm-up, stable, decay: Hu et
    al. 2024, "MiniCPM"; this shape: Hägele et al. 2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed
    Training Durations").
    """
    rising = recipe.warm_up * steps if recipe.warm_up_steps is None else recipe.warm_up_steps
    if step + 1 <= rising:
        return (step + 1) / rising
    if recipe.schedule == "wsd":
        cooling = max(0, step - cool_down_begins(recipe, steps)) / (steps - cool_down_begins(recipe, steps))
        return 1.0 - math.sqrt(cooling)
    rest = (step - rising) / max(1, steps - rising) if step > rising else 0.0
    if recipe.schedule == "onecycle":
        return 1.0 - rest
    return 0.5 * (1.0 + math.cos(math.pi * rest)) if recipe.schedule == "cosine" else 1.0


def cool_down_begins(recipe: Recipe, steps: int) -> int:
    """Return the number of steps before the cool-down of `wsd`."""
    return steps - math.ceil(recipe.cool_down * steps)


def parting(recipe: Recipe, steps: int) -> int | None:
    """Return the number of steps that a run of so many has in common with every longer one; None if it has none.

    A warm-up, or image sizes, for a share of the steps are others in a longer run. And the last batch may be filled up
    with examples of epoch 1, where a longer run begins another pass.
    """
    if recipe.image_sizes or (recipe.warm_up and recipe.warm_up_steps is None):
        return None
    last = {"constant": steps - 1, "wsd": min(steps - 1, cool_down_begins(recipe, steps))}.get(recipe.schedule)
    return last or None


class LearningRateSchedule:
    """Sets the learning rate of optimizers before each step, from the rate that they were made with."""

    def __init__(self, recipe: Recipe, optimizers: Sequence[Optimizer], steps: int) -> None:
        self._groups = [(group, group["lr"]) for optimizer in optimizers for group in optimizer.param_groups]
        self._recipe, self._steps, self.step = recipe, steps, 0
        self._parting = parting(recipe, steps)

    def advance(self) -> None:
        """Go on to the next step."""
        factor = rate_factor(self._recipe, self.step, self._steps)
        for group, peak in self._groups:
            group["lr"] = peak * factor
        self.step += 1

    def parts_at(self, step: int) -> bool:
        """Return whether a longer run would go on otherwise after so many steps, and has gone the same way until
        then."""
        return step == self._parting
