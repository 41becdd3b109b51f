"""Reading a table of recorded runs: from a file or a data frame of any make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from assay.api.errors import InvalidInput, Problem, nearest
from assay.recorded.choice import Choice
from assay.recorded.columns.recognised import meanings_of
from assay.recorded.frames.cleaned import ROW, Frame
from assay.recorded.frames.files import STANDARD_INPUT, frame_of_file
from assay.recorded.frames.memory import frame_in_memory
from assay.recorded.runs.built import table_of
from assay.recorded.table import Table
from assay.recorded.text import listed, quoted
from assay.recorded.values import numbers, texts

__all__ = ["STANDARD_INPUT", "read_file", "read_frame"]

_VALUES_SHOWN = 8


def read_file(path: Path, choice: Choice) -> Table:
    """Read the recorded runs of a file; `-` is the standard input.

    The kinds of files, and what columns may be called, are in docs/tables.md. Raises InvalidInput, which names row,
    column, what was given, what is allowed, and the option that would help.
    """
    place = "standard input" if path == STANDARD_INPUT else str(path)
    return _read(frame_of_file(path), choice, place)


def read_frame(given: Any, choice: Choice, place: str = "the table") -> Table:
    """Read the recorded runs of a data frame, of a mapping of columns, or of rows that are mappings.

    A frame is one of pandas, polars or pyarrow, or whatever has the C stream of Arrow. `place` is what errors call it.
    Raises InvalidInput, as `read_file` does.
    """
    return _read(frame_in_memory(given, place), choice, place)


def _read(frame: Frame, choice: Choice, place: str) -> Table:
    table = frame.table
    for column, value in choice.where.items():
        table = _kept(table, column, value, choice.own("where"), place)
    meanings = meanings_of(table, choice, place)
    return table_of(table, meanings, choice, frame.said, place)


def _kept(table: pl.DataFrame, column: str, value: str, option: str, place: str) -> pl.DataFrame:
    names = [name for name in table.columns if name != ROW]
    if column not in names:
        allowed = f"a column of the table: {listed(names)}"
        raise InvalidInput([Problem(place, option, quoted(column), allowed, nearest(column, names))])
    cells = texts(table[column])
    kept = table.filter(cells == value)
    if kept.is_empty():
        wanted, have = numbers(pl.Series([value])).values[0], numbers(table[column])
        kept = table.filter(have.values == wanted) if wanted is not None and not have.wrong.any() else kept
    if kept.is_empty():
        values = sorted(cells.drop_nulls().unique().to_list())
        many = f"one of the column's {len(values)} values, such as {listed(values[:_VALUES_SHOWN], ',')}"
        allowed = listed(values) if len(values) <= _VALUES_SHOWN else many
        raise InvalidInput([Problem(place, f"{option} {column}", quoted(value), allowed, nearest(value, values))])
    return kept
