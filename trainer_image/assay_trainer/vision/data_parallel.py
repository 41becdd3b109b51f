"""One model on several devices: each rank trains on its part of every batch, and all gradients are averaged.

What a rank does is what gradient accumulation does in one process with one part after another, up to rounding. Batch
norms see their own part alone, as in torch's DistributedDataParallel; their running statistics are averaged before the
model is evaluated, and the held-out examples are shared out, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from assay_trainer.trial import InvalidRecipe, Trial


class Ranks:
    """The processes that train one model. Of one process alone, nothing is asked of any other."""

    def __init__(self, rank: int = 0, world_size: int = 1) -> None:
        self.rank, self.world_size = rank, world_size

    def part(self, examples: int) -> slice:
        """Return which of so many examples are this rank's: equal parts, give or take one."""
        return slice(examples * self.rank // self.world_size, examples * (self.rank + 1) // self.world_size)

    def check_batch(self, batch_size: int) -> None:
        """Raise InvalidRecipe unless each rank has an example of every batch."""
        if batch_size < self.world_size:
            raise InvalidRecipe(
                f"batchSize: given {batch_size}; allowed: {self.world_size} or more, one for each of the devices"
            )

    def average_gradients(self, model: nn.Module, examples: int) -> None:
        """Replace the gradients of the mean loss over this rank's part by those over the whole batch of so many."""
        if self.world_size == 1:
            return
        part = self.part(examples)
        self._sum([p.grad for p in model.parameters() if p.grad is not None], (part.stop - part.start) / examples)

    def average_statistics(self, model: nn.Module) -> None:
        """Replace the running statistics of norms by their means over all ranks."""
        if self.world_size > 1:
            self._sum([each for each in model.buffers() if each.is_floating_point()], 1 / self.world_size)

    def mean(self, value: Tensor) -> float:
        """Return the mean of a number over all ranks."""
        value = value.clone()
        self._sum([value], 1 / self.world_size)
        return value.item()

    def joined(self, values: Tensor, examples: int) -> Tensor:
        """Return one value for each of so many examples, (examples,), of which this rank has those of its part."""
        if self.world_size == 1:
            return values
        whole = torch.zeros(examples, dtype=torch.float64, device=values.device)
        whole[self.part(examples)] = values.double()
        dist.all_reduce(whole)  # others have zeros there
        return whole.to(values.dtype)

    def gathered(self, value: Any) -> list[Any]:
        """Return what each rank has given, in their order."""
        found: list[Any] = [value] * self.world_size
        if self.world_size > 1:
            dist.all_gather_object(found, value)
        return found

    @torch.no_grad()
    def _sum(self, tensors: list[Tensor], weight: float) -> None:
        """Add up tensors over all ranks in place, each with its rank's weight: all of them as one message."""
        if self.world_size == 1 or not tensors:
            return
        flat = torch.cat([each.reshape(-1) for each in tensors]).mul_(weight)
        dist.all_reduce(flat)
        for each, total in zip(tensors, torch.split(flat, [each.numel() for each in tensors]), strict=True):
            each.copy_(total.view_as(each))


ALONE = Ranks()
"""The one process of a trial of one device."""


@contextmanager
def ranks_of(trial: Trial) -> Iterator[Ranks]:
    """Join the processes of a trial for the length of the block."""
    if trial.world_size == 1:
        yield ALONE
        return
    dist.init_process_group("nccl" if trial.device.startswith("cuda") else "gloo")
    try:
        yield Ranks(trial.rank, trial.world_size)
    finally:
        dist.destroy_process_group()
