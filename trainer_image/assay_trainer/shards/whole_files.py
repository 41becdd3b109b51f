"""Checks files as wholes: what lies between and after their blocks is read by other tools alone."""

from __future__ import annotations

import hashlib

from assay_trainer.objects import Objects
from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.shards.file_names import has_its_digest

_MOST_BETWEEN = 4 << 20
"""The most bytes before, between or after blocks: the schema, and the footer's list of blocks."""


class WholeFiles:
    """Compares files with the digests in their names, as their blocks come by in order."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._name = ""
        self._place = 0
        self._summed = hashlib.sha256()

    def add(self, name: str, start: int, data: bytes) -> None:
        """Take in a block that lies at `start`. Raises InvalidDataset if the file before it was not whole."""
        if name != self._name:
            self.finish()
            self._name, self._place, self._summed = name, 0, hashlib.sha256()
        self._add_between(min(start - self._place, _MOST_BETWEEN))
        self._summed.update(data)
        self._place = start + len(data)

    def finish(self) -> None:
        """Read the end of the last file. Raises InvalidDataset if the file is not what its name says."""
        if not self._name:
            return
        self._add_between(_MOST_BETWEEN)
        if not has_its_digest(self._name, found := f"sha256:{self._summed.hexdigest()}"):
            raise InvalidDataset(
                f"shard {self._name}: damaged, at {self._objects.uri}: its blocks are whole, but the file has the "
                f"digest {found}, and not that of its name: other tools may not read it"
            )

    def _add_between(self, most: int) -> None:
        if most > 0:
            buffer = bytearray(most)
            came = self._objects.read_into(self._name, self._place, memoryview(buffer))
            self._summed.update(memoryview(buffer)[:came])
