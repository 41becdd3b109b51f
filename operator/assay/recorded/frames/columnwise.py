"""Frames from columns of Python values, of whatever types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from assay.api.errors import InvalidInput, Problem
from assay.recorded.frames import limits
from assay.recorded.text import shortened


def frame_of_columns(columns: Mapping[str, Sequence[Any]], place: str) -> pl.DataFrame:
    """Return the frame; columns of mixed types become text. Raises InvalidInput if their lengths differ."""
    lengths = {name: len(cells) for name, cells in columns.items()}
    limits.check_shape(max(lengths.values(), default=0), len(lengths), place)
    if len(set(lengths.values())) > 1:
        least, most = min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)
        given = f"{lengths[most]} cells in {shortened(most)} and {lengths[least]} in {shortened(least)}"
        raise InvalidInput([Problem(place, "", given, "columns of one length")])
    return pl.DataFrame([series_of(str(name), cells) for name, cells in columns.items()])


def series_of(name: str, cells: Sequence[Any]) -> pl.Series:
    """Return a column; as text, if its cells are of different types."""
    try:
        return pl.Series(name, cells, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return pl.Series(name, [_text(cell) for cell in cells], dtype=pl.String)


def _text(cell: Any) -> str | None:
    if cell is None or cell != cell:  # NaN, NaT
        return None
    return str(cell)
