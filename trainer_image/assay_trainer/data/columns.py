"""Reads examples of groups of files into arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from assay_trainer.data.blocks import Block, BlockReader
from assay_trainer.data.groups import Columns, Group
from assay_trainer.shards.errors import InvalidDataset


def read_columns(reader: BlockReader, groups: Iterable[Group], rows: NDArray[np.int64] | None) -> Columns:
    """Return the columns of the examples `rows`, ascending; of all for None. Blocks without one of them are not read.

    They are the caller's to change: none shares the memory of a mapped file, where a tensor's first change in place
    would end the process. Raises InvalidDataset, StoreError.
    """
    found: Columns = {}
    for group in groups:
        if rows is None and group.is_raw:
            found.update(_all_of_raw(reader, group))
        else:
            found.update(_some(reader, group, rows))
    return found


def _all_of_raw(reader: BlockReader, group: Group) -> Columns:
    """Read the values to where they are wanted, without a copy on the way."""
    ((name, column),) = group.columns.items()
    values = np.empty((group.examples, *column.shape), column.dtype)
    whole = values.reshape(-1).view(np.uint8).data
    starts = np.cumsum([0, *(each.length for each in group.blocks)]).tolist()
    reader.read(group.blocks, lambda _index, _data: None, lambda index: whole[starts[index] : starts[index + 1]])
    return {name: values}


def _some(reader: BlockReader, group: Group, rows: NDArray[np.int64] | None) -> Columns:
    count = group.examples if rows is None else len(rows)
    found: Columns = {name: np.empty((count, *each.shape), each.dtype) for name, each in group.columns.items()}
    used = list(group.used(rows).items())

    def take(place: int, data: memoryview) -> None:
        index, (begin, end) = used[place]
        decoded = group.decode(data, int(group.counts[index]))
        chosen = slice(None) if rows is None else _rows_within(rows[begin:end] - group.firsts[index])
        for name, values in found.items():
            if values.dtype == decoded[name].dtype and values.dtype.kind != "O" and not isinstance(chosen, slice):
                np.take(decoded[name], chosen, 0, values[begin:end], mode="clip")  # at once to where they are wanted
                continue
            part = decoded[name][chosen]
            if (cell := group.cells.get(name)) is not None:
                for number, each in enumerate(part, begin):
                    values[number] = _decoded(cell, each, group.blocks[index])
            elif values.dtype.kind == "O":  # arrays among them share the block's memory, which is used again
                for number, each in enumerate(part, begin):
                    values[number] = each.copy() if isinstance(each, np.ndarray) else each
            else:
                values[begin:end] = part

    reader.read([group.blocks[index] for index, _ in used], take)
    return found


def _decoded(cell: Callable[[memoryview], NDArray[np.uint8]], data: memoryview, block: Block) -> NDArray[np.uint8]:
    try:
        return cell(data)
    except InvalidDataset as error:
        raise InvalidDataset(f"shard {block.name}: {error}") from None


def _rows_within(rows: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """Return rows, ascending, as a slice if none is left out between them: it needs no copy."""
    if rows[-1] - rows[0] == len(rows) - 1:
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
