"""Looks at a column batch by batch, and tells in the end which field it is."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay_trainer.contract import DataField
from assay_trainer.described import bounded, printable
from assay_trainer.shards.errors import InvalidSource

MOST_CLASSES = 100_000
MOST_LABELS = 10_000
"""The most names of a multi-label, each of which is a byte in every example."""

_FEWEST_CLASSES = 2


class Column(Protocol):
    """What is found out about a column."""

    def add(self, values: pa.Array) -> None:
        """Look at the values of the next rows, none of which is missing. Raises InvalidSource."""
        ...

    def field(self) -> DataField:
        """Return what the column holds, when all rows were seen. Raises InvalidSource."""
        ...


class Plain:
    """A column whose type says all."""

    def __init__(self, field: DataField) -> None:
        self._field = field

    def add(self, values: pa.Array) -> None:
        pass

    def field(self) -> DataField:
        return self._field


class Number(Plain):
    """A number, or a truth value."""


class Class:
    """A class: whole numbers, truth values or texts. With `names`, the values are places of them."""

    def __init__(self, name: str, names: tuple[str, ...]) -> None:
        self._name, self._names = printable(name), names
        self._values: set[Any] = set()

    def add(self, values: pa.Array) -> None:
        self._values.update(pc.unique(values).to_pylist())
        if len(self._values) > MOST_CLASSES:
            raise InvalidSource(
                f"column {self._name}: more than {MOST_CLASSES:,} classes; is it one? --target for a number"
            )

    def field(self) -> DataField:
        if self._names:
            _check_places(self._name, self._values, self._names, "classes")
            return DataField(kind="class", type="int64", names=self._names)
        if len(self._values) < _FEWEST_CLASSES:
            raise InvalidSource(f"column {self._name}: {len(self._values)} classes; expected two or more")
        names = tuple(written(each) for each in sorted(self._values))
        if odd := next((each for each in names if not each.isprintable()), None):
            raise InvalidSource(
                f"column {self._name}: the class {bounded(odd)!r}; expected names that can be printed: is a quote "
                "never closed?"
            )
        return DataField(kind="class", type="int64", names=names)


class MultiLabel:
    """Any number of labels to a row: lists of texts or whole numbers, or a text in which a separator stands between
    them. With `names`, the values are places of them."""

    def __init__(self, name: str, names: tuple[str, ...], separator: str | None) -> None:
        self._name, self._names, self._separator = printable(name), names, separator
        self._values: set[Any] = set()

    def add(self, values: pa.Array) -> None:
        flat = labels_in(values, self._separator).flatten()
        if flat.null_count:
            raise InvalidSource(
                f"column {self._name}: {flat.null_count:,} labels are missing in lists; expected texts or numbers"
            )
        self._values.update(pc.unique(flat).to_pylist())
        if len(self._values) > MOST_LABELS:
            raise InvalidSource(f"column {self._name}: more than {MOST_LABELS:,} labels; allowed: 2 to {MOST_LABELS:,}")

    def field(self) -> DataField:
        names = self._names
        if names:
            _check_places(self._name, self._values, names, "labels")
        else:
            if len(self._values) < _FEWEST_CLASSES:
                hint = ": --labels-separator says what stands between them" if self._separator is None else ""
                raise InvalidSource(f"column {self._name}: {len(self._values)} labels; expected two or more{hint}")
            names = tuple(written(each) for each in sorted(self._values))
        return DataField(kind="multi-label", type="uint8", shape=(len(names),), names=names)


class Lists:
    """Lists of numbers, or lists of such lists."""

    def __init__(self, name: str, number: str, depth: int) -> None:
        self._name, self._number, self._depth = printable(name), number, depth
        self._shape: tuple[int, ...] | None = None
        self._seen = self._differs = False

    def add(self, values: pa.Array) -> None:
        shape = None if self._differs else _shape(values, self._depth)
        if not self._seen:
            self._seen, self._shape = True, shape
        self._differs = shape is None or shape != self._shape
        if self._differs and self._depth > 1:
            raise InvalidSource(
                f"column {self._name}: lists of unequal lengths in lists; expected one shape in all rows"
            )
        for _ in range(self._depth):
            values = values.flatten()
            if values.null_count:
                raise InvalidSource(f"column {self._name}: lists with missing values; expected numbers")

    def field(self) -> DataField:
        whole = self._number.startswith(("int", "uint")) and self._depth == 1
        shape = None if self._differs else self._shape
        return DataField(kind="tokens" if whole else "number", type=np.dtype(self._number).name, shape=shape)


def labels_in(values: pa.Array, separator: str | None) -> pa.Array:
    """Return the labels of each row as lists. Spaces around the labels of a separated text do not count, nor does what
    is empty between two separators."""
    if separator is None:
        return values
    lists = pc.split_pattern(values, separator)
    flat = pc.utf8_trim_whitespace(lists.flatten())
    kept = pc.not_equal(flat, "")
    rows = pc.list_parent_indices(lists).filter(kept).to_numpy()
    ends = np.cumsum(np.bincount(rows, minlength=len(values)))
    return pa.ListArray.from_arrays(np.concatenate([[0], ends]).astype(np.int32), flat.filter(kept))


def written(value: Any) -> str:
    """Return the name of a class or a label."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_places(name: str, values: set[Any], names: tuple[str, ...], what: str) -> None:
    if values and (min(values) < 0 or max(values) >= len(names)):
        raise InvalidSource(
            f"column {name}: {what} {min(values)} to {max(values)}; its names are of 0 to {len(names) - 1}"
        )


def _shape(column: pa.Array, depth: int) -> tuple[int, ...] | None:
    """Return the shape of all rows' lists; None if they differ, or are empty."""
    shape = []
    for _ in range(depth):
        low, high = pc.min_max(pc.list_value_length(column)).as_py().values()
        if low != high or not low:
            return None
        shape.append(int(low))
        column = column.flatten()
    return tuple(shape)
