"""Data sets of version 1: square images with labels, in shards of uint8 that each have one digest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay_trainer import contract
from assay_trainer.data.blocks import Block
from assay_trainer.data.groups import Column, Columns, Group
from assay_trainer.shards.errors import InvalidDataset


def fields_of(manifest: contract.DatasetManifest) -> dict[str, contract.DataField]:
    """Return the fields that such a data set has."""
    image = contract.DataField(
        kind="image",
        type="uint8",
        shape=None,
        channels=manifest.channels,
        sizes=tuple(sorted(manifest.train.images, reverse=True)),
        encoding="uint8",
    )
    return {"image": image, "label": contract.DataField(kind="class", type="int64", names=manifest.classes)}


def groups_of_split(where: str, name: str, split: contract.Split, channels: int, size: int) -> tuple[Group, Group]:
    """Return the images and the labels of a split. Raises InvalidDataset if the manifest contradicts itself."""
    record = size * size * channels
    first = 0
    for shard in split.images[size]:
        first += shard.examples
        if shard.bytes != shard.examples * record or first > split.examples:
            raise InvalidDataset(
                f"{where}: shard {shard.path} has {shard.examples} examples in {shard.bytes} "
                f"bytes; expected {record} bytes each, and {split.examples} examples in all"
            )
    if first != split.examples or split.labels.examples != split.examples:
        raise InvalidDataset(
            f"{where}: the {name} split has {first} images of size {size} and {split.labels.examples} labels; "
            f"expected {split.examples} of each"
        )
    if split.labels.bytes != 8 * split.examples:
        raise InvalidDataset(f"{where}: labels of {split.labels.bytes} bytes; expected {8 * split.examples}")
    images = Column(np.dtype(np.uint8), (size, size, channels))
    return _raw("image", images, split.images[size]), _raw("label", Column(np.dtype("<i8")), [split.labels])


@dataclass(frozen=True)
class _Records:
    """Records of a fixed size, and nothing else."""

    name: str
    column: Column

    def __call__(self, data: memoryview, examples: int) -> Columns:
        return {self.name: np.frombuffer(data, self.column.dtype).reshape(examples, *self.column.shape)}


def _raw(name: str, column: Column, shards: Sequence[contract.ShardFile]) -> Group:
    blocks = tuple(Block(shard.path, 0, shard.bytes, shard.digest) for shard in shards)
    counts = np.array([shard.examples for shard in shards], np.int64)
    return Group({name: column}, blocks, counts, _Records(name, column), is_raw=True)
