"""Inputs that a train function reads by itself, files or folders: their digests, and whether they were edited."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from assay_trainer.contract import Input, InputInspected, canonical_json, digest, stamp_digest
from assay_trainer.objects import ObjectNotFound, StoreError, object_stamp

MOST_FILES = 100_000
MOST_BYTES = 64 << 30

NOT_COUNTED = frozenset({"__pycache__", ".assay", ".git", ".DS_Store"})
"""Names that are skipped within a folder: Python, Assay, git and file browsers write them by themselves."""

_READ_BYTES = 1 << 20


class UnusableInput(ValueError):
    """An input is not there, can't be read, or has no end."""


class _Found(NamedTuple):
    """A file, or a link that leads nowhere new, with its name within the input; the name is empty if it is the
    input."""

    name: str
    path: Path
    status: os.stat_result
    link: str | None = None


def inspect_input(uri: str) -> InputInspected:
    """Return the digest of an input; never raises for what the user did.

    Call it in a process that may be killed: reading from another machine's disk may never end.
    """
    try:
        if uri.startswith("s3://"):
            return InputInspected(uri=uri, digest=stamp_digest(object_stamp(uri)))
        path = _path(uri)
        found = list(_found(path))
        counted, stamp = _digest(found), _stamp(found)
        if stamp != _stamp(_found(path)):
            raise UnusableInput("it changes while it is read")
    except RecursionError:
        return InputInspected(uri=uri, error="its folders are nested too deeply")
    except ObjectNotFound:
        return InputInspected(uri=uri, error="there is nothing")
    except (StoreError, ValueError) as error:
        return InputInspected(uri=uri, error=str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return InputInspected(uri=uri, error=f"{where}{error.strerror or error}")
    return InputInspected(uri=uri, digest=counted, stamp=stamp)


def edited(inputs: Sequence[Input], stamps: Mapping[str, str]) -> str | None:
    """Return the URI of the first input whose content no longer has its digest; None if there is none.

    Inputs without a stamp are not looked at, and inputs of which no file was touched since then are not read.
    """
    for each in inputs:
        stamp = stamps.get(each.uri)
        if not stamp:
            continue
        try:
            if _stamp(_found(_path(each.uri))) == stamp:
                continue
        except (OSError, UnusableInput):
            return each.uri
        if inspect_input(each.uri).digest != each.digest:
            return each.uri
    return None


def _path(uri: str) -> Path:
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        raise UnusableInput("it is neither a path nor s3://bucket/name")
    return Path(unquote(parts.path))


def _found(path: Path) -> Iterator[_Found]:
    """Yield everything that counts, in an order that depends on names alone. Raises UnusableInput for what can't be
    digested."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise UnusableInput("there is nothing") from None
    if stat.S_ISDIR(status.st_mode):
        found = _below(path, "", ((status.st_dev, status.st_ino),))
    else:
        found = iter([_checked(_Found("", path, status))])
    files, size = 0, 0
    for each in found:
        files, size = files + 1, size + each.status.st_size
        if files > MOST_FILES or size > MOST_BYTES:
            raise UnusableInput(f"it has more than {MOST_FILES:,} files, or {MOST_BYTES >> 30} GiB")
        yield each
    if not files:
        raise UnusableInput("it is a folder without files")


def _below(folder: Path, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[_Found]:
    """Walk through a folder. `above` has the device and inode of the folder and of those around it, so that a link back
    to them ends the walk."""
    with os.scandir(folder) as entries:
        names = sorted(islice((each.name for each in entries if each.name not in NOT_COUNTED), MOST_FILES + 1))
    for name in names:
        path, inner = folder / name, f"{prefix}{name}"
        try:
            status = path.stat()
        except FileNotFoundError:  # a link that leads nowhere, as some editors leave
            yield _Found(inner, path, path.lstat(), str(path.readlink()))
            continue
        identity = (status.st_dev, status.st_ino)
        if not stat.S_ISDIR(status.st_mode):
            yield _checked(_Found(inner, path, status))
        elif identity in above:
            yield _Found(inner, path, path.lstat(), "a link to a folder that it is in")
        else:
            yield from _below(path, f"{inner}/", (*above, identity))


def _checked(found: _Found) -> _Found:
    if not stat.S_ISREG(found.status.st_mode):
        kind = "a pipe" if stat.S_ISFIFO(found.status.st_mode) else "a socket or a device"
        where = f"{found.name} in it is" if found.name else "it is"
        raise UnusableInput(f"{where} {kind}, which has no contents that could be digested")
    return found


def _digest(found: Sequence[_Found]) -> str:
    if len(found) == 1 and not found[0].name:
        return f"sha256:{_file_digest(found[0])}"
    listed = [[_text(each.name), _text(each.link) if each.link else _file_digest(each)] for each in found]
    return digest(canonical_json(listed))


def _file_digest(found: _Found) -> str:
    """Return the digest of the first `size` bytes: a file without an end must not be read for ever."""
    counted, left = hashlib.sha256(), found.status.st_size
    # Not blocking, in case something else has taken the file's place since.
    with os.fdopen(os.open(found.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise UnusableInput("it changes while it is read")
        while left > 0 and (data := file.read(min(_READ_BYTES, left))):
            counted.update(data)
            left -= len(data)
        if left or file.read(1):
            raise UnusableInput(f"{found.path} has not as many bytes as its size says, or changes while it is read")
    return counted.hexdigest()


def _stamp(found: Iterable[_Found]) -> str:
    """Return a stamp that changes whenever a file is written to, replaced, added or removed; now and then also without
    a change."""
    counted = hashlib.sha256()
    for name, _, status, link in found:
        times = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_dev, status.st_ino)
        counted.update(repr((name, times, link)).encode(errors="surrogateescape"))
    return counted.hexdigest()


def _text(name: str) -> str:
    return os.fsencode(name).decode(errors="backslashreplace")
