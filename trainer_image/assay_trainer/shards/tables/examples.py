"""The rows of a table as examples that are read in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay_trainer.contract import DataField
from assay_trainer.described import described, printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import Findings
from assay_trainer.shards.sources.image_files import ImageOptions, UsableImages, usable_images
from assay_trainer.shards.sources.parts import Part, part_of
from assay_trainer.shards.tables.cells import cells
from assay_trainer.shards.tables.fields import TableOptions, check_columns, names_of, names_of_labels
from assay_trainer.shards.tables.files import read_rows, readable
from assay_trainer.shards.tables.listed import listed
from assay_trainer.shards.tables.looking import Looked, look
from assay_trainer.shards.tables.ordered import OrderedRows
from assay_trainer.shards.tables.packing import Packing, Values
from assay_trainer.shards.tables.rows import MappedRows, Rows
from assay_trainer.shards.tables.values import Stored

_FIELDS_SHOWN = 12


@dataclass(frozen=True)
class TableExamples:
    """Rows of a table, in the order of its files."""

    fields: dict[str, DataField]
    label: str | None
    labels: NDArray[np.int64]
    """(n,): the class of each row; all 0 if there is none."""
    held_out: NDArray[np.bool_] | None
    groups: NDArray[np.int64] | None
    found: str
    findings: Findings
    image: tuple[str, UsableImages] | None
    """The column of image files, and its images; None if there is none. Rows whose image is left out are not there."""
    _kept: NDArray[np.int64] = field(repr=False)
    """(n,): the places of the rows among all."""
    _mapped: MappedRows = field(repr=False)
    _stored: dict[str, Stored] = field(repr=False)
    _row_bytes: float = field(repr=False)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; one if there is no class."""
        return self.fields[self.label].names if self.label else ("row",)

    @contextmanager
    def in_order(self, indices: NDArray[np.int64]) -> Iterator[Callable[[NDArray[np.int64]], Values]]:
        """Give a function that returns the values of some of these rows by field, but for the image. It is fast, and
        takes little memory, if it is called for the rows in the order of `indices`, a few hundred at a time."""
        with OrderedRows(self._mapped, self._stored, self._kept[indices], self._row_bytes) as ordered:
            yield lambda chosen: ordered.values(self._kept[chosen])


def open_examples(
    path: Path, options: TableOptions, images: ImageOptions, hold_out: Part | None, stack: ExitStack
) -> TableExamples:
    """Open a table as examples. Raises InvalidSource, with the column that is at fault."""
    rows = read_rows(path, hold_out, stack)
    with readable(path):
        return _understood(path, rows, options, images)


def _understood(path: Path, rows: Rows, options: TableOptions, images: ImageOptions) -> TableExamples:
    check_columns(rows.mapped.schema, options)
    findings = Findings()
    findings.notes += rows.notes
    looked = look(rows, options, findings.notes)
    fields = {name: column.field() for name, column in looked.columns.items()}
    image: tuple[str, UsableImages] | None = None
    kept = np.arange(len(rows.mapped))
    if looked.image is not None:
        place = rows.mapped.schema.get_field_index(looked.image)
        image = looked.image, usable_images(cells(path, looked.image, rows.mapped, place), images, findings)
        kept = image[1].kept
    said = [f"{name} is {_said(each)}" for name, each in fields.items()]
    said = [*([f"{looked.image} is an image"] if looked.image else []), *said]
    findings.notes.append(f"fields: {listed(said, _FIELDS_SHOWN)}")
    stored = {name: _stored(name, each, rows, options) for name, each in fields.items()}
    labels, held_out, groups = _of_rows(rows, stored, looked.label, options)
    return TableExamples(
        fields,
        looked.label,
        labels[kept],
        None if held_out is None else held_out[kept],
        None if groups is None else groups[kept],
        rows.found,
        findings,
        image,
        kept,
        rows.mapped,
        stored,
        _row_bytes(looked, stored, len(rows.mapped)),
    )


def _stored(name: str, each: DataField, rows: Rows, options: TableOptions) -> Stored:
    feature = rows.features.get(name)
    named = names_of(feature) if each.kind == "class" else names_of_labels(feature)
    return Stored(each, coded=bool(named), separator=options.labels_separator if name == options.labels else None)


def _row_bytes(looked: Looked, stored: dict[str, Stored], rows: int) -> float:
    packing = Packing(stored)
    return packing.width + sum(looked.bytes[name] for name in packing.of_any_length) / rows


def _of_rows(
    rows: Rows, stored: dict[str, Stored], label: str | None, options: TableOptions
) -> tuple[NDArray[np.int64], NDArray[np.bool_] | None, NDArray[np.int64] | None]:
    """Return what is kept of each row: its class, whether it is held out, and its group."""
    count = len(rows.mapped)
    labels = np.zeros(count, np.int64)
    held_out, groups = rows.held_out, None
    if options.split_column is not None:
        held_out = np.zeros(count, bool)
    if options.group_by is not None:
        groups = np.zeros(count, np.int64)
    codes: dict[Any, int] = {}
    first = 0
    for batch in rows.mapped.batches() if (label, options.split_column, options.group_by) != (None,) * 3 else ():
        here = slice(first, first + batch.num_rows)
        first = here.stop
        if label is not None:
            labels[here] = stored[label](batch.column(label))
        if options.split_column is not None and held_out is not None:
            held_out[here] = _by_value(batch, options.split_column, _is_held_out)
        if options.group_by is not None and groups is not None:
            groups[here] = _by_value(batch, options.group_by, lambda value: codes.setdefault(value, len(codes)))
    return labels, held_out, groups


def _by_value(batch: pa.RecordBatch, name: str, told: Callable[[Any], int]) -> NDArray[np.int64]:
    """Return what is told of each value of a column, asked once for each that differs."""
    column = batch.column(name)
    if pa.types.is_nested(column.type):
        raise InvalidSource(f"column {printable(name)}: {column.type}; expected a text, a number or a truth value")
    encoded = column.dictionary_encode(null_encoding="encode")
    try:
        values = np.array([told(each) for each in encoded.dictionary.to_pylist()], np.int64)
    except InvalidSource as error:
        raise InvalidSource(f"column {printable(name)}: {error}") from None
    return np.asarray(values[encoded.indices.to_numpy(zero_copy_only=False)], np.int64)


def _is_held_out(value: Any) -> int:
    if isinstance(value, bool):
        return value
    part = part_of(str(value))
    if part is None:
        raise InvalidSource(f"{described(value)}; allowed: train, test, validation, or truth values of being held out")
    return part is not Part.TRAIN


def _said(each: DataField) -> str:
    if each.kind == "class":
        return f"a class of {len(each.names)}"
    if each.kind == "multi-label":
        return f"a multi-label of {len(each.names)}"
    if each.type is None:
        return each.kind
    shape = "of any length" if each.shape is None else "x".join(map(str, each.shape))
    return f"{each.kind} ({each.type}{' ' + shape if shape else ''})"
