"""Reads Parquet files as record batches, a few MiB at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

_MOST_ROWS = 2048
_BUFFER_BYTES = 2**17


def parquet_types(file: Path) -> pa.Schema:
    """Return the columns of a file."""
    import pyarrow.parquet  # only here

    return pyarrow.parquet.read_schema(file).remove_metadata()


def parquet_batches(file: Path, batch_bytes: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file in batches of about `batch_bytes`."""
    import pyarrow.parquet  # only here

    # Else all of a group of rows is read before its first rows are there, and a file may be one such group.
    with pyarrow.parquet.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER_BYTES) as opened:
        found = opened.metadata
        size = sum(found.row_group(place).total_byte_size for place in range(found.num_row_groups))
        rows = batch_bytes * found.num_rows // max(1, size)
        yield from opened.iter_batches(int(min(max(1, rows), _MOST_ROWS)), use_threads=False)
