"""What a train function gets of a split: arrays, a data set for torch, or a stream of batches."""

from __future__ import annotations

import dataclasses
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assay_trainer.contract import DataField
from assay_trainer.data.batches import Batches
from assay_trainer.data.blocks import BlockReader
from assay_trainer.data.columns import read_columns
from assay_trainer.data.groups import Columns, Group
from assay_trainer.data.node_cache import NodeCache
from assay_trainer.objects import FileObjects, StoreError, open_objects
from assay_trainer.shards.errors import InvalidDataset

if TYPE_CHECKING:  # a trial may do without torch
    from assay_trainer.data.torch_dataset import MappedDataset

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Examples:
    """The examples of a split that a trial gets, at its image size. Nothing is read before it is asked for."""

    schema: Mapping[str, DataField]
    """The fields by name: `.kind`, `.type`, `.shape`, and `.names` of classes."""
    uri: str
    """The folder of the data set."""
    groups: Sequence[Group]
    rows: NDArray[np.int64] | None
    """The places of the examples in the split, ascending; None for all."""
    elsewhere: Callable[[], Examples] | None = None
    """Of a copy: finds the same examples, in the same order, in their data set."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is open: another process opens it anew. It does without a copy."""
        examples = self if self.elsewhere is None else self.elsewhere()
        return {field.name: getattr(examples, field.name) for field in dataclasses.fields(self)}

    def __len__(self) -> int:
        return self.groups[0].examples if self.rows is None else len(self.rows)

    def arrays(self) -> Columns:
        """Return all examples as arrays by field, (n, …); texts, bytes and lists of different lengths as objects.

        They are read into memory once, and are the caller's to change. Raises InvalidDataset, StoreError.
        """
        try:
            return read_columns(self._reader, self.groups, self.rows)
        except (InvalidDataset, StoreError) as error:
            return self._without_copy(error).arrays()

    def torch(self, transform: Callable[[dict[str, Any]], Any] | None = None) -> MappedDataset:
        """Return a map-style data set for any `torch.utils.data.DataLoader`: each example a dict of values by field, or
        what `transform` makes of it. JPEGs are decoded, to uint8 (height, width, channels).

        The files are mapped: those of a store in S3 are first brought to the node's cache, or for want of one to a
        folder that ends with the process.
        """
        try:
            return self._mapped(transform)
        except (InvalidDataset, StoreError) as error:
            return self._without_copy(error).torch(transform)

    def _mapped(self, transform: Callable[[dict[str, Any]], Any] | None) -> MappedDataset:
        from assay_trainer.data.torch_dataset import MappedDataset

        reader = self._reader
        opened: Callable[[], BlockReader] = partial(open_reader, self.uri)
        if not self.is_local and reader.cache is None:
            opened = partial(open_reader, self.uri, self._own_folder.name)
            reader = opened()
        if not self.is_local or self.elsewhere is not None:  # else each block is checked when it is wanted
            used = [group.blocks[index] for group in self.groups for index in group.used(self.rows)]
            reader.read(used, lambda _index, _data: None)
        return MappedDataset(opened, self.groups, self.rows, transform)

    def batches(self, size: int, *, seed: int = 0, epoch: int = 0, start: int = 0) -> Batches:
        """Return the batches of an epoch as an iterator of dicts of arrays, (size, …) each, the last one with the rest.

        Blocks come in a random order, and examples are shuffled among those of the 64 MiB of blocks that are read at
        a time, so that memory stays bounded whatever the set's size. Seed and epoch give the same batches again, and
        `start` leaves out so many of the first, without reading them: to go on after a stop, keep the iterator's
        `position`. Raises ValueError for numbers that are none, or below 0 (a size: below 1); InvalidDataset and
        StoreError as it goes on.
        """
        if self.elsewhere is not None:  # the order follows the blocks, and is not to depend on whether there is a copy
            return self.elsewhere().batches(size, seed=seed, epoch=epoch, start=start)
        rows = np.arange(len(self)) if self.rows is None else self.rows
        return Batches(self._reader, self.groups, rows, size, seed=seed, epoch=epoch, start=start)

    @property
    def is_local(self) -> bool:
        """Whether the files are on this machine."""
        return isinstance(self._reader.objects, FileObjects)

    def _without_copy(self, error: InvalidDataset | StoreError) -> Examples:
        """Return the examples in their data set. Raises the error if these are no copy."""
        if self.elsewhere is None:
            raise error
        _log.warning("the copy of the chosen examples is not used: %s", error)
        return self.elsewhere()

    @cached_property
    def _reader(self) -> BlockReader:
        return open_reader(self.uri)

    @cached_property
    def _own_folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="assay-blocks-", ignore_cleanup_errors=True)


def open_reader(uri: str, folder: str | None = None) -> BlockReader:
    """Return a reader of the blocks below a URI, by way of a folder, else of the node's cache."""
    return BlockReader(open_objects(uri), NodeCache.from_environment() if folder is None else NodeCache(Path(folder)))
