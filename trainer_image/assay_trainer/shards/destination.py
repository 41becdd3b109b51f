"""Where a data set is written to: files by their digests, and at the end a manifest; nothing is overwritten."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from assay_trainer import contract
from assay_trainer.objects import ObjectNotFound, Objects, ObjectTooLarge
from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.shards.file_names import file_name
from assay_trainer.shards.format import read_index

MANIFEST = "manifest.json"


def checked_folder(objects: Objects, source: Path) -> Path | None:
    """Return the destination if it is a folder on this machine. Raises InvalidDataset if it is the source, or can't be
    written."""
    uri = urlsplit(objects.uri)
    if uri.scheme != "file":
        return None
    folder = Path(unquote(uri.path))
    if folder.resolve() == source.resolve():
        raise InvalidDataset(f"{folder}: the destination is the source; expected another folder")
    there = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
    if not there.is_dir():
        raise InvalidDataset(f"{folder}: {there} is no folder; expected a destination that can be written")
    writable = os.access(there, os.W_OK | os.X_OK, effective_ids=True)
    if not writable and not os.access(folder / MANIFEST, os.F_OK, effective_ids=True):
        raise InvalidDataset(f"{folder}: {there} can't be written; expected a destination that can")
    return folder


class Destination:
    """Puts files under a prefix, unless there is another data set."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.uri = objects.uri
        self.bytes = 0
        """The bytes of all that was put, or was there already."""
        self._existing: bytes | None = None
        try:
            self._existing = objects.get(MANIFEST)
            found = contract.read_manifest(self._existing)
        except ObjectNotFound:
            return
        except ValueError:
            raise self.conflict() from None
        if not isinstance(found, contract.ExamplesManifest):
            raise self.conflict()
        self._known = {group.index for part in found.splits.values() for group in part.files.values()}
        for part in found.splits.values():
            for group in part.files.values():
                self._known.update(self._files_of(group, part.examples))

    def _files_of(self, group: contract.FileGroup, examples: int) -> Sequence[str]:
        try:
            return read_index(self._objects.get(group.index, group.bytes), examples).files
        except (ObjectNotFound, ObjectTooLarge, InvalidDataset):
            return ()  # it is written anew, or found to be damaged

    def conflict(self) -> InvalidDataset:
        return InvalidDataset(
            f"{self._objects.uri}/{MANIFEST}: another data set is here already, and nothing is overwritten; "
            "expected this one or none: choose another destination, or remove it"
        )

    def put(self, stem: str, data: bytes | pa.Buffer) -> str:
        """Write an object, and return its path, which has its digest in it. Raises InvalidDataset for a damaged object
        of this path, and if there is another data set."""
        digest = contract.digest(memoryview(data))
        path = file_name(stem, digest)
        if self._existing is not None and path not in self._known:
            raise self.conflict()
        whole = bytes(data)
        if not self._objects.put_if_absent(path, whole) and not self._holds(path, whole):
            raise InvalidDataset(
                f"{self._objects.uri}/{path}: damaged, expected digest {digest}: remove it, and build again"
            )
        self.bytes += len(whole)
        return path

    def put_manifest(self, data: bytes) -> bool:
        """Write the manifest, and return whether it is there, rather than another one."""
        return self._objects.put_if_absent(MANIFEST, data) or self._objects.get(MANIFEST) == data

    def _holds(self, path: str, data: bytes) -> bool:
        try:
            return self._objects.get(path, limit=len(data)) == data
        except ObjectTooLarge:
            return False
