"""Finds the files of a table, and reads them as record batches that lie in mapped files."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.parts import HELD_OUT_ORDER, Part, part_of

_TEXTS = {".csv": ",", ".tsv": "\t"}
_LINES = (".jsonl", ".ndjson")
_PARQUET = (".parquet", ".pq")
_ROWS = 1024
_READ_BYTES = 4 * 2**20
_MOST_STATE_BYTES = 16 * 2**20


@dataclass
class Rows:
    """The rows of a source, in record batches of one schema."""

    schema: pa.Schema
    batches: list[pa.RecordBatch]
    held_out: list[bool] | None = None
    """Whether each batch is of a part that is held out; None if the source has one part."""
    features: dict[str, Any] = field(default_factory=dict)
    """What a data set of Hugging Face says of its columns."""
    found: str = ""
    notes: list[str] = field(default_factory=list)


def is_table(path: Path) -> bool:
    """Return whether a path is a table that is read here."""
    if path.is_file():
        return path.suffix.lower() in (*_TEXTS, *_LINES, *_PARQUET)
    if not path.is_dir():
        return False
    if (path / "state.json").is_file() or (path / "dataset_dict.json").is_file():
        return True
    files = _table_files(path)
    return bool(files) and all(each.suffix.lower() in _PARQUET for each in files)


def read_rows(path: Path, hold_out: Part | None, stack: ExitStack) -> Rows:
    """Return the rows of a table. What is not in Arrow's own format is converted once, into a temporary file that is
    gone when `stack` is closed. Raises InvalidSource."""
    try:
        if (path / "state.json").is_file() or (path / "dataset_dict.json").is_file():
            return _hugging_face(path, hold_out, stack)
        files = [path] if path.is_file() else _table_files(path)
        parts = _parts(path, files, hold_out)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="assay-shards-")))
        batches, held_out, schema = [], [], None
        for number, (file, held) in enumerate(parts):
            new = _converted(file, folder / f"{number}.arrow", schema, stack)
            schema = schema or new[0].schema if new else schema
            batches += new
            held_out += [held] * len(new)
        if schema is None:
            raise InvalidSource(f"{path}: no rows; expected one row or more for each example")
        kind = "Parquet" if files[0].suffix.lower() in _PARQUET else "a table in text"
        return Rows(schema, batches, held_out if any(held_out) else None, found=kind)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InvalidSource(f"{path}: can't be read as a table: {error}") from None


def _table_files(folder: Path) -> list[Path]:
    return sorted(
        each
        for each in folder.rglob("*")
        if each.is_file()
        and not each.name.startswith((".", "_"))
        and each.suffix.lower() not in (".md", ".json", ".txt")
    )


def _parts(path: Path, files: list[Path], hold_out: Part | None) -> list[tuple[Path, bool]]:
    """Return the files that are used, and whether each is held out, by what they or their folders are called."""
    by_part: dict[Part | None, list[Path]] = {}
    for file in files:
        below = file.relative_to(path) if path.is_dir() else Path(file.name)
        words = [part_of(name.split("-")[0].split(".")[0]) for name in below.parts]
        by_part.setdefault(next((word for word in words if word), None), []).append(file)
    if path.is_file() or Part.TRAIN not in by_part:
        return [(file, False) for file in files]
    chosen = hold_out or next((part for part in HELD_OUT_ORDER if part in by_part), None)
    held = by_part.get(chosen, []) if chosen else []
    return [*((file, False) for file in by_part[Part.TRAIN]), *((file, True) for file in held)]


def _converted(file: Path, to: Path, schema: pa.Schema | None, stack: ExitStack) -> list[pa.RecordBatch]:
    with ExitStack() as writing:
        writer = None
        for batch in _batches(file):
            if schema is None:
                schema = batch.schema.remove_metadata()
            if batch.schema.remove_metadata() != schema:
                raise InvalidSource(f"{file}: columns {_columns(batch.schema)}; expected {_columns(schema)}")
            if writer is None:
                writer = writing.enter_context(pa.ipc.new_file(str(to), schema))
            if batch.num_rows:
                writer.write_batch(batch.replace_schema_metadata(None))
    return _mapped(to, stack) if writer is not None else []


def _mapped(file: Path, stack: ExitStack) -> list[pa.RecordBatch]:
    reader = pa.ipc.open_file(stack.enter_context(pa.memory_map(str(file))))
    return [reader.get_batch(place) for place in range(reader.num_record_batches)]


def _batches(file: Path) -> Iterator[pa.RecordBatch]:
    suffix = file.suffix.lower()
    if suffix in _PARQUET:
        import pyarrow.parquet  # only here

        with pyarrow.parquet.ParquetFile(file) as opened:
            yield from opened.iter_batches(_ROWS, use_threads=False)
    elif suffix in _TEXTS:
        import pyarrow.csv  # only here

        reading = pyarrow.csv.ReadOptions(use_threads=False, block_size=_READ_BYTES)
        parsing = pyarrow.csv.ParseOptions(delimiter=_TEXTS[suffix], newlines_in_values=True)
        yield from pyarrow.csv.open_csv(file, read_options=reading, parse_options=parsing)
    else:
        import pyarrow.json  # only here

        reading = pyarrow.json.ReadOptions(use_threads=False, block_size=_READ_BYTES)
        yield from pyarrow.json.open_json(file, read_options=reading)


def _hugging_face(path: Path, hold_out: Part | None, stack: ExitStack) -> Rows:
    notes: list[str] = []
    if (path / "dataset_dict.json").is_file():
        names = _json(path / "dataset_dict.json").get("splits", [])
        names = [name for name in names if isinstance(name, str) and (path / name).is_dir() and "/" not in name]
        train = next((name for name in names if part_of(name) is Part.TRAIN), None)
        wanted = (hold_out,) if hold_out else HELD_OUT_ORDER
        held = next((name for part in wanted for name in names if part_of(name) is part), None)
        if train is None:
            raise InvalidSource(f"{path}: splits {', '.join(names) or 'none'}; expected one named train")
        folders = [(path / train, False), *([(path / held, True)] if held else [])]
        notes += [f"the split {name} is not used" for name in names if name not in (train, held)]
    else:
        folders = [(path, False)]
    batches, held_out, schema = [], [], None
    for folder, is_held in folders:
        state = _json(folder / "state.json")
        if state.get("_indices_data_files"):
            raise InvalidSource(f"{folder}: rows were chosen by indices; write them out first: .flatten_indices()")
        for each in state.get("_data_files", []):
            file = folder / Path(str(each.get("filename"))).name  # a name, never a path to elsewhere
            for batch in pa.ipc.open_stream(stack.enter_context(pa.memory_map(str(file)))):
                plain = batch.replace_schema_metadata(None)
                schema = schema or plain.schema
                if plain.schema != schema:
                    raise InvalidSource(f"{file}: columns {_columns(plain.schema)}; expected {_columns(schema)}")
                batches.append(plain)
                held_out.append(is_held)
    if schema is None:
        raise InvalidSource(f"{path}: no rows; expected one row or more for each example")
    info = folders[0][0] / "dataset_info.json"
    features = _json(info).get("features") if info.is_file() else None
    found = features if isinstance(features, dict) else {}
    return Rows(schema, batches, held_out if any(held_out) else None, found, "a data set of Hugging Face", notes)


def _json(file: Path) -> dict[str, Any]:
    if file.stat().st_size > _MOST_STATE_BYTES:
        raise InvalidSource(f"{file}: {file.stat().st_size} bytes; allowed: {_MOST_STATE_BYTES}")
    found = json.loads(file.read_bytes())
    if not isinstance(found, dict):
        raise InvalidSource(f"{file}: no JSON object")
    return found


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f"{each.name} ({each.type})" for each in list(schema)[:20]) or "none"
