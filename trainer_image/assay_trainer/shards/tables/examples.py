"""The rows of a table as examples that are read in any order."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay_trainer.contract import DataField
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import Findings
from assay_trainer.shards.sources.image_files import ImageOptions, UsableImages, usable_images
from assay_trainer.shards.sources.parts import Part, part_of
from assay_trainer.shards.tables.cells import cells, holds_images
from assay_trainer.shards.tables.fields import columns, field_of, label_column, names_of, stored
from assay_trainer.shards.tables.files import Rows, read_rows


@dataclass(frozen=True)
class TableOptions:
    """What the user says of a table's columns."""

    label: str | None = None
    """The column with the class; None: one of the usual names, if there is one."""
    target: str | None = None
    """A column that is a number, though its name is a usual one of a class."""
    split_column: str | None = None
    """The column that says whether a row is held out: train, test, validation, …"""
    group_by: str | None = None
    """Rows with the same value in this column stay in one split."""


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
    _rows: NDArray[np.int64] = field(repr=False)
    """(n,): the places of the rows among all."""
    _coded: frozenset[str] = field(repr=False)
    """The classes that are places of names already."""
    _batches: list[pa.RecordBatch] = field(repr=False)
    _places: dict[str, int] = field(repr=False)
    _firsts: NDArray[np.int64] = field(repr=False)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; one if there is no class."""
        return self.fields[self.label].names if self.label else ("row",)

    def read(self, indices: NDArray[np.int64]) -> dict[str, pa.Array | NDArray[Any]]:
        """Return the values of these rows, by field, in the order of the indices; of all fields but the image."""
        indices = self._rows[indices]
        batch_of = np.searchsorted(self._firsts, indices, "right") - 1
        order = np.argsort(batch_of, kind="stable")
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        parts: list[pa.RecordBatch] = []
        for batch in np.unique(batch_of):
            local = indices[order][batch_of[order] == batch] - self._firsts[batch]
            parts.append(self._batches[batch].take(pa.array(local)))
        found: dict[str, pa.Array | NDArray[Any]] = {}
        for name, place in self._places.items():
            column = pa.concat_arrays([each.column(place) for each in parts]).take(pa.array(back))
            found[name] = stored(column, self.fields[name], coded=name in self._coded)
        return found


def open_examples(
    path: Path, options: TableOptions, images: ImageOptions, hold_out: Part | None, stack: ExitStack
) -> TableExamples:
    """Open a table as examples. Raises InvalidSource, with the column that is at fault."""
    rows = read_rows(path, hold_out, stack)
    rows.batches[:], held = _filled(rows)
    if not rows.batches:
        raise InvalidSource(f"{path}: no rows; expected one row or more for each example")
    try:
        return _understood(path, rows, held, options, images)
    except InvalidSource as error:
        raise InvalidSource(f"{path}: {error}") from None
    except (pa.ArrowException, ValueError) as error:
        raise InvalidSource(f"{path}: can't be read as a table: {error}") from None


def _filled(rows: Rows) -> tuple[list[pa.RecordBatch], list[bool] | None]:
    """Return the batches that have rows, checked to be what they claim: a mapped file may be anybody's."""
    kept = [place for place, batch in enumerate(rows.batches) if batch.num_rows]
    for place in kept:
        rows.batches[place].validate(full=True)
    return [rows.batches[place] for place in kept], (
        None if rows.held_out is None else [rows.held_out[place] for place in kept]
    )


def _understood(
    path: Path, rows: Rows, held: list[bool] | None, options: TableOptions, images: ImageOptions
) -> TableExamples:
    names = rows.schema.names
    if len(set(names)) < len(names):
        raise InvalidSource("several columns of one name; expected each name once")
    label = label_column(rows.schema, options.label, options.target)
    aside = {each for each in (options.split_column, options.group_by) if each}
    for each in aside - set(names):
        raise InvalidSource(f"column {each}: no such column; allowed: {', '.join(names[:50])}")
    fields: dict[str, DataField] = {}
    findings = Findings()
    notes = findings.notes
    notes += rows.notes
    image: tuple[str, UsableImages] | None = None
    for place, name in enumerate(names):
        if name in aside and name != label:
            continue
        if image is None and name != label and holds_images(rows.batches, place):
            image = name, usable_images(cells(path, name, rows.batches, place), images, findings)
            continue
        found = field_of(name, rows.batches, place, is_label=name == label, feature=rows.features.get(name))
        if found is None:
            notes.append(f"the column {name} is left out: {rows.schema.field(name).type} is no type of a field")
            continue
        fields[name] = found
    if not fields and image is None:
        raise InvalidSource(f"no column that can be a field; found {', '.join(names[:50])}")
    notes.append("fields: " + ", ".join(f"{name} is {_said(each)}" for name, each in fields.items()))
    if image is not None:
        notes[-1] = notes[-1].replace("fields: ", f"fields: {image[0]} is an image, ").removesuffix(", ")
    counts = [batch.num_rows for batch in rows.batches]
    places = {name: names.index(name) for name in fields}
    coded = frozenset({label} if label is not None and names_of(rows.features.get(label)) else ())
    labels = np.zeros(sum(counts), np.int64)
    if label is not None:
        labels = np.concatenate(
            [stored(each, fields[label], coded=label in coded) for each in columns(rows.batches, places[label])]
        )
    held_out = None if held is None else np.repeat(np.array(held), counts)
    if options.split_column is not None:
        held_out, unused = _by_column(rows.batches, names.index(options.split_column))
        if unused:
            raise InvalidSource(f"column {options.split_column}: {unused}")
    groups = None
    if options.group_by is not None:
        groups = _codes(rows.batches, names.index(options.group_by))
    kept = np.arange(len(labels)) if image is None else image[1].kept
    return TableExamples(
        fields,
        label,
        labels[kept],
        None if held_out is None else held_out[kept],
        None if groups is None else groups[kept],
        rows.found,
        findings,
        image,
        kept,
        coded,
        rows.batches,
        places,
        np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64),
    )


def _said(each: DataField) -> str:
    if each.kind == "class":
        return f"a class of {len(each.names)}"
    if each.type is None:
        return each.kind
    shape = "of any length" if each.shape is None else "x".join(map(str, each.shape))
    return f"{each.kind} ({each.type}{' ' + shape if shape else ''})"


def _by_column(batches: Sequence[pa.RecordBatch], place: int) -> tuple[NDArray[np.bool_], str]:
    held: list[bool] = []
    for column in columns(batches, place):
        if pa.types.is_boolean(column.type):
            held += column.to_pylist()
            continue
        for value in column.cast(pa.string()).to_pylist():
            part = part_of(value or "")
            if part is None:
                return np.zeros(
                    0, bool
                ), f"{value!r}; allowed: train, test, validation, or truth values of being held out"
            held.append(part is not Part.TRAIN)
    return np.array(held, bool), ""


def _codes(batches: Sequence[pa.RecordBatch], place: int) -> NDArray[np.int64]:
    whole = pa.chunked_array(list(columns(batches, place)))
    encoded = pc.dictionary_encode(whole, null_encoding="encode").unify_dictionaries()
    return np.concatenate([each.indices.to_numpy().astype(np.int64) for each in encoded.chunks])
