"""Reads blocks of objects: several at a time, each checked against its digest, from the node's cache where it can."""

from __future__ import annotations

import hashlib
import mmap
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from assay_trainer.data.node_cache import NodeCache
from assay_trainer.objects import FileObjects, ObjectNotFound, Objects
from assay_trainer.objects.names import checked_name
from assay_trainer.processes.linux import usable_cores
from assay_trainer.shards.errors import InvalidDataset

PART_BYTES = 8 << 20
"""Neighbouring blocks are asked for together, up to so many bytes: a request costs as much as some 300 KiB."""

THREADS = 8
"""The requests at a time."""

TRIES = 3
"""How often a block is read that comes with wrong bytes, as a bad network may deliver it."""

_SETTLED_NS = 2_000_000_000
"""A file that was written less long ago may still change without another time of its last change."""


@dataclass(frozen=True)
class Block:
    """`length` bytes of the object `name` from `start` on, and the digest that they must have."""

    name: str
    start: int
    length: int
    digest: str

    @property
    def end(self) -> int:
        return self.start + self.length


Use = Callable[[int, memoryview], None]
Room = Callable[[int], memoryview]


_seen: dict[Path, os.stat_result] = {}
"""The files of data sets that this trial has read, as they were at first."""


def watch_files() -> None:
    """Begin anew to remember the files that are read: a process may do one trial after another."""
    _seen.clear()


def check_files_unedited() -> None:
    """Raise InvalidDataset if a file of a data set on this machine was edited since this trial has read it.

    What is mapped changes with its file, so that nobody can say which of its bytes a trial was given.
    """
    for path, before in _seen.items():
        try:
            now = path.stat()
        except OSError:  # what was mapped stays if its name goes, also to another file
            continue
        is_same = (now.st_dev, now.st_ino) == (before.st_dev, before.st_ino)
        if is_same and (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise InvalidDataset(f"{path}: edited while it was read, so that a trial may have been given either")


def _version(status: os.stat_result) -> str:
    return repr((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


class BlockReader:
    """Reads blocks of the objects behind a prefix. Several threads may use it; a forked process needs its own."""

    def __init__(self, objects: Objects, cache: NodeCache | None) -> None:
        self.objects, self.cache = objects, cache
        self._files: dict[str, _MappedFile] = {}
        self._lock = threading.Lock()
        self._own = threading.local()

    def read(self, blocks: Sequence[Block], use: Use, room: Room | None = None) -> None:
        """Call `use(index, data)` for each block once its bytes are there and checked, from several threads and in any
        order; the data are good only during the call.

        With `room`, block i is read into the buffer `room(i)` instead of one that is used again. Raises InvalidDataset
        for a block that is missing, cut or damaged, StoreError if the store can't be read; what `use` raises, too.
        """
        _check_names(blocks)
        with self._lock:
            self._files.clear()  # each reading looks at the files anew
        missing: list[int] = []

        def take(part: range) -> None:
            missing.extend(self._take_what_is_here(blocks, part, use, room))

        parts = list(_parts(blocks, range(len(blocks)), alone=room is not None))
        if isinstance(self.objects, FileObjects) or self.cache is not None:
            _in_threads(take, parts, usable_cores())  # more threads than cores would only get in one another's way
            parts = list(_parts(blocks, sorted(missing), alone=room is not None))
        _in_threads(lambda part: self._take_fetched(blocks, part, use, room), parts, THREADS)

    def block(self, block: Block) -> memoryview:
        """Return one block, read-only: mapped if it can be. Raises as `read`."""
        _check_names([block])
        if (found := self._here(block)) is not None:
            return found
        data = memoryview(bytearray(block.length))
        self._fetch([block], data)
        self._verified(block, data)
        return data.toreadonly()

    def _take_what_is_here(self, blocks: Sequence[Block], part: range, use: Use, room: Room | None) -> Iterator[int]:
        """Yield the blocks that are not on this machine, after the use of those that are."""
        for index in part:
            if (found := self._here(blocks[index])) is None:
                yield index
                continue
            if room is not None:
                target = room(index)
                target[:] = found
                found = target
            use(index, found)

    def _take_fetched(self, blocks: Sequence[Block], part: range, use: Use, room: Room | None) -> None:
        wanted = [blocks[index] for index in part]
        length = wanted[-1].end - wanted[0].start
        buffer = self._scratch(length) if room is None else room(part[0])
        self._fetch(wanted, buffer)
        at = 0
        for index, block in zip(part, wanted, strict=True):
            data = buffer[at : at + block.length]
            self._verified(block, data)
            use(index, data)
            at += block.length

    def _here(self, block: Block) -> memoryview | None:
        """Return the block if it is on this machine; None if it has to be fetched."""
        if not block.length:
            return memoryview(b"")
        if isinstance(self.objects, FileObjects):
            return self._file(block).block(block)
        return self.cache.find(block.digest, block.length) if self.cache is not None else None

    def _file(self, block: Block) -> _MappedFile:
        name = block.name
        with self._lock:
            if name not in self._files:
                assert isinstance(self.objects, FileObjects)
                try:
                    self._files[name] = _MappedFile(self.objects, name, self.cache)
                except ObjectNotFound:
                    raise _missing(block, self.objects.uri) from None
            return self._files[name]

    def _fetch(self, blocks: Sequence[Block], buffer: memoryview) -> None:
        """Fill the buffer with blocks that follow one another."""
        first, end = blocks[0], blocks[-1].end
        try:
            came = self.objects.read_into(first.name, first.start, buffer)
        except ObjectNotFound:
            raise _missing(blocks[-1], self.objects.uri) from None
        if came < len(buffer):
            raise InvalidDataset(
                f"shard {first.name}: {first.start + came} bytes; expected {end}, at {self.objects.uri}"
            )

    def _verified(self, block: Block, data: memoryview) -> None:
        """Check a block that was fetched, fetch it again if its bytes are wrong, and keep it."""
        for tries in range(1, TRIES + 1):
            found = f"sha256:{hashlib.sha256(data).hexdigest()}"
            if found == block.digest:
                break
            if tries == TRIES:
                raise _damaged(block, found, self.objects.uri)
            self._fetch([block], data)
        if self.cache is not None:
            self.cache.keep(block.digest, data)

    def _scratch(self, length: int) -> memoryview:
        """Return a buffer of this thread, which the next call uses again: fresh memory has to be zeroed each time."""
        buffer: bytearray | None = getattr(self._own, "buffer", None)
        if buffer is None or len(buffer) < length:
            self._own.buffer = buffer = bytearray(length)
        return memoryview(buffer)[:length]


class _MappedFile:
    """A file on this machine, whose blocks are checked once in each version of it."""

    def __init__(self, objects: FileObjects, name: str, cache: NodeCache | None) -> None:
        self._uri, self._name, self._cache = objects.uri, name, cache
        with objects.opened(name) as file:
            status = os.fstat(file.fileno())
            self._size = status.st_size
            self._data = memoryview(mmap.mmap(file.fileno(), self._size, prot=mmap.PROT_READ) if self._size else b"")
        self._version = _version(status)
        _seen.setdefault(objects.path(name), status)
        self._has_settled = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED_NS
        self._checked = cache.checked(self._version, _RECORD) if cache is not None else frozenset()

    def block(self, block: Block) -> memoryview:
        if block.end > self._size:
            raise InvalidDataset(f"shard {self._name}: {self._size} bytes; expected {block.end}, at {self._uri}")
        data = self._data[block.start : block.end]
        record = _record(block)
        if record not in self._checked:
            if (found := f"sha256:{hashlib.sha256(data).hexdigest()}") != block.digest:
                raise _damaged(block, found, self._uri)
            if self._cache is not None and self._has_settled:
                self._cache.note_checked(self._version, record)
        return data


_RECORD = 32


def _record(block: Block) -> bytes:
    """Return what is noted of a block that a file was found to have."""
    return hashlib.sha256(f"{block.start} {block.length} {block.digest}".encode()).digest()


def _check_names(blocks: Sequence[Block]) -> None:
    for name in {each.name for each in blocks}:
        try:
            checked_name(name)
        except ValueError as error:
            raise InvalidDataset(f"shard path: {error}") from None


def _in_threads(work: Callable[[range], None], parts: Sequence[range], threads: int) -> None:
    """Do the work on all parts. Raises what it raises, once nothing of it goes on."""
    if len(parts) <= 1 or threads == 1:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(min(threads, len(parts))) as pool:
        tasks = [pool.submit(work, part) for part in parts]
        try:
            for each in tasks:
                each.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _parts(blocks: Sequence[Block], indices: Sequence[int], alone: bool) -> Iterator[range]:
    """Yield the indices, ascending, of blocks that follow one another, so many that they can be asked for together."""
    first = 0
    for place in range(1, len(indices) + 1):
        begin, before = indices[first], indices[place - 1]
        if (
            place == len(indices)
            or alone
            or indices[place] != before + 1
            or blocks[before + 1].name != blocks[before].name
            or blocks[before + 1].start != blocks[before].end
            or blocks[before + 1].end - blocks[begin].start > PART_BYTES
        ):
            yield range(begin, before + 1)
            first = place


def _missing(block: Block, uri: str) -> InvalidDataset:
    return InvalidDataset(f"shard {block.name}: missing; expected {block.end} bytes, at {uri}")


def _damaged(block: Block, found: str, uri: str) -> InvalidDataset:
    return InvalidDataset(
        f"shard {block.name}: damaged, at {uri}: digest {found}; expected {block.digest} "
        f"of bytes {block.start} to {block.end - 1}"
    )
