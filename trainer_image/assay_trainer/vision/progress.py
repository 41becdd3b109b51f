"""Where a run is, with all that it needs to go on from there as if it had never stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from assay_trainer.random_states import random_states, restore_random_states
from assay_trainer.trial import Trial
from assay_trainer.vision.averaging import Average
from assay_trainer.vision.data_parallel import ALONE, Ranks
from assay_trainer.vision.order import Steps
from assay_trainer.vision.schedule import LearningRateSchedule


class Progress:
    """Yields the epochs and steps that are still to come, and offers the trial a checkpoint after each.

    On a CPU, what comes of a run does not depend on where it was interrupted, to the last bit: batches follow from seed
    and step, and all else is kept.
    """

    def __init__(
        self,
        trial: Trial,
        steps: Steps,
        model: nn.Module,
        optimizers: Sequence[Optimizer],
        schedule: LearningRateSchedule,
        average: Average,
        ranks: Ranks = ALONE,
    ) -> None:
        self._trial, self._steps, self._schedule = trial, steps, schedule
        self._model, self._optimizers, self._average = model, optimizers, average
        self._ranks = ranks
        self._epoch, self._step = 1, 0
        self.loss_sum = torch.zeros((), device=trial.device)
        """The sum of the losses of the steps of this epoch so far."""
        if (state := trial.restored) is not None:
            self._restore(state)

    def epochs(self) -> Iterator[int]:
        """Yield the epochs. What the caller does after the steps of one, such as a report, is behind it at the
        checkpoint that follows."""
        while self._epoch <= self._steps.epochs:
            yield self._epoch
            if self._epoch < self._steps.epochs:  # after the last one there is nothing to go on with
                self._epoch += 1
                self.loss_sum.zero_()
                self._trial.checkpoint(self._state)
            else:
                return

    def steps(self) -> Iterator[int]:
        """Yield the steps of this epoch."""
        for step in self._steps.of_epoch(self._epoch):
            if step >= self._step:
                yield step
                self._step = step + 1
                self._trial.checkpoint(self._state, for_longer=self._schedule.parts_at(self._step))

    def _state(self) -> dict[str, Any]:
        return {
            "epoch": self._epoch,
            "step": self._step,
            "ranks": self._ranks.gathered(self._own_state()),
            "model": self._model.state_dict(),
            "optimizers": [[dict(each.state[weight]) for weight in _weights(each)] for each in self._optimizers],
            "average": self._average.state(),
        }

    def _own_state(self) -> dict[str, Any]:
        """Return what differs between ranks."""
        return {
            "loss_sum": self.loss_sum.cpu(),
            "random": random_states(),
            "buffers": [each.cpu() for each in self._model.buffers()],
        }

    def _restore(self, state: dict[str, Any]) -> None:
        self._epoch, self._step = state["epoch"], state["step"]
        self._schedule.step = self._step
        own = state["ranks"][self._ranks.rank]
        self.loss_sum.copy_(own["loss_sum"])
        self._model.load_state_dict(state["model"])
        for buffer, kept in zip(self._model.buffers(), own["buffers"], strict=True):
            buffer.copy_(kept)
        # Not by load_state_dict: rates and groups are the recipe's, and the schedule holds on to the groups.
        for optimizer, kept in zip(self._optimizers, state["optimizers"], strict=True):
            for weight, values in zip(_weights(optimizer), kept, strict=True):
                optimizer.state[weight] = {name: _beside(weight, value) for name, value in values.items()}
        self._average.restore(state["average"])
        restore_random_states(own["random"])


def _weights(optimizer: Optimizer) -> list[Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def _beside(weight: Tensor, value: Any) -> Any:
    """Return a part of an optimizer's state on the device of its weight: fused optimizers count their steps there."""
    return value.to(weight.device) if isinstance(value, Tensor) else value
