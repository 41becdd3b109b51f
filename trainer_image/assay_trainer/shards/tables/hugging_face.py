"""Reads what `save_to_disk` of Hugging Face wrote: Arrow streams beside JSON files that describe them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay_trainer.described import printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.parts import HELD_OUT_ORDER, Part, part_of
from assay_trainer.shards.tables.listed import listed
from assay_trainer.shards.tables.plain_types import plain_column, plain_type
from assay_trainer.shards.tables.rows import MappedRows, Rows, held_out_rows, write_rows

_MOST_STATE_BYTES = 16 * 2**20


def is_saved(path: Path) -> bool:
    """Return whether a path is what `save_to_disk` wrote."""
    return (path / "state.json").is_file() or (path / "dataset_dict.json").is_file()


def read_saved(path: Path, hold_out: Part | None, folder: Path) -> Rows:
    """Return the rows of a data set, or of the splits of several. They are mapped where they lie; if they are not of
    plain types, they are converted into `folder`. Raises InvalidSource."""
    notes: list[str] = []
    splits = _splits(path, hold_out, notes)
    rows: MappedRows | None = None
    parts: list[tuple[int, bool]] = []
    for split, held in splits:
        added = 0
        for file in _files(split):
            there = _schema_of(file)
            plain = pa.schema([pa.field(each.name, plain_type(each.type)) for each in there])
            rows = rows or MappedRows(plain)
            if plain != rows.schema:
                raise InvalidSource(f"{file}: columns {_columns(plain)}; expected {_columns(rows.schema)}")
            if there != plain:
                to = folder / f"{len(parts)}-{file.name}"
                write_rows(to, plain, _converted(file, plain))
                file = to
            added += rows.add(file)
        parts.append((added, held))
    if rows is None:
        raise InvalidSource("no rows; expected one row or more for each example")
    if len(set(rows.schema.names)) < len(rows.schema):
        raise InvalidSource("several columns of one name; expected each name once")
    info = splits[0][0] / "dataset_info.json"
    features = _json(info).get("features") if info.is_file() else None
    found = features if isinstance(features, dict) else {}
    return Rows(rows, held_out_rows(parts), found, "a data set of Hugging Face", notes)


def _splits(path: Path, hold_out: Part | None, notes: list[str]) -> list[tuple[Path, bool]]:
    if not (path / "dataset_dict.json").is_file():
        return [(path, False)]
    said = _json(path / "dataset_dict.json").get("splits", [])
    names = [name for name in said if isinstance(name, str) and (path / name).is_dir() and "/" not in name]
    train = next((name for name in names if part_of(name) is Part.TRAIN), None)
    wanted = (hold_out,) if hold_out else HELD_OUT_ORDER
    held = next((name for part in wanted for name in names if part_of(name) is part), None)
    if train is None:
        raise InvalidSource(f"splits {listed(names)}; expected one named train")
    notes += [f"the split {printable(name)} is not used" for name in names if name not in (train, held)]
    return [(path / train, False), *([(path / held, True)] if held else [])]


def _files(folder: Path) -> Iterator[Path]:
    state = _json(folder / "state.json")
    if state.get("_indices_data_files"):
        raise InvalidSource(f"{folder}: rows were chosen by indices; write them out first: .flatten_indices()")
    for each in state.get("_data_files", []):
        yield folder / Path(str(each.get("filename"))).name  # a name, never a path to elsewhere


def _schema_of(file: Path) -> pa.Schema:
    with pa.memory_map(str(file)) as opened, pa.ipc.open_stream(opened) as reader:
        return pa.schema([pa.field(each.name, each.type) for each in reader.schema])


def _converted(file: Path, plain: pa.Schema) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(file)) as opened:
        for batch in pa.ipc.open_stream(opened):
            batch.validate(full=True)  # the file may be anybody's
            columns = [plain_column(column, each.type) for column, each in zip(batch.columns, plain, strict=True)]
            yield pa.record_batch(columns, schema=plain)


def _json(file: Path) -> dict[str, Any]:
    if file.stat().st_size > _MOST_STATE_BYTES:
        raise InvalidSource(f"{file}: {file.stat().st_size} bytes; allowed: {_MOST_STATE_BYTES}")
    found = json.loads(file.read_bytes())
    if not isinstance(found, dict):
        raise InvalidSource(f"{file}: no JSON object")
    return found


def _columns(schema: pa.Schema) -> str:
    return listed([f"{each.name} ({each.type})" for each in schema])
