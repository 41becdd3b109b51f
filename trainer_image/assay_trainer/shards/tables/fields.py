"""Tells what the columns of a table are: classes, numbers, tokens, texts, bytes."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay_trainer.contract import DataField
from assay_trainer.shards.errors import InvalidSource

LABELS = ("label", "labels", "class", "target", "y", "category", "cls", "fine_label")
"""Columns that hold the class, unless the user names another one."""

MOST_CLASSES = 100_000
_FEWEST_OF_A_NUMBER = 2


def label_column(schema: pa.Schema, label: str | None, target: str | None) -> str | None:
    """Return the column with the class: the one that the user names, else one of LABELS that holds whole numbers, truth
    values or texts. Raises InvalidSource for a column that there is not."""
    for each, option in ((label, "--label"), (target, "--target")):
        if each is not None and each not in schema.names:
            near = difflib.get_close_matches(each, schema.names, 1)
            raise InvalidSource(
                f"{option} {each}: no such column; allowed: {', '.join(schema.names[:50])}"
                + (f"; did you mean {near[0]}?" if near else "")
            )
    if label is not None:
        return label
    for name in LABELS:
        if name in schema.names and name != target and _may_be_class(schema.field(name).type):
            return name
    return None


def field_of(
    name: str, batches: Sequence[pa.RecordBatch], place: int, *, is_label: bool, feature: Any
) -> DataField | None:
    """Return what a column holds; None for a column of a type that no field has.

    Raises InvalidSource for missing values and for lists of unequal shape."""
    kind = batches[0].schema.field(place).type
    missing = sum(batch.column(place).null_count for batch in batches)
    if missing:
        raise InvalidSource(
            f"column {name}: {missing:,} rows lack a value; expected one in each: fill or drop them first"
        )
    if is_label:
        return _class(name, batches, place, kind, feature)
    if pa.types.is_boolean(kind):
        return DataField(kind="number", type="bool")
    if (number := _number(kind)) is not None:
        return DataField(kind="number", type=number)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_words(kind):
        return DataField(kind="text")
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return DataField(kind="bytes")
    return _list(name, batches, place, kind)


def stored(column: pa.Array, field: DataField, *, coded: bool = False) -> pa.Array | NDArray[Any]:
    """Return a column's values as they are written: numbers as an array (rows, …), else as Arrow's own.

    With `coded`, a class is already the place of its name."""
    if field.kind == "class" and coded:
        return column.cast(pa.int64()).to_numpy(zero_copy_only=False)
    if field.kind == "class":
        words = column.cast(pa.string()) if not pa.types.is_string(column.type) else column
        places = pc.index_in(words, value_set=pa.array(field.names, pa.string()))
        return places.cast(pa.int64()).to_numpy(zero_copy_only=False)
    if field.kind == "text":
        return column.cast(pa.string())
    if field.kind == "bytes":
        return column.cast(pa.binary())
    if field.shape is None:
        return column.cast(pa.list_(pa.field("item", pa.from_numpy_dtype(np.dtype(field.type)), nullable=False)))
    flat = column
    while _is_list(flat.type):
        flat = flat.flatten()
    dtype = np.uint8 if field.type == "bool" else np.dtype(field.type)
    numbers = flat.to_numpy(zero_copy_only=False).astype(dtype, copy=False)
    return numbers.reshape(len(column), *field.shape)


def _class(name: str, batches: Sequence[pa.RecordBatch], place: int, kind: pa.DataType, feature: Any) -> DataField:
    if not _may_be_class(kind):
        raise InvalidSource(f"column {name}: {kind} as a class; allowed: whole numbers, truth values, texts")
    if names := names_of(feature):
        extremes = [pc.min_max(column).as_py() for column in columns(batches, place)]
        low, high = min(each["min"] for each in extremes), max(each["max"] for each in extremes)
        if low < 0 or high >= len(names):
            raise InvalidSource(f"column {name}: classes {low} to {high}; its names are of 0 to {len(names) - 1}")
        return DataField(kind="class", type="int64", names=names)
    values: set[Any] = set()
    for column in columns(batches, place):
        values.update(pc.unique(column).to_pylist())
        if len(values) > MOST_CLASSES:
            raise InvalidSource(f"column {name}: more than {MOST_CLASSES:,} classes; is it one? --target for a number")
    if len(values) < _FEWEST_OF_A_NUMBER:
        raise InvalidSource(f"column {name}: {len(values)} classes; expected two or more")
    return DataField(kind="class", type="int64", names=tuple(_written(each) for each in sorted(values)))


def names_of(feature: Any) -> tuple[str, ...]:
    """Return the names of the classes that a data set of Hugging Face gives a column; none if it gives none."""
    found = feature.get("names") if isinstance(feature, dict) else None
    if not isinstance(found, list) or len(found) < _FEWEST_OF_A_NUMBER:
        return ()
    return tuple(found) if all(isinstance(each, str) for each in found) else ()


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list(name: str, batches: Sequence[pa.RecordBatch], place: int, kind: pa.DataType) -> DataField | None:
    depth, inner = 0, kind
    while _is_list(inner):
        depth, inner = depth + 1, inner.value_type
    number = "bool" if pa.types.is_boolean(inner) else _number(inner)
    if not depth or number is None:
        return None
    shape: tuple[int, ...] | None = None
    for column in columns(batches, place):
        found = _shape(column, depth)
        if found is None or (shape is not None and found != shape):
            if depth > 1:
                raise InvalidSource(f"column {name}: lists of unequal lengths in lists; expected one shape in all rows")
            shape = None
            break
        shape = found
    if _lacks_numbers(batches, place):
        raise InvalidSource(f"column {name}: lists with missing values; expected numbers")
    whole = number.startswith(("int", "uint"))
    return DataField(kind="tokens" if whole and depth == 1 else "number", type=number, shape=shape)


def _shape(column: pa.Array, depth: int) -> tuple[int, ...] | None:
    """Return the shape of all rows' lists; None if they differ, or are empty."""
    shape = []
    for _ in range(depth):
        lengths = pc.list_value_length(column)
        low, high = pc.min_max(lengths).as_py().values()
        if low != high or not low:
            return None
        shape.append(int(low))
        column = column.flatten()
    return tuple(shape)


def _lacks_numbers(batches: Sequence[pa.RecordBatch], place: int) -> bool:
    for column in columns(batches, place):
        while _is_list(column.type):
            if column.null_count:
                return True
            column = column.flatten()
        if column.null_count:
            return True
    return False


def columns(batches: Sequence[pa.RecordBatch], place: int) -> Iterator[pa.Array]:
    """Yield a column, batch by batch."""
    return (batch.column(place) for batch in batches if batch.num_rows)


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _is_words(kind: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type))


def _may_be_class(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_string(kind)
        or _is_words(kind)
        or pa.types.is_large_string(kind)
    )


def _number(kind: pa.DataType) -> str | None:
    known = pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind)
    return np.dtype(kind.to_pandas_dtype()).name if known else None
