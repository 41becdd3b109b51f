"""Tables in text: a line per row, cells apart by commas, semicolons, tabs or |."""

from __future__ import annotations

import csv
import io
import re

import polars as pl

from assay.api.errors import InvalidInput, Problem
from assay.recorded.frames import limits
from assay.recorded.text import quoted

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "|"}
_ROW_ASKED = re.compile(rb"\Asep=(.)\r?\n")


def delimited(text: bytes, place: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the table with all cells as text, and what is to be said of its reading. Raises InvalidInput."""
    text = text.lstrip(b"\r\n \t") if text[:1] in b"\r\n " else text
    asked = _ROW_ASKED.match(text)  # as Excel may begin a file
    text = text[asked.end() :] if asked else text
    header = text[: limits.HEADER + 1].partition(b"\n")[0]
    if not header.strip():
        raise InvalidInput([Problem(place, "", "an empty file", "a line with the names of columns, and a row per run")])
    if len(header) > limits.HEADER:
        raise limits.too_large(place, "a first line of more than 4 MiB", "a line with the names of columns")
    separator = asked[1].decode("latin-1") if asked else separator_of(header.decode())
    limits.check_shape(text.rstrip().count(b"\n"), header.count(separator.encode()) + 1, place)
    try:
        frame = pl.read_csv(io.BytesIO(text), separator=separator, infer_schema=False)
    except pl.exceptions.ComputeError:
        _check_lengths(text, separator, place)
        raise
    if frame.width == 1 and not asked:
        given = f"a table of one column, {quoted(frame.columns[0])}"
        raise InvalidInput([Problem(place, "", given, "columns apart by commas, semicolons, tabs or |")])
    return frame, () if separator == "," else (f"Its columns are apart by {SEPARATORS.get(separator, separator)}.",)


def separator_of(header: str) -> str:
    """Return what is between the names of columns: what occurs most, outside quotes."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=bare.count)


def _check_lengths(text: bytes, separator: str, place: str) -> None:
    """Raise InvalidInput for the first row with more cells than there are columns."""
    rows = csv.reader(io.StringIO(text.decode(), newline=""), delimiter=separator)
    csv.field_size_limit(1 << 30)
    columns = len(next(rows))
    for number, row in enumerate(rows, 1):
        if len(row) > columns and any(cell.strip() for cell in row[columns:]):
            given = f"{len(row)} cells in row {number}, which begins with {quoted(row[0])}"
            way_out = "a cell that has a separator in it stands in double quotes"
            raise InvalidInput([Problem(place, "", given, f"{columns} cells, one per column; {way_out}")])
