"""Brings rows into another order, of any number of rows, in memory for a part of them: rows are scattered into buckets
of neighbours, in a temporary file, and each bucket is read when its turn comes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import pairwise
from typing import IO, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay_trainer.shards.tables.packing import Packing, Values
from assay_trainer.shards.tables.rows import MappedRows, joined
from assay_trainer.shards.tables.values import Stored

BUCKET_BYTES = 32 * 2**20
"""About the bytes of a bucket, and of the rows that are scattered at a time: of each there are two copies at most."""


class OrderedRows:
    """The values of rows in an order. Rows may be asked for anywhere; in the order itself, each bucket is read once."""

    def __init__(
        self,
        rows: MappedRows,
        stored: Mapping[str, Stored],
        order: NDArray[np.int64],
        row_bytes: float,
        bucket_bytes: int = BUCKET_BYTES,
    ) -> None:
        """Read all rows once. `stored` says of each column how it is written; `order` (m,) has the numbers of the rows,
        each once, and may leave some out; `row_bytes` is about what a row takes that is packed."""
        self._order, self._at_once = order, bucket_bytes
        self._place = np.full(len(rows), -1, np.int64)
        self._place[order] = np.arange(len(order))
        self._packing = Packing(stored)
        self._in_bucket = max(1, int(bucket_bytes / max(1, row_bytes)))
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="assay-shards-")  # noqa: SIM115 - it ends with this
        self._turns: list[NDArray[np.int64]] = []
        """Of the rows that were scattered at a time: where the piece of each bucket begins in the file, and in the end
        where the last one ends."""
        self._firsts: list[int] = []
        """The first row of each turn."""
        self._schema: pa.Schema | None = None
        self._opened: tuple[int, pa.RecordBatch] | None = None
        with ExitStack() as closing:
            closing.callback(self._file.close)
            self._scatter(rows)
            closing.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened = None
        self._file.close()

    def values(self, indices: NDArray[np.int64]) -> Values:
        """Return the values of rows, given by their numbers, by column."""
        places = self._place[indices]
        buckets = places // self._in_bucket
        parts = []
        for bucket in np.unique(buckets).tolist():
            within = places[buckets == bucket] - bucket * self._in_bucket
            parts.append(self._bucket(bucket).take(pa.array(within)))
        whole = joined(parts)
        if len(parts) > 1 and np.any(np.diff(buckets) < 0):
            back = np.argsort(np.argsort(buckets, kind="stable"), kind="stable")
            whole = whole.take(pa.array(back))
        return self._packing.unpacked(whole)

    def _scatter(self, rows: MappedRows) -> None:
        waiting: list[pa.RecordBatch] = []
        first = seen = size = 0
        for batch in rows.batches():
            for packed in self._packing.packed(batch):
                waiting.append(packed)
                seen += packed.num_rows
                size += packed.nbytes
                if size >= self._at_once:
                    self._turn(waiting, first)
                    waiting, first, size = [], seen, 0
        if waiting:
            self._turn(waiting, first)

    def _turn(self, batches: list[pa.RecordBatch], first: int) -> None:
        """Write a piece of each bucket: its rows among these, in their order."""
        whole = joined(batches)
        self._schema = whole.schema
        places = self._place[first : first + whole.num_rows]
        kept = np.flatnonzero(places >= 0)
        kept = kept[np.argsort(places[kept])]
        bounds = np.arange(0, len(self._order) + self._in_bucket, self._in_bucket)
        cuts = np.searchsorted(places[kept], bounds).tolist()
        whole = whole.take(pa.array(kept))
        starts = [self._file.tell()]
        for begin, end in pairwise(cuts):
            if begin < end:
                self._file.write(whole.slice(begin, end - begin).serialize())
            starts.append(self._file.tell())
        self._turns.append(np.array(starts, np.int64))
        self._firsts.append(first)

    def _bucket(self, bucket: int) -> pa.RecordBatch:
        """Return the rows of a bucket in their order."""
        if self._opened is not None and self._opened[0] == bucket:
            return self._opened[1]
        self._opened = None
        pieces = []
        for starts in self._turns:
            start, end = int(starts[bucket]), int(starts[bucket + 1])
            if start < end:
                self._file.seek(start)
                pieces.append(pa.ipc.read_record_batch(pa.py_buffer(self._file.read(end - start)), self._schema))
        rows = self._order[bucket * self._in_bucket : (bucket + 1) * self._in_bucket]
        turns = np.searchsorted(self._firsts, rows, "right")
        there = np.empty(len(rows), np.int64)
        there[np.argsort(turns, kind="stable")] = np.arange(len(rows))
        self._opened = bucket, joined(pieces).take(pa.array(there))
        return self._opened[1]
