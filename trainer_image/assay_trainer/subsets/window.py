"""A random subset as a window of the shuffled order in which a data set keeps its examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay_trainer.contract import subset_size
from assay_trainer.subsets.golden import start_of


@dataclass(frozen=True)
class Window:
    """`count` consecutive examples of `examples`, from `first` on; after the last example comes the first one again."""

    first: int
    count: int
    examples: int

    def ranges(self) -> tuple[range, ...]:
        """Return the indices as one range, or as two where the window goes on at the beginning; ascending."""
        end = self.first + self.count
        if end <= self.examples:
            return (range(self.first, end),)
        return (range(end - self.examples), range(self.first, self.examples))

    def indices(self) -> NDArray[np.int64]:
        """Return the indices, int64 (count,), ascending."""
        return np.concatenate([np.arange(each.start, each.stop) for each in self.ranges()])


def random_window(examples: int, percent: float, seed: int) -> Window:
    """Return the window of `percent` of the examples, rounded, at least one, that belongs to a seed.

    It begins at the seed times the golden ratio, modulo 1, of the way through the order. So the window of a smaller
    percent lies within that of a larger one, the windows of successive seeds lie as far apart as they can (the
    sequence of Weyl and Kronecker with the golden ratio has the most even gaps), and all hypotheses of a seed get the
    same. The order is shuffled, so that each window is a random subset, and a data set's builder interleaves the
    classes, so that each has them in proportion. Raises ValueError for a seed below 0.
    """
    if seed < 0:
        raise ValueError(f"seed: given {seed}; allowed: 0 or more")
    count = min(examples, subset_size(examples, percent))
    return Window(start_of(seed, examples), count, examples)
