"""Rows as record batches that lie in mapped files, each looked at when it is wanted: only their places are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

BATCH_BYTES = 4 * 2**20
"""About the bytes of a batch that is written here."""


class _Place(NamedTuple):
    file: int
    start: int
    length: int


class MappedRows:
    """The rows of files in Arrow's stream format, all of one schema, without empty batches."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self.counts: list[int] = []
        """The rows of each batch."""
        self._files: list[pa.Buffer] = []
        self._places: list[_Place] = []

    def add(self, file: Path) -> int:
        """Add the batches of a file, and return the number of its rows. Raises ArrowInvalid or OSError for a file that
        is none, or of another schema."""
        mapped = pa.memory_map(str(file))
        self._files.append(mapped.read_buffer())
        mapped.seek(0)
        reader = pa.ipc.MessageReader.open_stream(mapped)
        before, added = mapped.tell(), 0
        while (message := _next(reader)) is not None:
            end = mapped.tell()
            if message.type == "record batch":
                rows = pa.ipc.read_record_batch(message, self.schema).num_rows
                if rows:
                    self._places.append(_Place(len(self._files) - 1, before, end - before))
                    self.counts.append(rows)
                    added += rows
            before = end
        return added

    def __len__(self) -> int:
        """The number of all rows."""
        return sum(self.counts)

    @property
    def firsts(self) -> NDArray[np.int64]:
        """The number of rows before each batch."""
        counts = np.array(self.counts, np.int64)
        return np.cumsum(counts) - counts

    def batch(self, number: int) -> pa.RecordBatch:
        """Return a batch: views of the mapped file."""
        place = self._places[number]
        data = self._files[place.file].slice(place.start, place.length)
        return pa.ipc.read_record_batch(data, self.schema)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield all batches, one after another."""
        return (self.batch(number) for number in range(len(self._places)))


@dataclass
class Rows:
    """The rows of a source, and what it says of them."""

    mapped: MappedRows
    held_out: NDArray[np.bool_] | None = None
    """(n,): whether each row is of a part that is held out; None if the source has one part."""
    features: dict[str, Any] = field(default_factory=dict)
    """What a data set of Hugging Face says of its columns."""
    found: str = ""
    notes: list[str] = field(default_factory=list)


def write_rows(file: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Write batches in Arrow's stream format, small ones joined."""
    waiting: list[pa.RecordBatch] = []
    size = 0
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            if batch.num_rows:
                waiting.append(batch)
                size += batch.nbytes
            if size >= BATCH_BYTES:
                writer.write_batch(joined(waiting))
                waiting, size = [], 0
        if waiting:
            writer.write_batch(joined(waiting))


def joined(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Return batches as one."""
    return batches[0] if len(batches) == 1 else pa.concat_batches(list(batches))


def held_out_rows(parts: Sequence[tuple[int, bool]]) -> NDArray[np.bool_] | None:
    """Return whether each row is held out, given the rows of each part and whether it is; None if none is."""
    if not any(held for _, held in parts):
        return None
    return np.repeat([held for _, held in parts], [rows for rows, _ in parts])


def _next(reader: pa.ipc.MessageReader) -> pa.ipc.Message | None:
    try:
        return reader.read_next_message()
    except StopIteration:
        return None
