"""Files of recorded runs, as spreadsheets and tools write them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

_CONTENT_TYPES = """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>{sheets}</Types>"""
_SHEET_TYPE = """<Override PartName="/xl/worksheets/sheet{number}.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>"""
_RELATIONS = """<?xml version="1.0"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}</Relationships>"""
_TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_BOOK = """<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{sheets}</sheets></workbook>"""
_SHEET = """<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<sheetData>{rows}</sheetData></worksheet>"""

Cell = str | float | None


def csv_file(folder: Path, *lines: str, name: str = "runs.csv") -> Path:
    """Write lines of text."""
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def workbook(**sheets: Sequence[Sequence[Cell]]) -> bytes:
    """Return a workbook with these sheets, each a list of rows."""
    return workbook_of_xml(**{name: _SHEET.format(rows=_rows(rows)) for name, rows in sheets.items()})


def workbook_of_xml(**sheets: str) -> bytes:
    """Return a workbook whose sheets are given as they stand in it."""
    numbers = range(1, len(sheets) + 1)
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{_TYPE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    book = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in zip(numbers, sheets, strict=True)
    )
    root = f'<Relationship Id="rId1" Type="{_TYPE}/officeDocument" Target="xl/workbook.xml"/>'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as parts:
        types = "".join(_SHEET_TYPE.format(number=n) for n in numbers)
        parts.writestr("[Content_Types].xml", _CONTENT_TYPES.format(sheets=types))
        parts.writestr("_rels/.rels", _RELATIONS.format(relations=root))
        parts.writestr("xl/workbook.xml", _BOOK.format(sheets=book))
        parts.writestr("xl/_rels/workbook.xml.rels", _RELATIONS.format(relations=relations))
        for n, xml in zip(numbers, sheets.values(), strict=True):
            parts.writestr(f"xl/worksheets/sheet{n}.xml", xml)
    return packed.getvalue()


def _rows(rows: Sequence[Sequence[Cell]]) -> str:
    return "".join(
        f'<row r="{n}">{"".join(_cell(cell, f"{chr(65 + at)}{n}") for at, cell in enumerate(row))}</row>'
        for n, row in enumerate(rows, 1)
    )


def _cell(cell: Cell, place: str) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{cell}</t></is></c>'
    return f'<c r="{place}"><v>{cell}</v></c>'
