"""Objects as files below a folder, safe against crashes and concurrent writers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from assay_trainer.objects.errors import ObjectNotFound, StoreError
from assay_trainer.objects.names import checked_name, checked_prefix

_UNFINISHED = ".unfinished-"  # names that begin with a dot are no object names, so a list never shows them


class FileObjects:
    """See the `Objects` protocol. `root` is made when first written to.

    An object appears whole or not at all: it is written and synced under a temporary name, then linked to
    its own, which fails if the name is taken (link(2)); a rename would overwrite.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    @property
    def uri(self) -> str:
        return self._root.as_uri()

    def get(self, name: str) -> bytes:
        with self._translated_errors(name):
            return self._path(name).read_bytes()

    def read_range(self, name: str, start: int, length: int) -> bytes:
        with self._translated_errors(name), self._path(name).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def put_if_absent(self, name: str, data: bytes) -> bool:
        path = self._path(name)
        with self._translated_errors(name):
            if path.exists():
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
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

    def list(self, prefix: str) -> Sequence[str]:
        folder = self._root / checked_prefix(prefix)
        with self._translated_errors(prefix):
            return sorted(
                os.path.relpath(os.path.join(parent, file), self._root)
                for parent, folders, files in os.walk(folder, onerror=_raise_unless_missing)
                for file in files
                if not file.startswith(".")
            )

    def _path(self, name: str) -> Path:
        return self._root / checked_name(name)

    @contextmanager
    def _translated_errors(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise ObjectNotFound(f"{self.uri}/{name}") from None
        except OSError as error:
            raise StoreError(f"{self.uri}/{name}: {error.strerror or error}") from error


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
