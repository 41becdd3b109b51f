"""Reading the manifests of data sets, which many reconciles ask for."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from assay.api.errors import InvalidInput
from assay.api.resources import DatasetReference
from assay.runners.gather import read_dataset
from assay_trainer.contract import Dataset, DatasetManifest
from assay_trainer.objects import StoreError

REMEMBERED_SECONDS = 60.0
"""For how long a manifest that was changed in place may go unseen."""


class DatasetNotReadable(InvalidInput):
    """A data set that can't be read now; perhaps later, by the same name."""

    @property
    def may_pass(self) -> bool:
        """Whether only the store is away: nobody has to do anything about the data set."""
        cause = self.__cause__.__cause__ if self.__cause__ else None
        return isinstance(cause, StoreError) and cause.may_pass


class Datasets:
    """Remembers each manifest for a while. For threads to share. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._read: dict[str, tuple[float, tuple[Dataset, DatasetManifest]]] = {}

    def __call__(self, reference: DatasetReference, place: str) -> tuple[Dataset, DatasetManifest]:
        """See `read_dataset`. Raises DatasetNotReadable.

        While the store is away, what is remembered still counts: the data of a study that runs have not become wrong.
        """
        now = self._clock()
        with self._lock:
            known = self._read.get(reference.manifest)
        if known is not None and now - known[0] < REMEMBERED_SECONDS:
            return known[1]
        try:
            found = read_dataset(reference, place)
        except InvalidInput as error:
            if known is not None and isinstance(error.__cause__, StoreError) and error.__cause__.may_pass:
                return known[1]
            raise DatasetNotReadable(error.problems) from error
        with self._lock:
            self._read[reference.manifest] = (now, found)
        return found
