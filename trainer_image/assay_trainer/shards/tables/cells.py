"""Image files in the cells of a table: bytes, or what Hugging Face makes of an image, {bytes, path}."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from assay_trainer.shards.sources.image_files import ImageFiles
from assay_trainer.shards.sources.images import ImageFile
from assay_trainer.shards.sources.magic import HEAD_BYTES, begins_as_an_image
from assay_trainer.shards.tables.rows import MappedRows

_LOOKED_AT = 16


def holds_images(batch: pa.RecordBatch, place: int) -> bool:
    """Return whether a column is one of images: its type says so, or the first of these rows have bytes that begin as
    image files do."""
    kind = batch.schema.field(place).type
    if _is_image_of_hugging_face(kind):
        return True
    if not _is_bytes(kind):
        return False
    first = [each for each in batch.column(place).slice(0, _LOOKED_AT) if each.is_valid]
    return bool(first) and all(begins_as_an_image(bytes(each.as_buffer()[:HEAD_BYTES])) for each in first)


def cells(path: Path, name: str, rows: MappedRows, place: int) -> ImageFiles:
    """Return the image files in a column. A cell without bytes is an empty file: no path of a table is followed."""
    firsts = rows.firsts

    def file(index: int) -> ImageFile:
        number = int(np.searchsorted(firsts, index, "right")) - 1
        cell = rows.batch(number).column(place)[index - int(firsts[number])]
        if isinstance(cell, pa.StructScalar):
            cell = cell["bytes"] if cell.is_valid else cell
        return bytes(cell.as_buffer()) if cell.is_valid else b""

    def stamp(index: int) -> str:
        return hashlib.blake2b(bytes(file(index)), digest_size=16).hexdigest()

    return ImageFiles(f"{path}", _Names(name, len(rows)), file, stamp)


class _Names(Sequence[str]):
    """What messages call the cells, without a text for each of millions."""

    def __init__(self, column: str, rows: int) -> None:
        self._column, self._rows = column, rows

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, index: int) -> str:  # type: ignore[override]
        return f"{self._column}, row {index}"


def _is_image_of_hugging_face(kind: pa.DataType) -> bool:
    if not pa.types.is_struct(kind) or {each.name for each in kind} != {"bytes", "path"}:
        return False
    return _is_bytes(kind.field("bytes").type)


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind))
