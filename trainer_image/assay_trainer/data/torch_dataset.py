"""A map-style data set for torch's DataLoader."""

from __future__ import annotations

import mmap
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from assay_trainer.data.blocks import BlockReader
from assay_trainer.data.groups import Columns, Group

HELD_BYTES = 256 << 20
"""The most bytes of blocks that a process holds which are not mapped: of stores without a cache, texts and bytes."""

MOST_MAPPED = 8192
"""The most blocks that a process holds: a process may have 65 530 mappings."""

Sample = dict[str, Any]


class MappedDataset(Dataset[Any]):
    """Examples by their place, each a dict of numpy values by field, or what `transform` makes of it.

    Blocks are mapped, so that workers share their memory. It can be pickled, and each process opens files and
    connections of its own: any start method of workers will do.
    """

    def __init__(
        self,
        open_reader: Callable[[], BlockReader],
        groups: Sequence[Group],
        rows: NDArray[np.int64] | None,
        transform: Callable[[Sample], Any] | None,
    ) -> None:
        self._open_reader, self._groups, self._rows = open_reader, tuple(groups), rows
        self._transform = transform
        self._opened: tuple[int, BlockReader] | None = None
        self._blocks: OrderedDict[tuple[int, int], tuple[Columns, int]] = OrderedDict()
        self._held = 0

    def __len__(self) -> int:
        return self._groups[0].examples if self._rows is None else len(self._rows)

    def __getitem__(self, place: int) -> Any:
        if not 0 <= place < len(self):  # a loop over the data set ends by this
            raise IndexError(f"example {place} of {len(self)}")
        row = place if self._rows is None else int(self._rows[place])
        sample: Sample = {}
        for number, group in enumerate(self._groups):
            block = int(np.searchsorted(group.firsts, row, side="right")) - 1
            for name, values in self._columns(number, block).items():
                value = values[row - group.firsts[block]]
                if name in group.cells:
                    value = group.cells[name](value)
                sample[name] = value.copy() if isinstance(value, np.ndarray) else value
        return sample if self._transform is None else self._transform(sample)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None, "_blocks": OrderedDict(), "_held": 0}

    def _columns(self, number: int, block: int) -> Columns:
        if self._opened is None or self._opened[0] != os.getpid():  # a fork must not use its parent's connections
            self._opened = (os.getpid(), self._open_reader())
        if (found := self._blocks.get((number, block))) is not None:
            self._blocks.move_to_end((number, block))
            return found[0]
        group = self._groups[number]
        data = self._opened[1].block(group.blocks[block])
        columns = group.decode(data, int(group.counts[block]))
        copied = any(values.dtype.kind == "O" and name not in group.cells for name, values in columns.items())
        held = 0 if isinstance(data.obj, mmap.mmap) and not copied else len(data)
        self._blocks[number, block] = (columns, held)
        self._held += held
        while len(self._blocks) > 1 and (self._held > HELD_BYTES or len(self._blocks) > MOST_MAPPED):
            self._held -= self._blocks.popitem(last=False)[1][1]
        return columns
