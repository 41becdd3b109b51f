"""Reads data sets of version 1: square images with labels, in shards of uint8 that each have one digest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.data.blocks import Block, BlockReader
from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.trial import Images, Labels

Choose = Callable[[Labels], NDArray[np.int64]]
"""Returns the indices of the wanted examples, ascending, given the labels of all, int64 (examples,)."""


@dataclass(frozen=True)
class OpenedImages:
    """A data set whose manifest matches its reference; shards are read, and checked, on demand."""

    reference: contract.Dataset
    manifest: contract.DatasetManifest
    reader: BlockReader

    @property
    def classes(self) -> int:
        """The number of classes; labels are 0 to this minus one."""
        return len(self.manifest.classes)

    def train(self, image_size: int | None = None, choose: Choose | None = None) -> tuple[Images, Labels]:
        """Return (images, labels) of the training split, as `held_out` does of the other; with `choose`, of the
        examples that it chooses. Shards that have none of them are not read."""
        return self._read("train", self.manifest.train, image_size, choose)

    def held_out(self, image_size: int | None = None) -> tuple[Images, Labels]:
        """Return images, uint8 (n, height, width, channels) of `image_size` pixels a side, and labels, int64 (n,).

        `image_size` None means the largest there is. The caller may change the arrays. Raises InvalidDataset if the
        shards lack that size, or a shard is missing, truncated or differs from the manifest; StoreError if the store
        can't be read.
        """
        return self._read("held-out", self.manifest.held_out, image_size, None)

    def _read(
        self, name: str, split: contract.Split, image_size: int | None, choose: Choose | None
    ) -> tuple[Images, Labels]:
        size = self._checked_size(name, split, image_size)
        record = size * size * self.manifest.channels
        firsts = self._first_examples(name, split, size, record)
        labels = self._labels(name, split)
        rows = None if choose is None else choose(labels)
        images = np.empty((split.examples if rows is None else len(rows), record), np.uint8)
        if rows is None:
            self._read_all(split.images[size], firsts, images)
        else:
            labels = labels[rows]
            self._read_rows(split.images[size], firsts, rows, images)
        return images.reshape(-1, size, size, self.manifest.channels), labels

    def _read_all(self, shards: tuple[contract.ShardFile, ...], firsts: list[int], images: Images) -> None:
        whole = images.reshape(-1).data
        record = images.shape[1]

        def room(index: int) -> memoryview:
            return whole[firsts[index] * record : firsts[index] * record + shards[index].bytes]

        self.reader.read([_block(each) for each in shards], _nothing, room)

    def _read_rows(
        self, shards: tuple[contract.ShardFile, ...], firsts: list[int], rows: NDArray[np.int64], images: Images
    ) -> None:
        ends = [first + shard.examples for first, shard in zip(firsts, shards, strict=True)]
        begins = np.searchsorted(rows, firsts).tolist()
        stops = np.searchsorted(rows, ends).tolist()
        used = [index for index in range(len(shards)) if begins[index] < stops[index]]

        def take(place: int, data: memoryview) -> None:
            index = used[place]
            begin, stop = begins[index], stops[index]
            records = np.frombuffer(data, np.uint8).reshape(-1, images.shape[1])
            np.take(records, rows[begin:stop] - firsts[index], axis=0, out=images[begin:stop])

        self.reader.read([_block(shards[index]) for index in used], take)

    def _labels(self, name: str, split: contract.Split) -> Labels:
        found: list[Labels] = []
        self.reader.read(
            [_block(split.labels)], lambda _, data: found.append(np.frombuffer(data, "<i8").astype(np.int64))
        )
        (labels,) = found
        if len(labels) != split.examples:
            raise InvalidDataset(
                f"{self.reference.manifest}: the {name} split has {len(labels)} labels; expected {split.examples}"
            )
        if labels.min() < 0 or labels.max() >= self.classes:
            raise InvalidDataset(
                f"{self.reference.manifest}: the {name} split has labels from {labels.min()} to {labels.max()}; "
                f"expected 0 to {self.classes - 1}"
            )
        return labels

    def _first_examples(self, name: str, split: contract.Split, size: int, record: int) -> list[int]:
        """Return the index of each shard's first example. Raises InvalidDataset if sizes contradict each other."""
        firsts, first = [], 0
        for shard in split.images[size]:
            if shard.bytes != shard.examples * record or first + shard.examples > split.examples:
                raise InvalidDataset(
                    f"{self.reference.manifest}: shard {shard.path} has {shard.examples} examples in {shard.bytes} "
                    f"bytes; expected {record} bytes each, and {split.examples} examples in all"
                )
            firsts.append(first)
            first += shard.examples
        if first != split.examples or split.labels.examples != split.examples:
            raise InvalidDataset(
                f"{self.reference.manifest}: the {name} split has {first} images of size {size} and "
                f"{split.labels.examples} labels; expected {split.examples} of each"
            )
        return firsts

    def _checked_size(self, name: str, split: contract.Split, image_size: int | None) -> int:
        if not split.images:
            raise InvalidDataset(f"{self.reference.manifest}: the {name} split has images of no size at all")
        size = max(split.images) if image_size is None else image_size
        if size not in split.images:
            allowed = ", ".join(str(each) for each in sorted(split.images))
            raise InvalidDataset(
                f"{self.reference.manifest}: no {name} images of size {size}; the shards have sizes {allowed}"
            )
        return size


def _block(shard: contract.ShardFile) -> Block:
    return Block(shard.path, 0, shard.bytes, shard.digest)


def _nothing(_index: int, _data: memoryview) -> None:
    """Do nothing: the data are where they are wanted."""
