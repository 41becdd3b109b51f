"""A stream of shuffled batches, of a set of any size, in bounded memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from assay_trainer.data.blocks import BlockReader
from assay_trainer.data.columns import read_columns
from assay_trainer.data.groups import Columns, Group
from assay_trainer.data.shuffled import pools_of, shuffled
from assay_trainer.described import described

POOL_BYTES = 64 << 20
"""About how many bytes are shuffled at a time. There are two such pools in memory: one is read while one is used."""

RESIDENT_BYTES = 32 << 20
"""Files beside the largest ones, such as those of labels, are read once and kept if they have no more than this."""


_Pool = tuple[Columns, NDArray[np.int64]]
"""The columns of a pool, and the order in which its examples are given."""


class Batches(Iterator[Columns]):
    """The batches of one epoch, each a dict of arrays of its own. `position` counts those that were given."""

    def __init__(
        self,
        reader: BlockReader,
        groups: Sequence[Group],
        rows: NDArray[np.int64],
        size: int,
        *,
        seed: int,
        epoch: int,
        start: int = 0,
        pool_bytes: int = POOL_BYTES,
    ) -> None:
        for name, given, least in (("size", size, 1), ("start", start, 0), ("seed", seed, 0), ("epoch", epoch, 0)):
            if not isinstance(given, int | np.integer) or isinstance(given, bool) or given < least:
                raise ValueError(f"{name}: given {described(given)}; allowed: a whole number of {least} or more")
        self._reader, self._size, self._seed, self._epoch = reader, size, seed, epoch
        self._examples = len(rows)
        self.position = min(start, len(self))
        leading = max(groups, key=lambda group: group.bytes)
        at_once = max(1, pool_bytes // max(1, leading.block_bytes))
        self._pools = pools_of(rows, leading.firsts, at_once, seed, epoch)
        self._starts = np.cumsum([0, *map(len, self._pools)])
        small = [group for group in groups if group is not leading and group.bytes <= RESIDENT_BYTES]
        self._streamed = [group for group in groups if group not in small]
        self._rows, self._resident = rows, read_columns(reader, small, rows)
        self._begin()
        self._current: tuple[int, _Pool] | None = None

    def _begin(self) -> None:
        """Make what is of one process: a forked one has none of its parent's threads."""
        self._process = os.getpid()
        self._giving = threading.Lock()
        """Each batch is given once, also if several threads ask for the next one."""
        self._reading = ThreadPoolExecutor(1)
        self._next: tuple[int, Future[Columns]] | None = None

    def __len__(self) -> int:
        return -(-self._examples // self._size)

    def __next__(self) -> Columns:
        if self._process != os.getpid():
            self._reader = BlockReader(self._reader.objects, self._reader.cache)
            self._begin()
        with self._giving:
            return self._next_batch()

    def _next_batch(self) -> Columns:
        if self.position >= len(self):
            self.close()
            raise StopIteration
        begin = self.position * self._size
        end = min(begin + self._size, self._examples)
        parts: list[Columns] = []
        while begin < end:
            pool = int(np.searchsorted(self._starts, begin, side="right")) - 1
            first, stop = int(self._starts[pool]), min(end, int(self._starts[pool + 1]))
            columns, order = self._pool(pool)
            chosen = order[begin - first : stop - first]
            parts.append({name: values[chosen] for name, values in columns.items()})
            begin = stop
        self.position += 1
        if len(parts) == 1:
            return parts[0]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def close(self) -> None:
        """Let go of all memory. An iteration that goes to its end does it by itself."""
        self._reading.shutdown(wait=False, cancel_futures=True)
        self._current = self._next = None

    def _pool(self, pool: int) -> _Pool:
        """Return a pool, and begin to read the next one."""
        if self._current is not None and self._current[0] == pool:
            return self._current[1]
        self._current = None  # before another one is waited for, so that no third one is in memory
        columns = self._next[1].result() if self._next is not None and self._next[0] == pool else self._read(pool)
        order = shuffled(len(self._pools[pool]), pool, self._seed, self._epoch)
        self._current = (pool, (columns, order))
        following = pool + 1
        self._next = (following, self._reading.submit(self._read, following)) if following < len(self._pools) else None
        return self._current[1]

    def _read(self, pool: int) -> Columns:
        rows = self._pools[pool]
        places = np.searchsorted(self._rows, rows)
        kept = {name: values[places] for name, values in self._resident.items()}
        return {**read_columns(self._reader, self._streamed, rows), **kept}
