"""Finds the files of a table, and tells which part and which values their places give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from assay_trainer.described import printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.parts import HELD_OUT_ORDER, Part, part_of
from assay_trainer.shards.tables.csv_files import DELIMITERS
from assay_trainer.shards.tables.listed import listed

PARQUET = (".parquet", ".pq")
LINES = (".jsonl", ".ndjson")
_TEXTS = (*DELIMITERS, *LINES)
_PACKED = (".gz", ".bz2", ".zst")
_BESIDE = (".md", ".json", ".txt")


@dataclass(frozen=True)
class TableFile:
    """A file of rows."""

    path: Path
    held_out: bool
    values: dict[str, str] = field(default_factory=dict)
    """What the names of its folders say: `year=2020` is a column of this value."""


def suffix_of(file: Path) -> str:
    """Return the suffix that tells how a file is read, without that of its packing."""
    suffixes = [each.lower() for each in file.suffixes]
    packed = len(suffixes) > 1 and suffixes[-1] in _PACKED and suffixes[-2] in _TEXTS
    return suffixes[-2] if packed else suffixes[-1] if suffixes else ""


def is_table(path: Path) -> bool:
    """Return whether a path is a table that is read here."""
    if path.is_file():
        return suffix_of(path) in (*_TEXTS, *PARQUET)
    if not path.is_dir():
        return False
    if (path / "state.json").is_file() or (path / "dataset_dict.json").is_file():
        return True
    files = _below(path)
    suffixes = {suffix_of(each) for each in files}
    return bool(suffixes) and (suffixes <= set(PARQUET) or suffixes <= set(_TEXTS))


def table_files(path: Path, hold_out: Part | None, notes: list[str]) -> list[TableFile]:
    """Return the files of a table that are used. Raises InvalidSource if they differ in what their folders say, or
    lack the part that is to be held out."""
    if path.is_file():
        return [TableFile(path, held_out=False)]
    by_part: dict[Part | None, list[Path]] = {}
    for file in _below(path):
        words = [part_of(name.split("-")[0].split(".")[0]) for name in file.relative_to(path).parts]
        by_part.setdefault(next((word for word in words if word), None), []).append(file)
    values = {file: _values(file.relative_to(path).parts[:-1]) for files in by_part.values() for file in files}
    if Part.TRAIN not in by_part:
        return [TableFile(file, False, values[file]) for file in sorted(values)]
    chosen = hold_out or next((part for part in HELD_OUT_ORDER if part in by_part), None)
    if chosen is not None and chosen not in by_part:
        there = [part.value for part in by_part if part not in (None, Part.TRAIN)]
        raise InvalidSource(f"no files of the part {chosen} to hold out; there are files of {listed(there)}")
    for part, files in by_part.items():
        if part not in (Part.TRAIN, chosen):
            names = listed([str(each.relative_to(path)) for each in files], 3)
            notes.append(f"not used, since other files are named as the training part: {names}")
    held = by_part.get(chosen, []) if chosen else []
    return [
        *(TableFile(file, False, values[file]) for file in by_part[Part.TRAIN]),
        *(TableFile(file, True, values[file]) for file in held),
    ]


def _values(folders: Sequence[str]) -> dict[str, str]:
    pairs = (unquote(name).partition("=") for name in folders)
    return {printable(key): printable(value) for key, sign, value in pairs if sign and key}


def _below(folder: Path) -> list[Path]:
    return sorted(
        each
        for each in folder.rglob("*")
        if each.is_file() and not each.name.startswith((".", "_")) and each.suffix.lower() not in _BESIDE
    )
