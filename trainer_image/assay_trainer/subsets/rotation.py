"""RS2: other examples in each epoch, until all were used.

Source: Okanovic et al., "Repeated Random Sampling for Minimizing the Time-to-Accuracy of Learning", 2023 (arXiv
2305.18424), sampling without replacement. There the data are shuffled anew after each pass; here they were shuffled
once, when the data set was built, and the seed says where a trial begins. So the examples of an epoch lie side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.subsets.window import Window, random_window


@dataclass(frozen=True)
class Rotation:
    """Which of the training examples each epoch of a trial has.

    Epoch 1 has the window `first`, epoch 2 as many examples after it, and so on; after the last example comes the first
    one again.
    """

    first: Window
    epochs: int

    @cached_property
    def used(self) -> NDArray[np.int64]:
        """The indices of the examples that some epoch has, ascending."""
        return replace(self.first, count=min(self.first.examples, self.epochs * self.first.count)).indices()

    def rows(self, epoch: int) -> NDArray[np.int64]:
        """Return where in `used` the examples of an epoch (1 to `epochs`) are, int64 (count,), ascending. Raises
        ValueError for another epoch."""
        if not 1 <= epoch <= self.epochs:
            raise ValueError(f"epoch: given {epoch}; allowed: 1 to {self.epochs}, as many as the trial has")
        begin = (self.first.first + (epoch - 1) * self.first.count) % self.first.examples
        return np.searchsorted(self.used, replace(self.first, first=begin).indices())


def rotation_of(examples: int, fidelity: contract.Fidelity, seed: int) -> Rotation | None:
    """Return which of so many training examples each epoch has; None if all epochs have the same.

    Epoch 1 has what `Random` has at that percent and seed. It is the same for all hypotheses of a seed, and for a trial
    that ends early.
    """
    if not (fidelity.takes_subset and fidelity.subset == "RS2"):
        return None
    return Rotation(random_window(examples, fidelity.data_percent, seed), fidelity.epochs)
