"""Reads the files of a table: each is converted once, to plain types, into a temporary file that is mapped."""

from __future__ import annotations

import errno
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa

from assay_trainer.described import printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.parts import Part
from assay_trainer.shards.tables.csv_files import DELIMITERS, csv_batches, csv_types
from assay_trainer.shards.tables.found_files import LINES, PARQUET, TableFile, suffix_of, table_files
from assay_trainer.shards.tables.hugging_face import is_saved, read_saved
from assay_trainer.shards.tables.json_lines import json_batches
from assay_trainer.shards.tables.listed import listed
from assay_trainer.shards.tables.parquet_files import parquet_batches, parquet_types
from assay_trainer.shards.tables.plain_types import plain_column, plain_type
from assay_trainer.shards.tables.rows import BATCH_BYTES, MappedRows, Rows, held_out_rows, write_rows

_WHOLE = re.compile("0|-?[1-9][0-9]{0,17}")


def read_rows(path: Path, hold_out: Part | None, stack: ExitStack) -> Rows:
    """Return the rows of a table. What is not in Arrow's own format, or not of plain types, is converted once into a
    temporary file that is gone when `stack` is closed. Raises InvalidSource."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="assay-shards-")))
    with readable(path):
        rows = read_saved(path, hold_out, folder) if is_saved(path) else _read_files(path, hold_out, folder)
    if not len(rows.mapped):
        raise InvalidSource(f"{path}: no rows; expected one row or more for each example")
    return rows


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn errors of reading into InvalidSource, which begins with the path."""
    try:
        yield
    except InvalidSource as error:
        said = str(error)
        raise InvalidSource(said if said.startswith(str(path)) else f"{path}: {said}") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InvalidSource(f"{path}: {_said(error)}") from None


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"no space is left in {tempfile.gettempdir()}, where rows are converted and shuffled; TMPDIR names another "
            "folder"
        )
    said = str(error)
    if "straddling object" in said:
        said = f"a row of more than {BATCH_BYTES >> 20} MiB, or a quote that is never closed"
    return f"can't be read as a table: {printable(said)}"


def _read_files(path: Path, hold_out: Part | None, folder: Path) -> Rows:
    notes: list[str] = []
    files = table_files(path, hold_out, notes)
    if not files:
        raise InvalidSource("no files of rows")
    schemas = []
    for file in files:
        with readable(file.path):
            schemas.append(_types(file.path, notes))
    whole = _common(files, schemas)
    values = _types_of_values(files)
    clash = [name for name in values if name in whole.names]
    if clash:
        raise InvalidSource(f"column {clash[0]}: in the files and in the names of their folders; expected it in one")
    schema = pa.schema([*whole, *(pa.field(name, kind) for name, kind in values.items())])
    rows, parts = MappedRows(schema), []
    for number, file in enumerate(files):
        to = folder / f"{number}.arrow"
        with readable(file.path):
            write_rows(to, schema, _converted(file, whole, schema))
            parts.append((rows.add(to), file.held_out))
    found = "Parquet" if suffix_of(files[0].path) in PARQUET else "a table in text"
    return Rows(rows, held_out_rows(parts), found=found, notes=notes)


def _types(file: Path, notes: list[str]) -> pa.Schema:
    """Return the columns of a file, of plain types."""
    suffix = suffix_of(file)
    if suffix in PARQUET:
        found = parquet_types(file)
    elif suffix in LINES:
        found = None
        for batch in json_batches(file):
            found = batch.schema if found is None else _unified([found, batch.schema])
        found = found or pa.schema([])
    else:
        found = csv_types(file, DELIMITERS[suffix], notes)
    if twice := sorted(name for name, times in Counter(found.names).items() if times > 1):
        raise InvalidSource(f"several columns of one name: {listed(twice)}; expected each name once")
    return pa.schema([pa.field(each.name, plain_type(each.type)) for each in found])


def _unified(schemas: Sequence[pa.Schema]) -> pa.Schema:
    try:
        return pa.unify_schemas(list(schemas), promote_options="permissive")
    except pa.ArrowTypeError as error:
        said = str(error).removeprefix("Unable to merge: ").replace("Field ", "column ")
        raise InvalidSource(f"{printable(said)}; expected one type in all rows") from None


def _common(files: Sequence[TableFile], schemas: Sequence[pa.Schema]) -> pa.Schema:
    """Return the columns of all files, of types that hold what each has."""
    first = schemas[0]
    for file, schema in zip(files, schemas, strict=True):
        for one, other, without in ((first, schema, file.path), (schema, first, files[0].path)):
            there = set(other.names)
            if lacks := [name for name in one.names if name not in there]:
                has = file.path if without == files[0].path else files[0].path
                raise InvalidSource(f"{without.name} lacks columns that {has.name} has: {listed(lacks)}")
    found = first
    for file, schema in zip(files, schemas, strict=True):
        with readable(file.path):
            found = _unified([found, schema])
    return found


def _types_of_values(files: Sequence[TableFile]) -> dict[str, pa.DataType]:
    """Return the columns that the names of folders make: of whole numbers, or texts."""
    names = list(files[0].values)
    for file in files:
        if list(file.values) != names:
            raise InvalidSource(f"{file.path}: is in folders of {listed(list(file.values))}; others: {listed(names)}")
    return {
        name: pa.int64() if all(_WHOLE.fullmatch(file.values[name]) for file in files) else pa.string()
        for name in names
    }


def _converted(file: TableFile, within: pa.Schema, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file with all columns of `schema`, of which those of `within` are in the file."""
    suffix = suffix_of(file.path)
    if suffix in PARQUET:
        batches = parquet_batches(file.path, BATCH_BYTES)
    elif suffix in LINES:
        batches = json_batches(file.path)
    else:
        batches = csv_batches(file.path, DELIMITERS[suffix], within)
    for batch in batches:
        columns = [_column(batch, each) for each in within]
        for name in schema.names[len(within) :]:
            value = pa.scalar(file.values[name]).cast(schema.field(name).type)
            columns.append(pa.repeat(value, batch.num_rows))
        yield pa.record_batch(columns, schema=schema)


def _column(batch: pa.RecordBatch, wanted: pa.Field) -> pa.Array:
    place = batch.schema.get_field_index(wanted.name)
    if place < 0:  # of JSON, whose rows may lack what others have
        return pa.nulls(batch.num_rows, wanted.type)
    try:
        return plain_column(batch.column(place), wanted.type)
    except pa.ArrowException as error:
        raise InvalidSource(f"column {printable(wanted.name)}: {printable(str(error))}") from None
