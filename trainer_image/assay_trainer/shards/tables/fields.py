"""Tells what the columns of a table are: classes, labels, numbers, tokens, texts, bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from assay_trainer.contract import DataField
from assay_trainer.described import printable
from assay_trainer.nearest import did_you_mean
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.tables.columns import Class, Column, Lists, MultiLabel, Number, Plain
from assay_trainer.shards.tables.listed import listed

LABELS = ("label", "labels", "class", "target", "y", "category", "cls", "fine_label")
"""Columns that hold the class, unless the user names another one."""

_ALSO_NUMBERS = ("target", "y")
"""Those of the usual names that as often name a number that is to be predicted."""

_FEWEST_CLASSES = 2


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
    labels: str | None = None
    """A column with any number of labels in a row."""
    labels_separator: str | None = None
    """What stands between the labels, where they are a text."""


def check_columns(schema: pa.Schema, options: TableOptions) -> None:
    """Raise InvalidSource if the options name a column that there is not, or one that can't be what they say."""
    for option, name in (
        ("--label", options.label),
        ("--labels", options.labels),
        ("--target", options.target),
        ("--split-column", options.split_column),
        ("--group-by", options.group_by),
    ):
        if name is not None and name not in schema.names:
            near = did_you_mean(name, schema.names)
            raise InvalidSource(f"{option} {name}: no such column; allowed: {listed(schema.names)}{near}")
    if options.labels is None:
        if options.labels_separator is not None:
            raise InvalidSource("--labels-separator is of the column that --labels names; expected --labels COLUMN")
        return
    if options.labels in (options.label, options.target, options.split_column, options.group_by):
        raise InvalidSource(f"--labels {options.labels}: another option has this column; expected one of its own")
    if options.labels_separator == "":
        raise InvalidSource("--labels-separator is empty; expected what stands between two labels, such as ,")
    kind = schema.field(options.labels).type
    text = pa.types.is_string(kind)
    if text and options.labels_separator is None:
        raise InvalidSource(
            f"--labels {options.labels}: texts; --labels-separator has to say what stands between two labels"
        )
    inner = kind.value_type if _is_list(kind) else None
    if not text and (inner is None or not (pa.types.is_string(inner) or pa.types.is_integer(inner))):
        raise InvalidSource(
            f"--labels {options.labels}: {kind}; allowed: lists of texts or whole numbers, texts with a separator"
        )
    if not text and options.labels_separator is not None:
        raise InvalidSource(f"--labels-separator: the column {options.labels} has lists; allowed: a column of texts")


def label_column(schema: pa.Schema, options: TableOptions) -> str | None:
    """Return the column with the class: the one that the user names, else one of LABELS that holds whole numbers, truth
    values or texts."""
    if options.label is not None:
        return options.label
    taken = (options.target, options.labels, options.split_column, options.group_by)
    for name in LABELS:
        if name in schema.names and name not in taken and _may_be_class(schema.field(name).type):
            return name
    return None


def seems_a_class(schema: pa.Schema, options: TableOptions) -> str | None:
    """Return a sentence on a column that is named as a class and is none; None if there is none such."""
    if options.target is not None or options.labels is not None:
        return None
    for each in schema:
        usual = each.name.strip().lower()
        if usual in LABELS and usual not in _ALSO_NUMBERS and each.name not in (options.split_column, options.group_by):
            why = "by another spelling" if _may_be_class(each.type) else f"of type {each.type}"
            return (
                f"the column {each.name!r} ({why}) is not taken for the class of a row, so there is none; "
                "whole numbers, truth values and texts may be one, which --label names"
            )
    return None


def column_of(name: str, kind: pa.DataType, feature: Any, options: TableOptions, label: str | None) -> Column | None:
    """Return what finds out about a column of a plain type; None for a type that no field has. Raises InvalidSource
    for a class that can't be one."""
    if name == label:
        if not _may_be_class(kind):
            raise InvalidSource(
                f"column {printable(name)}: {kind} as a class; allowed: whole numbers, truth values, texts"
            )
        return Class(name, names_of(feature))
    names = names_of_labels(feature) if _is_list(kind) else ()
    if name == options.labels or (names and pa.types.is_integer(kind.value_type)):
        return MultiLabel(name, names, options.labels_separator if name == options.labels else None)
    if pa.types.is_boolean(kind):
        return Number(DataField(kind="number", type="bool"))
    if (number := _number(kind)) is not None:
        return Number(DataField(kind="number", type=number))
    if pa.types.is_string(kind):
        return Plain(DataField(kind="text"))
    if pa.types.is_binary(kind):
        return Plain(DataField(kind="bytes"))
    depth, inner = 0, kind
    while _is_list(inner):
        depth, inner = depth + 1, inner.value_type
    number = "bool" if pa.types.is_boolean(inner) else _number(inner)
    return Lists(name, number, depth) if depth and number is not None else None


def names_of(feature: Any) -> tuple[str, ...]:
    """Return the names of the classes that a data set of Hugging Face gives a column; none if it gives none."""
    found = feature.get("names") if isinstance(feature, dict) else None
    if not isinstance(found, list) or len(found) < _FEWEST_CLASSES:
        return ()
    return tuple(found) if all(isinstance(each, str) for each in found) else ()


def names_of_labels(feature: Any) -> tuple[str, ...]:
    """Return the names that a data set of Hugging Face gives the labels in lists; none if it gives none."""
    return names_of(_inner(feature))


def _inner(feature: Any) -> Any:
    """Return what Hugging Face says of the values in lists: `Sequence(ClassLabel)`, or a list with one entry."""
    if isinstance(feature, Mapping):
        return feature.get("feature")
    return feature[0] if isinstance(feature, list) and len(feature) == 1 else None


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind))


def _may_be_class(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_string(kind))


def _number(kind: pa.DataType) -> str | None:
    known = pa.types.is_integer(kind) or pa.types.is_float32(kind) or pa.types.is_float64(kind)
    return np.dtype(kind.to_pandas_dtype()).name if known else None
