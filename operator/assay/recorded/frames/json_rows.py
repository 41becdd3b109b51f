"""Tables in JSON: an array of objects, an object of columns, or an object per line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from assay.api.errors import InvalidInput, Problem
from assay.recorded.frames import limits
from assay.recorded.frames.columnwise import frame_of_columns
from assay.recorded.text import shortened

_DEEPEST = 4
_ALLOWED = "an array of objects (one per run), an object of columns, or a line with an object per run"


def json_table(text: bytes, place: str) -> pl.DataFrame:
    """Return the table of an array of objects or of an object of columns. Raises InvalidInput."""
    limits.check_bytes(len(text), limits.STRUCTURED, place, "JSON")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
            return json_lines(text, place)
        raise InvalidInput([Problem(place, "", f"no JSON ({shortened(error)})", _ALLOWED)]) from error
    if isinstance(value, Mapping):
        value = _rows_inside(value)
    if isinstance(value, Mapping) and value and not any(isinstance(cell, (Mapping, list)) for cell in value.values()):
        value = [value]  # a single run
    if isinstance(value, Mapping):
        return frame_of_columns({name: _column(cells, name, place) for name, cells in value.items()}, place)
    return _of_rows(value, place)


def json_lines(text: bytes, place: str) -> pl.DataFrame:
    """Return the table of an object per line. Raises InvalidInput, which names the line."""
    limits.check_bytes(len(text), limits.STRUCTURED, place, "JSON")
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            if number == 1:
                return json_table(text, place) if line.strip() in (b"{", b"[") else _refuse(number, error, place)
            _refuse(number, error, place)
    if len(rows) == 1 and isinstance(rows[0], (Mapping, list)):
        return json_table(text, place)
    return _of_rows(rows, place)


def _refuse(line: int, error: Exception, place: str) -> Any:
    raise InvalidInput([Problem(place, "", f"no JSON in line {line} ({shortened(error)})", _ALLOWED)]) from error


def _rows_inside(value: Mapping[str, Any]) -> Any:
    """Return the rows of an object that has them beside other things, as pandas' `orient` of split and table has."""
    if isinstance(value.get("data"), list) and isinstance(value.get("columns"), list):
        return [dict(zip(value["columns"], row, strict=False)) for row in value["data"] if isinstance(row, list)]
    if isinstance(value.get("data"), list) and "schema" in value:
        return value["data"]
    return value


def _column(cells: Any, name: str, place: str) -> Sequence[Any]:
    if isinstance(cells, Mapping):  # as pandas writes a frame by default: by the number of the row
        return list(cells.values())
    if isinstance(cells, list):
        return cells
    raise InvalidInput([Problem(place, shortened(name), shortened(cells), _ALLOWED)])


def _of_rows(rows: Any, place: str) -> pl.DataFrame:
    if not isinstance(rows, list):
        raise InvalidInput([Problem(place, "", f"JSON of another shape: {shortened(rows)}", _ALLOWED)])
    columns: dict[str, list[Any]] = {}
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InvalidInput([Problem(place, "", f"{shortened(row)} as row {number + 1}", _ALLOWED)])
        for name, cell in _flat(row):
            column = columns.setdefault(name, [])
            if len(columns) > limits.COLUMNS or len(columns) * len(rows) > limits.CELLS:
                limits.check_shape(len(rows), len(columns), place)
            column.extend([None] * (number - len(column)))
            column.append(cell)
    for column in columns.values():
        column.extend([None] * (len(rows) - len(column)))
    return frame_of_columns(columns, place)


def _flat(row: Mapping[str, Any], before: str = "", depth: int = 0) -> list[tuple[str, Any]]:
    """Return the cells of an object, and of the objects in it: `config.lr`."""
    flat: list[tuple[str, Any]] = []
    for name, cell in row.items():
        if isinstance(cell, Mapping) and depth < _DEEPEST:
            flat.extend(_flat(cell, f"{before}{name}.", depth + 1))
        else:
            flat.append((f"{before}{name}", cell))
    return flat
