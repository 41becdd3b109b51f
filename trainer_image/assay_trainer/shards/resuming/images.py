"""The images of a split in their order: from files that an earlier build wrote, else from the source."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay_trainer.contract import DataField
from assay_trainer.objects import ObjectNotFound, Objects, ObjectTooLarge, UnfitObject
from assay_trainer.shards.encoding import Stored
from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.shards.format import JpegField, array_of, cells_of
from assay_trainer.shards.resuming.journal import Journal, WrittenFile


@dataclass(frozen=True)
class _Open:
    """A file that was written, and is read now."""

    first: int
    stop: int
    stored: Stored

    def rows(self, begin: int, end: int) -> Stored:
        cells, pixels = self.stored
        chosen = slice(begin - self.first, end - self.first)
        return cells[chosen], pixels[chosen]


class ResumedImages:
    """Reads the images of one split, which are asked for one after another, and notes the files that hold them."""

    def __init__(
        self,
        objects: Objects,
        journal: Journal,
        split: str,
        field: tuple[str, DataField],
        how: str,
        read: Callable[[NDArray[np.int64]], Stored],
        stamps: Callable[[NDArray[np.int64]], Sequence[str]],
        indices: NDArray[np.int64],
    ) -> None:
        """Begin with the first of `indices`. `read` reads images from the source; `stamps` says of each what it is made
        of, `how` in which way: if both are the same, the image is."""
        self._objects, self._journal, self._split, self._field, self._how = objects, journal, split, field, how
        self._read, self._stamps, self._indices = read, stamps, indices
        self._waiting = deque(journal.candidates(split))
        self._open: _Open | None = None
        self._at = self._noted = 0
        self._seen: list[str] = []
        self.resumed = 0
        """The images that were not read from the source."""

    def __call__(self, indices: NDArray[np.int64]) -> Stored:
        """Return the next images, which are those of `indices`."""
        end = self._at + len(indices)
        # Before they are read: an image that is changed in between is then one that the journal does not have.
        self._seen += self._stamps(indices)
        parts: list[Stored] = []
        while self._at < end:
            found = self._file()
            stop = min(end, found.stop if found else self._next_file())
            if found is not None:
                parts.append(found.rows(self._at, stop))
                self.resumed += stop - self._at
            else:
                parts.append(self._read(indices[len(indices) - (end - self._at) : len(indices) - (end - stop)]))
            self._at = stop
        if len(parts) == 1:
            return parts[0]
        return [cell for cells, _ in parts for cell in cells], np.concatenate([pixels for _, pixels in parts])

    def note(self, path: str, data: bytes | pa.Buffer, examples: int) -> None:
        """Note that a file with the next so many images is written."""
        stamps, self._seen = self._seen[:examples], self._seen[examples:]
        sha256 = hashlib.sha256(data).hexdigest()
        first, self._noted = self._noted, self._noted + examples
        size = len(memoryview(data))
        self._journal.note_file(WrittenFile(self._split, first, examples, self._digest(stamps), path, size, sha256))

    def _file(self) -> _Open | None:
        """Return the file that holds the next image; None if it has to be read from the source."""
        if self._open is not None and self._open.stop > self._at:
            return self._open
        self._open = None
        while self._waiting and self._waiting[0].first <= self._at:
            file = self._waiting.popleft()
            stop = file.first + file.examples
            if file.first < self._at or stop > len(self._indices):
                continue
            if self._digest(self._stamps(self._indices[file.first : stop])) != file.images:
                continue
            if (stored := self._stored(file)) is not None:
                self._open = _Open(file.first, stop, stored)
                return self._open
        return None

    def _next_file(self) -> int:
        return self._waiting[0].first if self._waiting else len(self._indices)

    def _stored(self, file: WrittenFile) -> Stored | None:
        """Return the images of a file; None if it is not there, or is another one."""
        name, field = self._field
        try:
            data = self._objects.get(file.path, file.bytes)
            if hashlib.sha256(data).hexdigest() != file.sha256:
                return None
            with pa.ipc.open_file(pa.py_buffer(data)) as opened:
                columns = [opened.get_batch(place).column(0) for place in range(opened.num_record_batches)]
            if field.encoding != "jpeg":
                found: Stored = (), np.concatenate([array_of(each) for each in columns]).astype(np.uint8, copy=False)
            else:
                size = field.sizes[0]
                jpeg = JpegField(name, size, field.channels or 1)
                cells = [bytes(cell) for column in columns for cell in cells_of(column)]
                found = cells, np.stack([jpeg.decoded(cell, size) for cell in cells])
        except (ObjectNotFound, ObjectTooLarge, UnfitObject, InvalidDataset, pa.ArrowException, ValueError):
            return None
        return found if len(found[1]) == file.examples else None

    def _digest(self, stamps: Sequence[str]) -> str:
        return hashlib.sha256("\n".join([self._how, *stamps]).encode(errors="surrogateescape")).hexdigest()
