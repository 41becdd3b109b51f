"""Groups of files that hold some columns of a split: where their blocks lie, and how a block becomes arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assay_trainer.data.blocks import Block

Columns = dict[str, NDArray[np.generic]]
"""Arrays by the names of their fields, one entry to an example each."""


@dataclass(frozen=True)
class Column:
    """What an array of a column holds: numbers of a type and shape to an example, or objects (bytes, text, arrays of as
    many numbers as an example has)."""

    dtype: np.dtype[np.generic]
    shape: tuple[int, ...] = ()


class Decoder(Protocol):
    """Turns the bytes of a block into its columns, which share their memory where they can. It can be pickled."""

    def __call__(self, data: memoryview, examples: int) -> Columns:
        """Raises InvalidDataset if the bytes are no block of so many examples."""
        ...


@dataclass(frozen=True, eq=False)
class Group:
    """Files with the same columns, which hold all examples of a split in their order."""

    columns: Mapping[str, Column]
    blocks: tuple[Block, ...]
    counts: NDArray[np.int64]
    """The examples of each block."""
    decode: Decoder
    is_raw: bool = False
    """Whether a block is nothing but the values of its one column."""
    cells: Mapping[str, Callable[[memoryview], NDArray[np.uint8]]] = field(default_factory=dict)
    """Of columns that `decode` leaves encoded (JPEGs): what turns one of their cells into values."""

    @cached_property
    def firsts(self) -> NDArray[np.int64]:
        """The number of examples before each block, and in the end the number of all."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.counts)])

    def used(self, rows: NDArray[np.int64] | None) -> dict[int, tuple[int, int]]:
        """Return the blocks that have any of the examples `rows`, ascending (None: all), each with where its own begin
        and end among them."""
        bounds = (self.firsts if rows is None else np.searchsorted(rows, self.firsts)).tolist()
        return {index: (begin, end) for index, (begin, end) in enumerate(pairwise(bounds)) if begin < end}

    @property
    def examples(self) -> int:
        return int(self.firsts[-1])

    @property
    def bytes(self) -> int:
        """The bytes of all its blocks, once they are decoded."""
        return sum(each.length for each in self.blocks) + self.examples * self._cell_bytes

    @property
    def block_bytes(self) -> int:
        """The bytes of its largest block, once it is decoded."""
        largest = max((each.length for each in self.blocks), default=0)
        return largest + int(self.counts.max(initial=0)) * self._cell_bytes

    @property
    def _cell_bytes(self) -> int:
        return sum(math.prod(self.columns[name].shape) for name in self.cells)
