"""A frame with names that can be printed and told apart, without what is empty."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from assay.api.errors import InvalidInput, Problem
from assay.recorded.frames import limits
from assay.recorded.text import printable

ROW = "\0row"
"""The column with the number of each row, from 1: no column of a table is called so."""
_LONGEST_NAME = 500


class Frame(NamedTuple):
    """A table: its columns as they are called there, and `ROW`."""

    table: pl.DataFrame
    said: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """The names of the table's own columns."""
        return [name for name in self.table.columns if name != ROW]


def cleaned(table: pl.DataFrame, said: tuple[str, ...], place: str) -> Frame:
    """Number the rows, drop those without any cell, and name the columns. Raises InvalidInput."""
    limits.check_shape(table.height, table.width, place)
    table = _named(_flat(table))
    names = table.columns
    table = table.with_row_index(ROW, 1)
    texts = [name for name, kind in table.schema.items() if kind == pl.String]
    table = table.with_columns(pl.col(texts).str.strip_chars().replace("", None)) if texts else table
    table = table.filter(~pl.all_horizontal(pl.col(names).is_null())) if names else table
    if table.is_empty() or not names:
        raise InvalidInput([Problem(place, "", "a table without rows", "a row per recorded run")])
    unnamed = [name for name in names if not name or name.startswith("column_")]
    unnamed = [name for name in unnamed if table[name].null_count() == table.height]
    return Frame(table.drop(unnamed), said)


def _flat(table: pl.DataFrame) -> pl.DataFrame:
    """Return the table with structures as columns of their own, and without lists, which no meaning has."""
    for _ in range(4):
        structures = [name for name, kind in table.schema.items() if isinstance(kind, pl.Struct)]
        if not structures:
            break
        table = table.with_columns(
            table[name].struct.rename_fields([f"{name}.{field.name}" for field in table.schema[name].fields])  # type: ignore[attr-defined]
            for name in structures
        ).unnest(structures)
    kept = [name for name, kind in table.schema.items() if not (kind.is_nested() or kind in (pl.Binary, pl.Object))]
    return table.select(kept).with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))


def _named(table: pl.DataFrame) -> pl.DataFrame:
    """Return the table with printable names, each once."""
    names: dict[str, None] = {}
    for given in table.columns:
        own = " ".join(printable(given).split())[:_LONGEST_NAME]
        name, number = own, 2
        while name in names:
            name, number = f"{own} ({number})", number + 1
        names[name] = None
    return table.rename(dict(zip(table.columns, names, strict=True)))
