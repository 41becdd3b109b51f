"""Which kind of table a file is: by what it begins with, and only then by its name."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from assay.api.errors import InvalidInput, Problem
from assay.recorded.frames import limits
from assay.recorded.frames.cleaned import cleaned
from assay.recorded.frames.delimited import delimited
from assay.recorded.frames.json_rows import json_lines, json_table
from assay.recorded.frames.texts import in_utf8
from assay.recorded.frames.workbook import workbook
from assay.recorded.text import shortened

if TYPE_CHECKING:
    from assay.recorded.frames.cleaned import Frame

ALLOWED = (
    "a table with a row per run: .csv, .tsv or .txt (apart by commas, semicolons, tabs or |), .parquet, .xlsx, .json, "
    ".jsonl or .ndjson, each also with .gz, or - for what is piped in"
)
STANDARD_INPUT = Path("-")
_OTHERS = {".xls", ".ods", ".html", ".pkl", ".pickle", ".db", ".sqlite", ".feather", ".arrow", ".npz", ".zip", ".h5"}
_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, EOFError, zlib.error)


def frame_of_file(path: Path) -> Frame:
    """Return the table that a file holds, and what is to be said about its reading. Raises InvalidInput."""
    place = "standard input" if path == STANDARD_INPUT else str(path)
    _check_kind(path, place)
    try:
        data = _bytes(path, place)
        return cleaned(*_frame(data, _suffix(path), place), place)
    except _ERRORS as error:
        reason = shortened(next(iter(str(error).splitlines()), "") or type(error).__name__, 200)
        raise InvalidInput([Problem(place, "", f"what can't be read as a table ({reason})", ALLOWED)]) from error


def _check_kind(path: Path, place: str) -> None:
    if path == STANDARD_INPUT:
        return
    if not path.is_file():
        given = "a folder" if path.is_dir() else "a path where nothing is"
        raise InvalidInput([Problem(place, "", given, ALLOWED)])
    if path.suffix.lower() in _OTHERS:
        given = f"a file that ends in {path.suffix}"
        raise InvalidInput([Problem(place, "", given, f"{ALLOWED}. Save it as one of these")])
    limits.check_bytes(path.stat().st_size, limits.FILE, place)


def _suffix(path: Path) -> str:
    """Return what the name says about the kind of file, in lower case and without .gz."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    return suffixes[-1] if suffixes else ""


def _bytes(path: Path, place: str) -> bytes:
    """Return what is in the file, unpacked. Nobody unpacks more than the limit."""
    data = sys.stdin.buffer.read(limits.FILE + 1) if path == STANDARD_INPUT else path.read_bytes()
    limits.check_bytes(len(data), limits.FILE, place)
    if data.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            data = packed.read(limits.FILE + 1)
        limits.check_bytes(len(data), limits.FILE, place, "what unpacks to a file")
    return data


def _frame(data: bytes, suffix: str, place: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    if data.startswith(b"PAR1"):
        return _parquet(data, place), ()
    if data.startswith(b"PK\x03\x04"):
        return workbook(data, place)
    if suffix in (".parquet", ".xlsx"):
        given = f"a file that ends in {suffix} and is none"
        raise InvalidInput([Problem(place, "", given, ALLOWED)])
    text, said = in_utf8(data, place)
    start = text[:1024].lstrip()[:1]
    if suffix in (".jsonl", ".ndjson") or (suffix not in (".csv", ".tsv", ".txt", ".json") and start == b"{"):
        return json_lines(text, place), said
    if suffix == ".json" or (suffix not in (".csv", ".tsv", ".txt") and start == b"["):
        return json_table(text, place), said
    frame, read = delimited(text, place)
    return frame, (*said, *read)


def _parquet(data: bytes, place: str) -> pl.DataFrame:
    scan = pl.scan_parquet(io.BytesIO(data))
    limits.check_shape(int(scan.select(pl.len()).collect().item()), len(scan.collect_schema()), place)
    return scan.collect()
