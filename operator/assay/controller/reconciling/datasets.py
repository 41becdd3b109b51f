"""Reading the manifests of data sets, which many reconciles ask for."""

from __future__ import annotations

from collections.abc import Callable

from assay.api.errors import InvalidInput
from assay.api.resources import DatasetReference
from assay.controller.remembering.remembered import Remembered
from assay.rounds.gather import read_dataset
from assay.store import StoreLimits, Turn
from assay_trainer.contract import Dataset, DatasetManifest, ExamplesManifest
from assay_trainer.objects import StoreError

MOST_REMEMBERED = 50_000
"""Shards, sizes and classes of all manifests together, about 700 bytes each. What was not asked for for the longest
time is forgotten."""


class DatasetNotReadable(InvalidInput):
    """A data set that can't be read now; perhaps later, by the same name."""

    @property
    def may_pass(self) -> bool:
        """Whether only the store is away: nobody has to do anything about the data set."""
        cause = self.__cause__.__cause__ if self.__cause__ else None
        return isinstance(cause, StoreError) and cause.may_pass


class Datasets:
    """Remembers each manifest for a while. For threads to share. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float], limits: StoreLimits | None = None) -> None:
        self._limit = (limits or StoreLimits()).manifest
        self._remembered = Remembered[tuple[Dataset, DatasetManifest | ExamplesManifest]](
            clock, MOST_REMEMBERED, _size_of
        )

    def __call__(
        self, reference: DatasetReference, place: str, turn: Turn | None = None
    ) -> tuple[Dataset, DatasetManifest | ExamplesManifest]:
        """Return what `read_dataset` returns. Raises DatasetNotReadable, TurnOver.

        While the store is away, what is remembered still counts: the data of a running study have not become wrong.
        """

        def read() -> tuple[Dataset, DatasetManifest | ExamplesManifest]:
            try:
                return read_dataset(reference, place, self._limit)
            except InvalidInput as error:
                raise DatasetNotReadable(error.problems) from error

        return self._remembered.get(reference.address, read, turn)


def _size_of(found: tuple[Dataset, DatasetManifest | ExamplesManifest]) -> int:
    """Return how many things in a manifest take memory."""
    manifest = found[1]
    if isinstance(manifest, ExamplesManifest):
        named = sum(len(field.names) for field in manifest.fields.values())
        return 10 + 2 * named + len(manifest.fields) + len(manifest.train.files) + len(manifest.held_out.files)
    images = (manifest.train.images, manifest.held_out.images)
    return 10 + sum(len(each) + sum(map(len, each.values())) for each in images) + len(manifest.classes)
