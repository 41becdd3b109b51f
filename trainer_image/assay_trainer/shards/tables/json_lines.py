"""Reads JSON lines, plain or compressed: an object to a line, which becomes a row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.tables.json_limits import check_parseable

READ_BYTES = 4 * 2**20
"""So many bytes of lines are parsed at once."""

MOST_LINE_BYTES = 256 * 2**20

_ROW = re.compile(r"in row (\d+)")


def json_batches(file: Path) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file, in batches each of which has the columns that its own rows have. Raises InvalidSource
    with the line that is no such object."""
    import pyarrow.json  # only here

    lines = 0
    for block in _blocks(file):
        check_parseable(block)
        options = pyarrow.json.ReadOptions(use_threads=False, block_size=len(block) + 1)
        try:
            table = pyarrow.json.read_json(pa.BufferReader(block), read_options=options)
        except pa.ArrowInvalid as error:
            said = str(error).removeprefix("JSON parse error: ")
            if match := _ROW.search(said):
                said = f"{said[: match.start()]}in line {lines + int(match[1]) + 1:,}"
            else:
                said += f" in the lines from {lines + 1:,} on"
            raise InvalidSource(f"can't be read as a table of JSON objects, one to a line: {said}") from None
        lines += block.count(b"\n")
        yield from table.combine_chunks().to_batches()


def _blocks(file: Path) -> Iterator[bytes]:
    """Yield the file in blocks of whole lines."""
    rest = b""
    with pa.input_stream(str(file)) as stream:
        while data := stream.read(READ_BYTES):
            end = data.rfind(b"\n") + 1
            if not end:
                rest += data
                if len(rest) > MOST_LINE_BYTES:
                    raise InvalidSource(f"a line of more than {MOST_LINE_BYTES >> 20} MiB; expected an object")
                continue
            yield rest + data[:end]
            rest = data[end:]
    if rest.strip():
        yield rest
