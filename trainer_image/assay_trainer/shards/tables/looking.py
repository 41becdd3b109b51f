"""Looks through all rows of a table once, to tell what its columns are, and which rows can't be used."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from assay_trainer.described import printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.tables.cells import holds_images
from assay_trainer.shards.tables.columns import Column, Lists, Number
from assay_trainer.shards.tables.fields import TableOptions, column_of, label_column, seems_a_class
from assay_trainer.shards.tables.listed import listed
from assay_trainer.shards.tables.rows import Rows

_FEW = 5
_INDEX_OF_PANDAS = re.compile(r"(?:__index_level_\d+__)?")


@dataclass(frozen=True)
class Looked:
    """What the columns of a table are."""

    label: str | None
    image: str | None
    """The column of image files."""
    columns: Mapping[str, Column]
    """What becomes a field, but for the image."""
    bytes: Mapping[str, int]
    """The bytes of each of these columns, of all rows."""


def look(rows: Rows, options: TableOptions, notes: list[str]) -> Looked:
    """Return what the columns are; what is left out, and how the rest was understood, is added to the notes. Raises
    InvalidSource for missing values, and for columns that can't be what they should."""
    schema = rows.mapped.schema
    label = label_column(schema, options)
    if label is None and (seems := seems_a_class(schema, options)) is not None:
        notes.append(seems)
    aside = {each for each in (options.split_column, options.group_by) if each and each != label}
    image: str | None = None
    first = next(rows.mapped.batches())
    columns: dict[str, Column] = {}
    others: dict[str, list[str]] = {}
    for place, each in enumerate(schema):
        if each.name in aside:
            continue
        if each.name != label and _INDEX_OF_PANDAS.fullmatch(each.name):
            notes.append(f"the column {each.name!r} is left out: an index of pandas, or a column without a name")
            continue
        if image is None and each.name != label and holds_images(first, place):
            image = each.name
            continue
        column = column_of(each.name, each.type, rows.features.get(each.name), options, label)
        if each.name == options.target and not isinstance(column, Lists | Number):
            raise InvalidSource(f"--target {printable(each.name)}: {each.type}; allowed: numbers, and lists of them")
        if column is None:
            others.setdefault(str(each.type), []).append(each.name)
        else:
            columns[each.name] = column
    _note_left_out(others, notes)
    if not columns and image is None:
        raise InvalidSource(f"no column that can be a field; found {listed(schema.names)}")
    return Looked(label, image, columns, _look_through(rows, columns, options.target, notes))


def _look_through(rows: Rows, columns: Mapping[str, Column], target: str | None, notes: list[str]) -> Mapping[str, int]:
    """Show each column all of its values, and return the bytes of each."""
    sizes = dict.fromkeys(columns, 0)
    missing, endless = _Counted(), _Counted()
    before = 0
    for batch in rows.mapped.batches():
        batch.validate(full=True)  # a mapped file may be anybody's
        for name, column in columns.items():
            values = batch.column(name)
            sizes[name] += values.nbytes
            if values.null_count:
                missing.add(name, pc.is_null(values), before)
                continue
            column.add(values)
            if pa.types.is_floating(values.type):
                endless.add(name, pc.invert(pc.is_finite(values)), before)
        before += batch.num_rows
    for name in columns:
        if name in missing.rows:
            raise InvalidSource(
                f"column {printable(name)}: {missing.said(name, 'lack a value')}; expected one in each: fill or drop "
                "them first"
            )
    if target is not None and target in endless.rows:
        said = endless.said(target, "have NaN or infinity")
        raise InvalidSource(f"column {printable(target)}: {said}; expected numbers of a target")
    if endless.rows:
        counted = [f"{name} ({count:,} rows)" for name, count in endless.rows.items()]
        notes.append(f"columns with NaN or infinity: {listed(counted, _FEW)}")
    return sizes


class _Counted:
    """Rows with something, counted by column, and the first of them."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self._first: dict[str, int] = {}

    def add(self, name: str, found: pa.Array, before: int) -> None:
        """Take in which of the next rows have it; `before` are those that came earlier."""
        if count := found.true_count:
            self.rows[name] = self.rows.get(name, 0) + count
            self._first.setdefault(name, before + pc.index(found, True).as_py())

    def said(self, name: str, what: str) -> str:
        """Return how many rows of a column are so, and which is the first, counted from 0."""
        return f"{self.rows[name]:,} rows {what}, the first of them row {self._first[name]:,}"


def _note_left_out(others: Mapping[str, Sequence[str]], notes: list[str]) -> None:
    for kind, names in others.items():
        who = f"the column {names[0]} is" if len(names) == 1 else f"the columns {listed(names, _FEW)} are"
        hint = f" (--labels {printable(names[0])} makes it a multi-label)" if kind == "list<item: string>" else ""
        notes.append(f"{printable(who)} left out: {printable(kind)} is no type of a field{hint}")
