"""Reads square images with labels from data sets of version 2, whose blocks each have a digest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.data.blocks import Block, BlockReader
from assay_trainer.data.square_images import Choose
from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.shards.format import BlockIndex, array_of, group_schema, read_block, read_index
from assay_trainer.trial import Images, Labels


@dataclass(frozen=True)
class OpenedExamples:
    """A data set whose manifest matches its reference; blocks are read, and checked, on demand."""

    reference: contract.Dataset
    manifest: contract.ExamplesManifest
    reader: BlockReader

    @property
    def classes(self) -> int:
        """The number of classes; labels are 0 to this minus one."""
        return len(self.manifest.classes)

    def train(self, image_size: int | None = None, choose: Choose | None = None) -> tuple[Images, Labels]:
        """Return (images, labels) of the training split, as `held_out` does of the other; with `choose`, of the
        examples that it chooses. Blocks that have none of them are not read."""
        return self._read("train", self.manifest.train, image_size, choose)

    def held_out(self, image_size: int | None = None) -> tuple[Images, Labels]:
        """Return images, uint8 (n, height, width, channels) of `image_size` pixels a side, and labels, int64 (n,).

        `image_size` None means the largest there is. The caller may change the arrays. Raises InvalidDataset if there
        are no images of that size, or a file is missing, truncated or differs from what it should be; StoreError if the
        store can't be read.
        """
        return self._read("held-out", self.manifest.held_out, image_size, None)

    def _read(
        self, name: str, split: contract.ExamplesSplit, image_size: int | None, choose: Choose | None
    ) -> tuple[Images, Labels]:
        image, label = self.manifest.image(), self.manifest.label()
        if image is None or label is None or image[1].encoding != "uint8":
            raise InvalidDataset(f"{self.reference.manifest}: no decoded images with a class")
        size = self._checked_size(name, split, image_size)
        everything = np.arange(split.examples)
        labels = np.empty(split.examples, np.int64)
        self._fill(split, contract.FIELDS_GROUP, label[0], everything, labels)
        if labels.min() < 0 or labels.max() >= self.classes:
            raise InvalidDataset(
                f"{self.reference.manifest}: the {name} split has labels from {labels.min()} to {labels.max()}; "
                f"expected 0 to {self.classes - 1}"
            )
        rows = everything if choose is None else choose(labels)
        images = np.empty((len(rows), size, size, self.manifest.channels), np.uint8)
        self._fill(split, f"image-{size}", image[0], rows, images)
        return images, labels if choose is None else labels[rows]

    def _fill(
        self,
        split: contract.ExamplesSplit,
        group: str,
        field: str,
        rows: NDArray[np.int64],
        into: NDArray[np.uint8] | NDArray[np.int64],
    ) -> None:
        """Copy a field of the examples at `rows`, ascending, into an array."""
        if (files := split.files.get(group)) is None:
            raise InvalidDataset(f"{self.reference.manifest}: no files of the group {group}")
        index = self._index(files, split.examples)
        schema = group_schema(self.manifest.fields, group)
        begins, stops = (np.searchsorted(rows, each) for each in (index.first, index.first + index.examples))
        used = np.flatnonzero(begins < stops)

        def take(place: int, data: memoryview) -> None:
            block = used[place]
            begin, stop = begins[block], stops[block]
            found = array_of(self._batch(data, schema, int(index.examples[block])).column(field))
            np.take(found, rows[begin:stop] - index.first[block], axis=0, out=into[begin:stop])

        self.reader.read([_block(index, int(block)) for block in used], take)

    def _batch(self, data: memoryview, schema: pa.Schema, examples: int) -> pa.RecordBatch:
        try:
            return read_block(data, schema, examples)
        except InvalidDataset as error:
            raise InvalidDataset(f"{self.reference.manifest}: {error}") from None

    def _index(self, files: contract.FileGroup, examples: int) -> BlockIndex:
        found: list[bytes] = []
        keep: Callable[[int, memoryview], None] = lambda _, data: found.append(bytes(data))  # noqa: E731
        self.reader.read([Block(files.index, 0, files.bytes, files.digest)], keep)
        try:
            return read_index(found[0], examples)
        except InvalidDataset as error:
            raise InvalidDataset(f"{self.reference.manifest}: {files.index}: {error}") from None

    def _checked_size(self, name: str, split: contract.ExamplesSplit, image_size: int | None) -> int:
        if not split.sizes:
            raise InvalidDataset(f"{self.reference.manifest}: the {name} split has images of no size at all")
        size = max(split.sizes) if image_size is None else image_size
        if size not in split.sizes:
            allowed = ", ".join(str(each) for each in split.sizes)
            raise InvalidDataset(
                f"{self.reference.manifest}: no {name} images of size {size}; the shards have sizes {allowed}"
            )
        return size


def _block(index: BlockIndex, place: int) -> Block:
    path = index.files[index.file[place]]
    return Block(path, int(index.offset[place]), int(index.length[place]), f"sha256:{index.sha256[place].hex()}")
