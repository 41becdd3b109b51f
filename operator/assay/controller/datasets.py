"""Reading the manifests of data sets, which many reconciles ask for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from assay.api.errors import InvalidInput
from assay.api.resources import DatasetReference
from assay.runners.gather import read_dataset
from assay.store import Limits, Turn
from assay_trainer.contract import Dataset, DatasetManifest
from assay_trainer.objects import StoreError

REMEMBERED_SECONDS = 60.0
"""For how long a manifest that was changed in place may go unseen."""

MOST_REMEMBERED = 50_000
"""Shards, sizes and classes of all manifests together, about 700 bytes each: what was not asked for the longest is
forgotten."""


class DatasetNotReadable(InvalidInput):
    """A data set that can't be read now; perhaps later, by the same name."""

    @property
    def may_pass(self) -> bool:
        """Whether only the store is away: nobody has to do anything about the data set."""
        cause = self.__cause__.__cause__ if self.__cause__ else None
        return isinstance(cause, StoreError) and cause.may_pass


class _Known(NamedTuple):
    """A data set that was read, and when."""

    at: float
    found: tuple[Dataset, DatasetManifest]
    size: int


class Datasets:
    """Remembers each manifest for a while. For threads to share. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float], limits: Limits | None = None) -> None:
        self._clock = clock
        self._limit = (limits or Limits()).manifest
        self._lock = Lock()
        self._read: OrderedDict[str, _Known] = OrderedDict()
        self._size = 0

    def __call__(
        self, reference: DatasetReference, place: str, turn: Turn | None = None
    ) -> tuple[Dataset, DatasetManifest]:
        """See `read_dataset`. Raises DatasetNotReadable; TurnOver if the turn is.

        While the store is away, what is remembered still counts: the data of a study that runs have not become wrong.
        """
        now = self._clock()
        with self._lock:
            known = self._read.get(reference.manifest)
            if known is not None:
                self._read.move_to_end(reference.manifest)
        if known is not None and now - known.at < REMEMBERED_SECONDS:
            return known.found
        if turn is not None:
            turn.begin()
        try:
            found = read_dataset(reference, place, self._limit)
        except InvalidInput as error:
            if known is not None and isinstance(error.__cause__, StoreError) and error.__cause__.may_pass:
                return known.found
            raise DatasetNotReadable(error.problems) from error
        self._remember(reference.manifest, _Known(now, found, _size_of(found[1])))
        return found

    def _remember(self, uri: str, latest: _Known) -> None:
        with self._lock:
            earlier = self._read.pop(uri, None)
            self._read[uri] = latest
            self._size += latest.size - (earlier.size if earlier else 0)
            while self._size > MOST_REMEMBERED and len(self._read) > 1:
                self._size -= self._read.popitem(last=False)[1].size


def _size_of(manifest: DatasetManifest) -> int:
    """Of what takes memory in it."""
    images = (manifest.train.images, manifest.held_out.images)
    return 10 + sum(len(each) + sum(map(len, each.values())) for each in images) + len(manifest.classes)
