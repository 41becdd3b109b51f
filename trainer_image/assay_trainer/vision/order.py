"""The order in which training examples are seen: known for every step beforehand, so that a run can go on anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from assay_trainer.contract import Fidelity

Rows = Callable[[int], NDArray[np.int64]]
"""The indices of the examples of an epoch, by its number from 1 on."""


@dataclass(frozen=True)
class Steps:
    """The steps of a run, each on a batch of the same size.

    Shuffled passes over the examples follow one another without a gap, and are cut into batches: a batch may hold the
    end of one pass and the beginning of the next. So no batch is smaller than the others (a step on a small rest is
    noisy, and slow on a GPU, which has to set itself up for each size), and no rest is left out of every epoch: of the
    whole run at most half a batch is missing, or is seen once more.
    """

    batch_size: int
    ends: tuple[int, ...]
    """How many steps are over when each epoch ends."""

    @classmethod
    def of(cls, fidelity: Fidelity, batch_size: int, examples: int) -> Steps:
        """Return the steps of a run, so many examples to an epoch, of which each has at least one step. If the run's
        length is given in steps, its last epoch ends with them."""
        size = min(fidelity.batch_size or batch_size, examples)
        epochs = -(-fidelity.steps * size // examples) if fidelity.steps else fidelity.epochs
        ends = [max(epoch, round(epoch * examples / size)) for epoch in range(1, epochs + 1)]
        if fidelity.steps:  # the last epoch is cut; of one that would begin with the last step nothing is left
            ends = [*(end for end in ends[:-1] if end < fidelity.steps), fidelity.steps]
        return cls(size, tuple(ends))

    @property
    def epochs(self) -> int:
        """The number of epochs."""
        return len(self.ends)

    @property
    def total(self) -> int:
        """The steps of the whole run."""
        return self.ends[-1]

    def of_epoch(self, epoch: int) -> range:
        """Return the numbers, from 0, of the steps of an epoch; epochs count from 1."""
        return range(self.ends[epoch - 2] if epoch > 1 else 0, self.ends[epoch - 1])


class ShuffledPasses:
    """Passes over the examples of each epoch, `rows(1)` to `rows(epochs)`, as many in each.

    Each has an order of its own that follows from seed and pass alone. What the last batch lacks is taken from epoch 1
    again.
    """

    def __init__(self, rows: Rows, epochs: int, seed: int, device: torch.device) -> None:
        self._rows, self._epochs, self._seed = rows, epochs, seed
        self._generator = torch.Generator(device)
        self._pass, self._order = 0, self._shuffled(0)

    def batch(self, step: int, size: int) -> list[tuple[int, Tensor]]:
        """Return the indices of a step's examples, by the number of the pass that they belong to."""
        return list(self._parts(step * size, (step + 1) * size))

    def _parts(self, first: int, end: int) -> Iterator[tuple[int, Tensor]]:
        while first < end:
            number, start = divmod(first, len(self._order))
            if number != self._pass:
                self._pass, self._order = number, self._shuffled(number)
            stop = min(len(self._order), start + end - first)
            yield number, self._order[start:stop]
            first += stop - start

    def _shuffled(self, number: int) -> Tensor:
        device = self._generator.device
        rows = torch.from_numpy(self._rows(number % self._epochs + 1)).to(device)
        self._generator.manual_seed(mixed(self._seed, number))
        return rows[torch.randperm(len(rows), generator=self._generator, device=device)]


def mixed(seed: int, number: int, stream: int = 0) -> int:
    """Return a seed, in [0, 2**63), for one of the numbered events of a stream: SplitMix64's output function (Steele,
    Lea, Flood 2014), so that neighbouring numbers give seeds that have nothing in common."""
    state = (seed * 0x9E3779B97F4A7C15 + number * 0xBF58476D1CE4E5B9 + (stream + 1) * 0x94D049BB133111EB) % 2**64
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB % 2**64
    return (state ^ (state >> 31)) >> 1
