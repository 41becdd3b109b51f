"""Data frames of any make in memory, and mappings of columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from assay.api.errors import InvalidInput, Problem
from assay.recorded.frames import limits
from assay.recorded.frames.cleaned import Frame, cleaned
from assay.recorded.frames.columnwise import frame_of_columns, series_of
from assay.recorded.text import shortened

ALLOWED = "a data frame (polars, pandas, pyarrow, or any with Arrow's C stream or to_pandas), or a mapping of columns"


def frame_in_memory(given: Any, place: str) -> Frame:
    """Return a frame of polars with the same table, and what is to be said of it. Raises InvalidInput."""
    try:
        return cleaned(_frame(given, place), (), place)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ImportError) as error:
        reason = shortened(next(iter(str(error).splitlines()), "") or type(error).__name__, 200)
        raise InvalidInput([Problem(place, "", f"what can't be read as a table ({reason})", ALLOWED)]) from error


def _frame(given: Any, place: str) -> pl.DataFrame:
    if isinstance(given, pl.LazyFrame):
        given = given.collect()
    if isinstance(given, pl.DataFrame):
        limits.check_shape(given.height, given.width, place)
        return given
    if isinstance(given, Mapping):
        return frame_of_columns({str(name): list(cells) for name, cells in given.items()}, place)
    if hasattr(given, "columns") and hasattr(given, "iloc"):
        return _of_pandas(given, place)
    if hasattr(given, "__arrow_c_stream__"):
        return pl.DataFrame(given)
    if hasattr(given, "to_pandas"):  # such as what only speaks the older interchange
        return _of_pandas(given.to_pandas(), place)
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes)):
        rows = list(given)
        if rows and all(isinstance(row, Mapping) for row in rows):
            names = list(dict.fromkeys(name for row in rows for name in row))
            return frame_of_columns({str(name): [row.get(name) for row in rows] for name in names}, place)
    raise InvalidInput([Problem(place, "", f"a {type(given).__name__}", ALLOWED)])


def _of_pandas(given: Any, place: str) -> pl.DataFrame:
    """Return a frame of pandas column by column: its own ways into polars need pyarrow, which is no small package."""
    limits.check_shape(len(given), len(given.columns), place)
    columns: dict[str, pl.Series] = {}
    for number, label in enumerate(given.columns):
        name = ".".join(map(str, label)) if isinstance(label, tuple) else str(label)
        columns[f"{name} ({number})" if name in columns else name] = _series(given.iloc[:, number])
    return pl.DataFrame(columns)


def _series(series: Any) -> pl.Series:
    values = series.to_numpy()
    if values.dtype.kind in "biufmM":
        return pl.Series("", values)
    missing = series.isna().tolist()
    return series_of("", [None if gone else cell for gone, cell in zip(missing, series.tolist(), strict=True)])
