"""Packs the values of a row into one record: all numbers of known shapes side by side, beside what has a length."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay_trainer.shards.tables.rows import BATCH_BYTES
from assay_trainer.shards.tables.values import Stored

Values = dict[str, pa.Array | NDArray[Any]]
"""Values by column: numbers as arrays (rows, …), else as Arrow's own."""

_RECORDS = "\0records"


class _Slot(NamedTuple):
    """Where the numbers of a column lie in a record."""

    start: int
    stop: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


class Packing:
    """The records of a table: as wide a table as may be is two or three columns, which are moved about fast."""

    def __init__(self, stored: Mapping[str, Stored]) -> None:
        self._stored = stored
        self._slots: dict[str, _Slot] = {}
        self.width = 0
        """The bytes of a record."""
        for name, each in stored.items():
            if (shape := each.shape) is not None:
                stop = self.width + each.dtype.itemsize * math.prod(shape)
                self._slots[name] = _Slot(self.width, stop, each.dtype, shape)
                self.width = stop
        self.of_any_length = [name for name in stored if name not in self._slots]
        """The columns that are not in the records."""

    def packed(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Yield rows in records, a few MiB of them at a time: they may be larger than the rows."""
        at_once = max(1, BATCH_BYTES // max(1, self.width))
        for first in range(0, batch.num_rows, at_once):
            yield self._packed(batch.slice(first, at_once))

    def unpacked(self, batch: pa.RecordBatch) -> Values:
        """Return the values of packed rows."""
        found: Values = {name: batch.column(name) for name in self.of_any_length}
        if self.width:
            records = batch.column(_RECORDS)
            first = records.offset * self.width
            whole = np.frombuffer(records.buffers()[1], np.uint8)[first : first + len(records) * self.width]
            matrix = whole.reshape(len(records), self.width)
            for name, slot in self._slots.items():
                values = np.ascontiguousarray(matrix[:, slot.start : slot.stop]).view(slot.dtype)
                found[name] = values.reshape(len(records), *slot.shape)
        return found

    def _packed(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = {name: self._stored[name](batch.column(name)) for name in self.of_any_length}
        if self.width:
            matrix = np.empty((batch.num_rows, self.width), np.uint8)
            for name, slot in self._slots.items():
                values = np.ascontiguousarray(self._stored[name](batch.column(name)), slot.dtype)
                matrix[:, slot.start : slot.stop] = values.reshape(batch.num_rows, -1).view(np.uint8)
            kind = pa.binary(self.width)
            columns[_RECORDS] = pa.Array.from_buffers(kind, batch.num_rows, [None, pa.py_buffer(matrix)])
        return pa.record_batch(columns)
