"""Examples that all ranks of a trial train on: the first one that asks loads them, into memory that all share."""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from assay_trainer.arrays import Images, Labels
from assay_trainer.device import give_back_freed_memory

_NUMBER_BYTES, _DIMENSIONS = 8, 4
_WHOLE = -1


class LoadedOnce:
    """Images and labels in memory that processes share which are forked after it was made.

    Each of them gets arrays of its own, as if it had loaded them: a page is copied when somebody changes it. The memory
    belongs to no file system, so that no limit of /dev/shm applies.
    """

    def __init__(self) -> None:
        self._data, self._lock = os.memfd_create("examples"), os.memfd_create("lock")
        self._shape = memoryview(mmap.mmap(-1, _DIMENSIONS * _NUMBER_BYTES)).cast("q")
        """(n, height, width, channels) of the images; zeros until they are there."""

    def __call__(self, load: Callable[[], tuple[Images, Labels]]) -> tuple[Images, Labels]:
        """Return images and labels. `load` is called, and may raise, unless another process has got them from it."""
        with self._locked():
            if not any(self._shape):
                images, labels = load()
                if not self._share(images, labels):
                    return images, labels
        give_back_freed_memory()  # else what was loaded would stay in this process as well
        return self._mapped()

    def close(self) -> None:
        """Give back what it holds of this process."""
        os.close(self._data)
        os.close(self._lock)

    def _share(self, images: Images, labels: Labels) -> bool:
        """Copy the examples to where all find them; return whether there was room."""
        if not images.size:
            return False
        try:
            os.ftruncate(self._data, images.nbytes + labels.nbytes)
        except OSError:  # of a shell's `ulimit -f`
            return False
        for values, start in ((images, 0), (labels, images.nbytes)):
            view, at = memoryview(np.ascontiguousarray(values).reshape(_WHOLE).view(np.uint8).data), start
            while view:
                written = os.pwrite(self._data, view, at)
                view, at = view[written:], at + written
        for dimension, length in enumerate(images.shape):
            self._shape[dimension] = length
        return True

    def _mapped(self) -> tuple[Images, Labels]:
        shape = tuple(self._shape)
        size = int(np.prod(shape))
        data = mmap.mmap(self._data, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        images = np.frombuffer(data, np.uint8, size).reshape(shape)
        return images, np.frombuffer(data[size:], np.uint8).view(np.int64).copy()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.lockf(self._lock, fcntl.LOCK_EX)  # ends with the process that holds it
        try:
            yield
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)
