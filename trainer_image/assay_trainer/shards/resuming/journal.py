"""What a build has done so far, line by line, in the folder of caches of this machine."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay_trainer.shards.cache_folder import cache_folder

_MOST_BYTES = 256 << 20
_FORGOTTEN_SECONDS = 30 * 86400.0
"""A journal that nobody has written to for so long is removed when another one is begun."""


@dataclass(frozen=True)
class WrittenFile:
    """A file of images of the largest size that was written whole."""

    split: str
    first: int
    """The place of its first image in the split."""
    examples: int
    images: str
    """A digest of what the images were made of, and how."""
    path: str
    bytes: int
    sha256: str


class Journal:
    """A file of JSON lines. Nothing here raises: a build that can't be noted is a build that can't be gone on with."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.written: dict[tuple[str, int, str], WrittenFile] = {}
        """Files by their split, the place of their first image, and the digest of their images."""
        self.damaged: dict[str, str] = {}
        """Images that could not be decoded, by their stamps, with the reasons."""
        for line in _lines(path):
            with suppress(ValueError, TypeError, AttributeError, KeyError):
                self._take(json.loads(line))

    @classmethod
    def of(cls, destination: str, environment: Mapping[str, str] = os.environ) -> Journal:
        """Return the journal of builds to this URI, in `ASSAY_CACHE` or the user's folder of caches; one that keeps
        nothing if there is no such folder."""
        folder = cache_folder(environment)
        name = hashlib.sha256(destination.encode()).hexdigest()[:32]
        return cls(folder / "builds" / f"{name}.jsonl" if folder is not None else None)

    def candidates(self, split: str) -> list[WrittenFile]:
        """Return the files of a split, by the place of their first image."""
        return sorted((each for each in self.written.values() if each.split == split), key=lambda each: each.first)

    def note_file(self, file: WrittenFile) -> None:
        """Note a file once it is written."""
        if (file.split, file.first, file.images) not in self.written:
            self._append({"file": asdict(file)})

    def note_damaged(self, reasons: Mapping[str, str]) -> None:
        """Note images that could not be decoded."""
        if new := {stamp: reason for stamp, reason in reasons.items() if stamp not in self.damaged}:
            self._append({"damaged": new})

    def close(self) -> None:
        """Remove the journal: the data set is there."""
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink()

    def _take(self, line: dict[str, Any]) -> None:
        if "file" in line:
            file = WrittenFile(**line["file"])
            if min(file.first, file.examples - 1, file.bytes) >= 0:
                self.written[file.split, file.first, file.images] = file
        self.damaged |= {str(stamp): str(reason) for stamp, reason in line.get("damaged", {}).items()}

    def _append(self, line: dict[str, Any]) -> None:
        self._take(line)
        if self._path is None:
            return
        with suppress(OSError):
            if not self._path.exists():
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _forget(self._path.parent)
            descriptor = os.open(
                self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
            )
            try:
                # It begins with the end of a line, since the last one may have been cut short.
                os.write(descriptor, b"\n" + json.dumps(line).encode() + b"\n")
            finally:
                os.close(descriptor)


def _lines(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        if path.stat().st_size > _MOST_BYTES:
            return []
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _forget(folder: Path) -> None:
    for each in folder.glob("*.jsonl"):
        with suppress(OSError):
            if time.time() - each.stat().st_mtime > _FORGOTTEN_SECONDS:
                each.unlink()
