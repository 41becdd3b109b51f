"""Workbooks of Excel (.xlsx): the first sheet with a table in it."""

from __future__ import annotations

import io
import re
import zipfile

import fastexcel
import polars as pl

from assay.api.errors import InvalidInput, Problem
from assay.recorded.frames import limits
from assay.recorded.text import quoted

_CELL = re.compile(rb"""\br=["']([A-Z]{1,3})?(\d{1,7})["']""")


def workbook(data: bytes, place: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the table, and which sheet was read if there are several. Raises InvalidInput."""
    try:
        safe = _unpacked(data, place)
        reader = fastexcel.read_excel(safe)
        for name in reader.sheet_names:
            sheet = reader.load_sheet(name, dtype_coercion="coerce")
            if sheet.width > 1 and sheet.height > 0:
                others = len(reader.sheet_names) - 1
                said = (
                    (f"Of {others + 1} sheets, {quoted(name)} is read, the first that has a table.",) if others else ()
                )
                return sheet.to_polars(), said
    except (fastexcel.FastExcelError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        given = f"no workbook that can be read ({quoted(str(error))})"
        raise InvalidInput([Problem(place, "", given, "an .xlsx file, or the sheet saved as .csv")]) from error
    raise InvalidInput([Problem(place, "", "a workbook without a table", "a sheet with a row per run below a header")])


def _unpacked(data: bytes, place: str) -> bytes:
    """Return the same workbook with nothing packed in it: what is read later can't be more than what was seen here."""
    left = limits.STRUCTURED
    unpacked = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as packed, zipfile.ZipFile(unpacked, "w") as plain:
        for part in packed.infolist():
            with packed.open(part) as file:
                content = file.read(left + 1)
            left -= len(content)
            limits.check_bytes(limits.STRUCTURED - left, limits.STRUCTURED, place, "what unpacks to a workbook")
            if part.filename.startswith("xl/worksheets/"):
                _check_extent(content, place)
            plain.writestr(part.filename, content)
    return unpacked.getvalue()


def _check_extent(sheet: bytes, place: str) -> None:
    """Raise InvalidInput if cells are so far apart that a table over all of them would not fit into memory."""
    rows, columns = 1, 1
    for letters, row in _CELL.findall(sheet):
        rows = max(rows, int(row))
        number = 0
        for letter in letters:
            number = number * 26 + letter - ord("A") + 1
        columns = max(columns, number)
    limits.check_shape(rows, columns, place)
