"""Writes chosen examples as files of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.contract import FIELDS_GROUP, DataField
from assay_trainer.data.blocks import BlockReader
from assay_trainer.data.examples import Examples, open_reader
from assay_trainer.data.groups import Columns, Group
from assay_trainer.objects import Objects
from assay_trainer.shards.file_names import file_name
from assay_trainer.shards.format import column_of
from assay_trainer.shards.writing import GroupWriter

BLOCKS_AT_ONCE = 32
"""So many blocks are gone through at a time; their chosen examples are in memory."""


def write_examples(examples: Examples, store: Objects, folder: str) -> dict[str, contract.FileGroup]:
    """Write the examples into a folder of the store, in their order; return their groups of files by name.

    Raises InvalidDataset if they can't be read, StoreError.
    """

    def put(stem: str, data: bytes | pa.Buffer) -> str:
        path = file_name(stem, contract.digest(memoryview(data)))
        store.put_if_absent(path, bytes(data))
        return path

    reader, found = open_reader(examples.uri), {}
    assert examples.rows is not None
    for group in examples.groups:
        name = _name_of(group, examples.schema)
        writer = GroupWriter(put, folder, name, examples.schema, lambda _group, _block: None)
        used = list(group.used(examples.rows).items())
        for first in range(0, len(used), BLOCKS_AT_ONCE):
            for columns in _chosen(reader, group, used[first : first + BLOCKS_AT_ONCE], examples.rows):
                writer.add([column_of(_plain(columns[each.name]), each.type) for each in writer.schema])
        found[name] = writer.finish()
    return found


def _chosen(
    reader: BlockReader, group: Group, used: Sequence[tuple[int, tuple[int, int]]], rows: NDArray[np.int64]
) -> list[Columns]:
    """Return the chosen examples of some blocks, one entry to each."""
    found: dict[int, Columns] = {}

    def take(place: int, data: memoryview) -> None:
        index, (begin, end) = used[place]
        chosen = rows[begin:end] - group.firsts[index]
        decoded = group.decode(data, int(group.counts[index]))
        found[place] = {name: _own(values[chosen]) for name, values in decoded.items()}

    reader.read([group.blocks[index] for index, _ in used], take)
    return [found[place] for place in range(len(used))]


def _own(values: NDArray[Any]) -> NDArray[Any]:
    """Return values without what they share with a block, whose memory is used again."""
    if values.dtype.kind != "O":
        return values
    own = np.empty(len(values), object)
    for place, each in enumerate(values):
        if isinstance(each, np.ndarray):
            own[place] = each.copy()
        else:
            own[place] = each.to_pybytes() if isinstance(each, pa.Buffer) else each
    return own


def _plain(values: NDArray[Any]) -> Any:
    return values.tolist() if values.dtype.kind == "O" else values


def _name_of(group: Group, fields: Mapping[str, DataField]) -> str:
    for name, column in group.columns.items():
        if fields[name].kind == "image":
            return f"image-{max(fields[name].sizes) if fields[name].encoding == 'jpeg' else column.shape[0]}"
    return FIELDS_GROUP
