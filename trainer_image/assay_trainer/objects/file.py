"""Objects as files below a folder, safe against crashes and concurrent writers."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from assay_trainer.objects.errors import ObjectNotFound, ObjectTooLarge, StoreError, TooManyObjects, UnfitObject
from assay_trainer.objects.limits import EVERYTHING, LISTED_NAMES, OBJECT_BYTES, Beginnings
from assay_trainer.objects.names import checked_name, checked_prefix, checked_removable, is_name

_UNFINISHED = ".unfinished-"  # names that begin with a dot are no object names, so a list never shows them

_TRIES = 20
"""How often a folder is made that others drop at the same moment."""


class FileObjects:
    """Objects as files below `root`; see the `Objects` protocol. `root` is made at the first write.

    An object appears whole or not at all: it is written and synced under a temporary name, then linked to its own name,
    which fails if the name is taken (link(2)); a rename would overwrite.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    @property
    def uri(self) -> str:
        return self._root.as_uri()

    def get(self, name: str, limit: int = OBJECT_BYTES) -> bytes:
        with self.opened(name) as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise ObjectTooLarge(f"{self.uri}/{name}", size, limit)
            data = _read(file, size + 1)
            if len(data) != size:
                raise UnfitObject(f"{self.uri}/{name}: its size changes while it is read")
            return data

    def read_into(self, name: str, start: int, buffer: memoryview) -> int:
        came = 0
        with self.opened(name) as file:
            file.seek(start)
            while came < len(buffer) and (read := file.readinto(buffer[came:])):
                came += read
        return came

    def stamp(self, name: str) -> Sequence[str | int]:
        with self._translated_errors(name):
            status = self.path(name).stat()
        return (status.st_mtime_ns, status.st_ino, status.st_size)

    def put_if_absent(self, name: str, data: bytes) -> bool:
        path = self.path(name)
        with self._translated_errors(name):
            if path.exists():
                return False
            descriptor, unfinished = _begun_in(path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.chmod(unfinished, 0o644)
                os.link(unfinished, path)
            except FileExistsError:
                return False
            finally:
                os.unlink(unfinished)
        return True

    def remove(self, name: str) -> None:
        with self._translated_errors(name):
            self.path(checked_removable(name)).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # others are in it, or are just about to be
            self.path(name).parent.rmdir()

    def list(self, prefix: str, beginnings: Collection[str] = EVERYTHING, limit: int = LISTED_NAMES) -> Sequence[str]:
        wanted = Beginnings([checked_prefix(prefix) + each for each in beginnings])
        found: list[str] = []
        with self._translated_errors(prefix):
            for name in self._below(prefix, wanted):
                if len(found) == limit:
                    raise TooManyObjects(f"{self.uri}/{prefix}", limit)
                found.append(name)
        return sorted(found)

    def _below(self, folder: str, wanted: Beginnings) -> Iterator[str]:
        """Return the names of all files below a folder; a folder that is not there has none."""
        folders = [folder]
        while folders:
            within = folders.pop()
            try:
                entries = os.scandir(self._root / within)
            except FileNotFoundError:
                continue
            with entries:
                for entry in entries:
                    name = within + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if is_name(entry.name) and wanted.may_be_below(f"{name}/"):
                            folders.append(f"{name}/")
                    elif is_name(entry.name) and wanted.begin(name) and not entry.is_dir():
                        yield name

    def path(self, name: str) -> Path:
        return self._root / checked_name(name)

    @contextmanager
    def opened(self, name: str) -> Iterator[FileIO]:
        """Open the object's file for reading, unbuffered, so that nothing is read beyond the request. Raises as
        `get`."""
        path = self.path(name)
        with self._translated_errors(name):
            # A pipe would have to be waited for until somebody writes, and a device may never end.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise UnfitObject(f"{self.uri}/{name}: it is not a regular file")
            with FileIO(descriptor) as file:
                yield file

    @contextmanager
    def _translated_errors(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise ObjectNotFound(f"{self.uri}/{name}") from None
        except OSError as error:
            raise StoreError(f"{self.uri}/{name}: {error.strerror or error}") from error


def _begun_in(folder: Path) -> tuple[int, str]:
    """Make a file in a folder, and the folder if need be, and return its descriptor and name. Whoever removes a
    folder's last object drops the folder, too: also one that was made just now."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(FileNotFoundError, FileExistsError):
            folder.mkdir(parents=True, exist_ok=True)
            return tempfile.mkstemp(prefix=_UNFINISHED, dir=folder)
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.mkstemp(prefix=_UNFINISHED, dir=folder)


def _read(file: FileIO, most: int) -> bytes:
    """Read up to `most` bytes, fewer at the file's end. A single read may return fewer than there are."""
    parts: list[bytes] = []
    while most > 0 and (part := file.read(most)):
        parts.append(part)
        most -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
