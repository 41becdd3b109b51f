"""Blocks that a trial of this machine has read and checked, kept for the next one.

A block is a file that is named by its digest. Whoever finds it need not hash it again: it got its name when it had been
checked. So that this holds after a crash of the machine, which may leave a file of the right length with wrong bytes,
the name has the machine's boot, too; a block of an earlier boot is checked once more.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import mmap
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from assay_trainer.contract import CACHE_BYTES_VARIABLE
from assay_trainer.shards.cache_folder import cache_folder

DEFAULT_LIMIT_BYTES = 20 << 30

YOUNG_SECONDS = 600.0
"""For so long what was used is not removed. Else a data set beyond the limit would push out its own beginning before
anybody reads it again, and each trial would read all of it anew."""

_FREE_SHARE = 0.05
"""The part of the disk that stays free for others."""

_PARTIAL = ".partial-"
_log = logging.getLogger(__name__)


class NodeCache:
    """Checked blocks in a folder that several processes use at a time. Nothing here raises: without room, without
    rights or with a full disk blocks are simply not kept."""

    def __init__(
        self,
        folder: Path,
        limit_bytes: int = DEFAULT_LIMIT_BYTES,
        *,
        boot: str | None = None,
        young: float | None = None,
    ) -> None:
        self.folder, self.limit_bytes = folder, limit_bytes
        self._boot = _boot() if boot is None else boot
        self._young = YOUNG_SECONDS if young is None else young
        self._is_writable = True

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> NodeCache | None:
        """Return the cache in the folder `ASSAY_CACHE`, else in the user's folder for caches; None if it is set to
        nothing.

        Raises ValueError for an `ASSAY_CACHE_BYTES` that is no whole number of 0 or more.
        """
        given = environment.get(CACHE_BYTES_VARIABLE) or str(DEFAULT_LIMIT_BYTES)
        if not given.isdecimal():
            raise ValueError(f"{CACHE_BYTES_VARIABLE}: given {given!r}; allowed: a whole number of bytes")
        folder = cache_folder(environment)
        return cls(folder, int(given)) if folder is not None and int(given) else None

    def find(self, digest: str, length: int) -> memoryview | None:
        """Return the block with this digest, mapped and read-only; None if it is not here."""
        if not length:
            return None
        path = self._path(digest)
        found = _mapped(path, length)
        if found is not None:
            return found.data if found.is_ours or _has_digest(found.data, path) else None
        older = self._of_another_boot(path)
        if older is None or (found := _mapped(older, length)) is None:
            return None
        is_whole = _has_digest(found.data, path)
        with suppress(OSError):
            if is_whole:
                older.rename(path)
            else:
                older.unlink()
        return found.data if is_whole else None

    def keep(self, digest: str, data: memoryview) -> None:
        """Keep a block that was checked, if there is room."""
        if not self._is_writable or not len(data):
            return
        path = self._path(digest)
        partial = path.with_name(f"{_PARTIAL}{uuid.uuid4().hex}")
        try:
            if _length(path) == len(data) or (descriptor := self._begin(partial, len(data))) is None:
                return
            try:
                with os.fdopen(descriptor, "wb", buffering=0) as file:
                    at = 0
                    while at < len(data):
                        at += file.write(data[at:])
                partial.rename(path)
            except BaseException:
                with suppress(OSError):
                    partial.unlink()
                raise
        except OSError as error:  # a full disk, a folder that can't be written
            self._give_up(error)

    def note_checked(self, file: str, blocks: bytes) -> None:
        """Note that a file has these blocks, records of equal length."""
        if not self._is_writable:
            return
        path = self._checked(file)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            try:
                os.write(descriptor, blocks)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._give_up(error)

    def checked(self, file: str, length: int) -> frozenset[bytes]:
        """Return the blocks that a file was found to have, records of `length` bytes."""
        try:
            return _records(self._checked(file).read_bytes(), length)
        except OSError:
            return frozenset()

    # ------------------------------------------------------------------------- room

    def _begin(self, partial: Path, length: int) -> int | None:
        """Return the descriptor of a new file of this length, which has its room from now on; None without room."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked() as total:
            disk = os.statvfs(self.folder)
            if disk.f_bavail * disk.f_frsize - length < disk.f_blocks * disk.f_frsize * _FREE_SHARE:
                return None
            used = _number(os.pread(total, 32, 0))
            if used is None or used + length > self.limit_bytes:
                used = self._clean(self.limit_bytes - length)
            descriptor = None
            if used + length <= self.limit_bytes:
                partial.parent.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
                os.ftruncate(descriptor, length)  # so that another process counts it before it is written
                used += length
            os.pwrite(total, (b"%d" % used).ljust(32), 0)
            return descriptor

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Yield the descriptor of the file that says how much is used, while no other process changes it."""
        descriptor = os.open(self.folder / "used", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _clean(self, limit: int) -> int:
        """Remove what was not used for longest until `limit` bytes are left; return how many there are."""
        now, used = time.time(), 0
        found: list[tuple[float, int, Path]] = []
        for folder in ("blocks", "checked"):
            for parent, _, names in os.walk(self.folder / folder):
                for name in names:
                    path = Path(parent, name)
                    with suppress(OSError):
                        status = path.stat()
                        used += status.st_size
                        if now - status.st_mtime > self._young:
                            found.append((status.st_mtime, status.st_size, path))
        for _, size, path in sorted(found):
            if used > limit or path.name.startswith(_PARTIAL):
                with suppress(OSError):
                    path.unlink()
                    used -= size
        return used

    def _give_up(self, error: OSError) -> None:
        if self._is_writable:
            self._is_writable = False
            _log.warning(
                "the cache %s can't be used (%s): data are read without it", self.folder, error.strerror or error
            )

    # ------------------------------------------------------------------------- names

    def _path(self, digest: str) -> Path:
        name = digest.removeprefix("sha256:")
        return self.folder / "blocks" / name[:2] / f"{name}.{self._boot}"

    def _of_another_boot(self, path: Path) -> Path | None:
        stem = path.name.partition(".")[0]
        try:
            with os.scandir(path.parent) as entries:
                names = (each.name for each in entries if each.name.startswith(f"{stem}.") and each.name != path.name)
                return next((path.with_name(name) for name in names), None)
        except OSError:
            return None

    def _checked(self, file: str) -> Path:
        return self.folder / "checked" / f"{hashlib.sha256(file.encode()).hexdigest()[:32]}.{self._boot}"


class _Mapped(NamedTuple):
    """A mapped file. `is_ours`: nobody else but root could have written it under a name that it does not deserve."""

    data: memoryview
    is_ours: bool


def _mapped(path: Path, length: int) -> _Mapped | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if status.st_size != length:
            return None
        with suppress(OSError):  # a read-only cache serves as well
            os.utime(descriptor)
        data = memoryview(mmap.mmap(descriptor, length, prot=mmap.PROT_READ))
        return _Mapped(data, status.st_uid in (os.geteuid(), 0))
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _has_digest(data: memoryview, path: Path) -> bool:
    return hashlib.sha256(data).hexdigest() == path.name.partition(".")[0]


def _length(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except OSError:
        return None


def _records(data: bytes, length: int) -> frozenset[bytes]:
    return frozenset(data[at : at + length] for at in range(0, len(data) - length + 1, length))


def _number(text: bytes) -> int | None:
    return int(text) if text.strip().isdigit() else None


def _boot() -> str:
    """Return eight characters that tell one run of this machine from another."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return uuid.uuid4().hex[:8]
