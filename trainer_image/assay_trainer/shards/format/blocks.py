"""Arrow IPC files written block by block, and single blocks read from bytes or a mapped file without copying."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from assay_trainer.shards.errors import InvalidDataset

# Blocks are never compressed, so that what is mapped is what is computed with.
_OPTIONS = pa.ipc.IpcWriteOptions(use_threads=False, compression=None)


class Place(NamedTuple):
    """Where a block lies in its file: the bytes of its Arrow message, which is read without the rest of the file."""

    offset: int
    length: int


class BlockFile:
    """An Arrow IPC file in memory, one record batch to a block."""

    def __init__(self, schema: pa.Schema) -> None:
        self._sink = pa.BufferOutputStream()
        self._writer = pa.ipc.new_file(self._sink, schema, options=_OPTIONS)

    @property
    def bytes(self) -> int:
        """The bytes that were written so far."""
        return int(self._sink.tell())

    def add(self, block: pa.RecordBatch) -> tuple[Place, pa.Buffer]:
        """Write a block. Returns its place in the file, and the bytes there."""
        message = block.serialize(memory_pool=None)
        self._writer.write_batch(block)
        end = int(self._sink.tell())
        return Place(end - message.size, message.size), message

    def finish(self) -> pa.Buffer:
        """Return the whole file; nothing can be added to it from here on."""
        self._writer.close()
        return self._sink.getvalue()


def read_block(data: pa.Buffer | bytes | memoryview, schema: pa.Schema, examples: int) -> pa.RecordBatch:
    """Return the block in the bytes of its Arrow message. Its columns are views of `data`.

    Raises InvalidDataset if the bytes are no block of this schema and number of examples. Everything that a column
    points at is within the block: whoever wrote it may have meant harm.
    """
    try:
        block = pa.ipc.read_record_batch(pa.py_buffer(data), schema)
        block.validate(full=any(_is_variable(field.type) for field in schema))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InvalidDataset(f"a block can't be read as Arrow: {error}") from None
    if block.num_rows != examples:
        raise InvalidDataset(f"a block has {block.num_rows} examples; expected {examples}")
    for name, column in zip(schema.names, block.columns, strict=True):
        if column.null_count:
            raise InvalidDataset(f"field {name}: {column.null_count} missing values in a block; expected none")
    return block


def _is_variable(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_string(kind) or pa.types.is_list(kind))
