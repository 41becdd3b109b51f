"""How large a table may be: whoever wrote it may be careless, or mean harm."""

from __future__ import annotations

from assay.api.errors import InvalidInput, Problem

_MI = 1 << 20

FILE = 1024 * _MI
"""Bytes of a file, and of what it is when it is unpacked."""
STRUCTURED = 256 * _MI
"""The same for JSON and workbooks, which take many times as much memory when they are read."""
HEADER = 4 * _MI
"""Bytes of the line with the names of columns."""
ROWS, COLUMNS, CELLS = 2_000_000, 20_000, 200_000_000


def too_large(place: str, given: str, allowed: str) -> InvalidInput:
    """Return the error of a table that is not read, since it is too large."""
    return InvalidInput([Problem(place, "", given, f"{allowed}; leave out rows and columns that nobody needs")])


def check_bytes(size: int, most: int, place: str, what: str = "a file") -> None:
    """Raise InvalidInput if there are more bytes than that."""
    if size > most:
        raise too_large(place, f"{what} of more than {most // _MI} MiB", f"at most {most // _MI} MiB, also unpacked")


def check_shape(rows: int, columns: int, place: str) -> None:
    """Raise InvalidInput if a table has more rows, columns or cells than are read."""
    if columns > COLUMNS:
        raise too_large(place, f"{columns:,} columns", f"at most {COLUMNS:,} columns")
    if rows > ROWS:
        raise too_large(place, f"{rows:,} rows", f"at most {ROWS:,} rows")
    if rows * columns > CELLS:
        raise too_large(place, f"{rows:,} rows of {columns:,} columns", f"at most {CELLS:,} cells")
