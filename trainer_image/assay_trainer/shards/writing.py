"""Writes the examples of a split, group by group: into blocks, blocks into files, and files into the store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from assay_trainer import contract
from assay_trainer.contract import DataField
from assay_trainer.shards.format import BlockFile, group_schema, write_index
from assay_trainer.shards.format.index import index_of

BLOCK_BYTES = 2 * 2**20
"""A block is closed at this size; one example is never split."""

FILE_BYTES = 32 * 2**20
"""A file is closed at this size. It is in memory until then, once for each group."""

Put = Callable[[str, bytes | pa.Buffer], str]
"""Writes an object under a stem, to which its digest is added, and returns its whole path."""

Wrote = Callable[[str, pa.Buffer, int], None]
"""Is told of a file that was written: its path, its bytes, and how many examples are in it."""


class GroupWriter:
    """Writes the files of one group of one split."""

    def __init__(
        self,
        put: Put,
        split: str,
        group: str,
        fields: Mapping[str, DataField],
        seen: Callable[[str, pa.RecordBatch], None],
    ) -> None:
        """Begin the first file. `seen` is called with the group and each block that is written."""
        self.wrote: Wrote = lambda _path, _data, _examples: None
        """Is told of each file."""
        self._put, self._stem, self._group, self._seen = put, f"{split}/{group}", group, seen
        self.schema = group_schema(fields, group)
        self._file = BlockFile(self.schema)
        self._in_file: list[tuple[int, int, int, bytes]] = []
        self._blocks: list[tuple[str, int, int, int, bytes]] = []
        self._files = self._data_bytes = 0
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_bytes = 0

    def add(self, columns: list[pa.Array]) -> None:
        """Add examples, as columns of the group's schema."""
        batch = pa.record_batch(columns, schema=self.schema)
        ends = np.cumsum(_bytes_of_rows(batch))
        start = before = 0
        while start < batch.num_rows:
            full = int(np.searchsorted(ends, before + BLOCK_BYTES - self._waiting_bytes)) + 1
            stop = min(full, batch.num_rows)
            self._waiting.append(batch.slice(start, stop - start))
            self._waiting_bytes += int(ends[stop - 1]) - before
            start, before = stop, int(ends[stop - 1])
            if self._waiting_bytes >= BLOCK_BYTES:
                self._close_block()

    def finish(self) -> contract.FileGroup:
        """Write what is left, and the index of all blocks."""
        self._close_block()
        self._close_file()
        data = write_index(index_of(self._blocks))
        path = self._put(f"{self._stem}/blocks", data)
        return contract.FileGroup(
            index=path, bytes=len(data), digest=contract.digest(data), data_bytes=self._data_bytes
        )

    def _close_block(self) -> None:
        if not self._waiting:
            return
        block = _joined(self._waiting, self.schema)
        self._waiting, self._waiting_bytes = [], 0
        self._seen(self._group, block)
        place, message = self._file.add(block)
        self._in_file.append((place.offset, place.length, block.num_rows, hashlib.sha256(message).digest()))
        if self._file.bytes >= FILE_BYTES:
            self._close_file()

    def _close_file(self) -> None:
        if not self._in_file:
            return
        data = self._file.finish()
        path = self._put(f"{self._stem}/{self._files:05d}", data)
        self._blocks += [(path, *each) for each in self._in_file]
        self.wrote(path, data, sum(examples for _, _, examples, _ in self._in_file))
        self._data_bytes += data.size
        self._files += 1
        self._file, self._in_file = BlockFile(self.schema), []


def _joined(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    """Return batches as one, without what lies around slices."""
    if len(batches) == 1:
        return batches[0]
    columns = [pa.concat_arrays([batch.column(place) for batch in batches]) for place in range(len(schema))]
    return pa.record_batch(columns, schema=schema)


def _bytes_of_rows(batch: pa.RecordBatch) -> np.ndarray:
    """Return about how many bytes each example takes, (n,)."""
    sizes = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        kind = column.type
        if isinstance(kind, pa.FixedShapeTensorType):
            sizes += kind.storage_type.list_size * kind.value_type.bit_width // 8
        elif pa.types.is_list(kind):
            sizes += 4 + np.diff(column.offsets.to_numpy()) * (kind.value_type.bit_width // 8)
        elif pa.types.is_binary(kind) or pa.types.is_string(kind):
            sizes += 4 + pa.compute.binary_length(column).to_numpy()
        else:
            sizes += kind.bit_width // 8
    return sizes
