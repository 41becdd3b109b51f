"""Reads CSV and TSV files, plain or compressed, as record batches of types that hold all of their rows."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from assay_trainer.described import bounded, printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.tables.listed import listed

DELIMITERS = {".csv": ",", ".tsv": "\t"}

READ_BYTES = 4 * 2**20
"""So many bytes are parsed at once. A longer row can't be read."""

_MISFIT = re.compile(r"In CSV column #(\d+): (?:Row #(\d+): )?CSV conversion error to \S+: invalid value '(.*)'", re.S)
_WIDER = {"null": pa.int64(), "int64": pa.float64()}
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def csv_types(file: Path, delimiter: str, notes: list[str]) -> pa.Schema:
    """Return the columns of a file, of types that hold all of its rows: of a column that begins with whole numbers,
    which type that is shows only in the end. Raises InvalidSource, or an error of Arrow's that names the row."""
    types: dict[str, pa.DataType] = {}
    texts: list[str] = []
    while True:
        reader = _opened(file, delimiter, types)
        schema = reader.schema
        _check(schema, delimiter)
        try:
            for _ in reader:
                pass
            if texts:
                notes.append(f"text, though numbers are among it: {listed(texts, 3)}")
            return schema
        except pa.ArrowInvalid as error:
            if "invalid UTF8" in str(error):
                raise InvalidSource(f"texts that are not of UTF-8; expected UTF-8 or UTF-16: {error}") from None
            match = _MISFIT.search(str(error))
            if match is None:
                raise
            field = schema.field(int(match[1]))
            types[field.name] = _wider(field.type, match[3])
            if types[field.name] == pa.string() and not pa.types.is_null(field.type):
                row = f" in row {int(match[2]):,}" if match[2] else ""
                texts.append(f"the column {field.name} ({bounded(match[3], 40)!r}{row} is no {field.type})")


def csv_batches(file: Path, delimiter: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file, as `csv_types` has found its columns to be."""
    yield from _opened(file, delimiter, {each.name: each.type for each in schema})


def _opened(file: Path, delimiter: str, types: dict[str, pa.DataType]) -> pa.RecordBatchReader:
    import pyarrow.csv  # only here

    reading = pyarrow.csv.ReadOptions(use_threads=False, block_size=READ_BYTES, encoding=_encoding(file))
    parsing = pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    converting = pyarrow.csv.ConvertOptions(column_types=types)
    return pyarrow.csv.open_csv(file, read_options=reading, parse_options=parsing, convert_options=converting)


def _encoding(file: Path) -> str:
    with pa.input_stream(str(file)) as stream:
        head = stream.read(2)
    return "utf-16" if head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"


def _wider(kind: pa.DataType, value: str) -> pa.DataType:
    wider = _WIDER.get(str(kind), pa.string())
    if wider == pa.string():
        return wider
    try:
        float(value)
    except ValueError:
        return pa.string()
    return wider


def _check(schema: pa.Schema, delimiter: str) -> None:
    for each in schema:
        if pa.types.is_binary(each.type):
            raise InvalidSource(f"column {printable(each.name)}: texts that are not of UTF-8; expected UTF-8 or UTF-16")
    if len(schema) == 1:
        for other, name in _OTHER_DELIMITERS.items():
            if other in schema.names[0] and other != delimiter:
                allowed = "commas (.csv) or tabs (.tsv)"
                raise InvalidSource(
                    f"one column, {bounded(schema.names[0])!r}: its values are separated by {name}; allowed: {allowed}"
                )
