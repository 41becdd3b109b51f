"""The index of a group's blocks: an object of its own beside the manifest, since a large data set has many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay_trainer.objects import is_name
from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.shards.format.columns import numbers_of

_SCHEMA = pa.schema(
    [
        pa.field("file", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("examples", pa.int64(), nullable=False),
        pa.field("sha256", pa.binary(32), nullable=False),
    ]
)
"""An index is an Arrow IPC file of these columns, one row to a block, in the order of the examples."""


@dataclass(frozen=True)
class BlockIndex:
    """The blocks of a group of files, in the order of the examples. Arrays have one entry to a block."""

    files: tuple[str, ...]
    """The paths of the files, relative to the manifest's folder."""
    file: NDArray[np.int64]
    """The file of each block: a place in `files`."""
    offset: NDArray[np.int64]
    """The first byte of the block's Arrow message in its file."""
    length: NDArray[np.int64]
    """The bytes of the message."""
    examples: NDArray[np.int64]
    """The number of examples in the block."""
    sha256: tuple[bytes, ...]
    """The SHA-256 of the message's bytes."""

    @property
    def first(self) -> NDArray[np.int64]:
        """The number of examples before each block."""
        return np.cumsum(self.examples) - self.examples

    @property
    def total(self) -> int:
        """The number of examples of all blocks."""
        return int(self.examples.sum())

    def __len__(self) -> int:
        return len(self.sha256)


def index_of(blocks: Sequence[tuple[str, int, int, int, bytes]]) -> BlockIndex:
    """Make an index of (file, offset, length, examples, sha256) of each block."""
    files = tuple(dict.fromkeys(each[0] for each in blocks))
    places = {path: place for place, path in enumerate(files)}
    numbers = np.array([(places[path], *rest[:3]) for path, *rest in blocks], np.int64).reshape(-1, 4)
    file, offset, length, examples = np.ascontiguousarray(numbers.T)
    return BlockIndex(files, file, offset, length, examples, tuple(each[4] for each in blocks))


def write_index(index: BlockIndex) -> bytes:
    """Return an index as the bytes of its object."""
    columns = [
        pa.DictionaryArray.from_arrays(pa.array(index.file, pa.int32()), pa.array(index.files, pa.string())),
        *(pa.array(each, pa.int64()) for each in (index.offset, index.length, index.examples)),
        pa.array(index.sha256, pa.binary(32)),
    ]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, _SCHEMA) as writer:
        writer.write_batch(pa.record_batch(columns, schema=_SCHEMA))
    return bytes(sink.getvalue())


def read_index(data: bytes, examples: int) -> BlockIndex:
    """Return the index in these bytes. Raises InvalidDataset if it is none, or not one of this many examples in all."""
    try:
        with pa.ipc.open_file(pa.BufferReader(data)) as reader:
            if reader.schema != _SCHEMA or reader.num_record_batches != 1:
                raise InvalidDataset("an index of blocks has other columns than expected")
            batch = reader.get_batch(0)
        batch.validate(full=True)
        if any(column.null_count for column in batch.columns):
            raise InvalidDataset("an index of blocks lacks values")
        named, *numbers, digests = batch.columns
        files = tuple(named.dictionary.to_pylist())
        file = numbers_of(named.indices).astype(np.int64)
        offset, length, counts = (numbers_of(each) for each in numbers)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InvalidDataset(f"an index of blocks can't be read: {error}") from None
    if any(not isinstance(path, str) or not is_name(path) for path in files):
        raise InvalidDataset("an index of blocks names files that are no object names")
    if not len(counts) or min(offset.min(), length.min(), counts.min() - 1) < 0 or counts.max() > examples:
        raise InvalidDataset("an index of blocks has places that can't be")
    index = BlockIndex(files, file, offset, length, counts, tuple(digests.to_pylist()))
    if index.total != examples:
        raise InvalidDataset(f"an index of blocks has {index.total} examples; expected {examples}")
    return index
