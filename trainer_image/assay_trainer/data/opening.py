"""Opens a data set: its manifest, checked against its digest, and the examples that a trial wants of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.arrays import Images, Labels
from assay_trainer.data import version_1, version_2
from assay_trainer.data.blocks import TRIES
from assay_trainer.data.columns import read_columns
from assay_trainer.data.examples import Examples, open_reader
from assay_trainer.data.groups import Group
from assay_trainer.data.pixel_statistics import PixelStatistics, pixel_statistics
from assay_trainer.objects import ObjectNotFound, UnfitObject, open_objects, split_object_uri
from assay_trainer.shards.errors import InvalidDataset

SplitName = Literal["train", "held_out"]
SPLITS: dict[SplitName, str] = {"train": "train", "held_out": "held-out"}
"""The names of the splits, and what messages call them."""

Choose = Callable[[int, Callable[[], Labels]], NDArray[np.int64]]
"""Returns the places of the wanted training examples, ascending, given the number of all, and a function that reads
the labels of all, int64 (examples,)."""

Copy = Callable[[Mapping[str, contract.DataField], int | None, Callable[[], Examples]], Examples]
"""Takes the fields, the image size and a function that finds the chosen examples in their data set; returns the same
examples, in the same order, from wherever they are read best."""


@dataclass(frozen=True, eq=False)
class OpenedDataset:
    """A data set whose manifest matches its reference; shards are read, and checked, on demand."""

    reference: contract.Dataset
    manifest: contract.DatasetManifest | contract.ExamplesManifest

    @property
    def classes(self) -> int:
        """The number of classes; labels are 0 to this minus one."""
        return len(self.manifest.classes)

    @cached_property
    def schema(self) -> dict[str, contract.DataField]:
        """The fields by name."""
        if isinstance(self.manifest, contract.DatasetManifest):
            return version_1.fields_of(self.manifest)
        return dict(self.manifest.fields)

    @property
    def pixel_statistics(self) -> PixelStatistics | None:
        """Of the whole training split, whatever a trial has of it; None if the manifest has none. Raises InvalidDataset
        for such as no images have."""
        return pixel_statistics(self.reference.manifest, self.manifest)

    def examples(
        self,
        split: SplitName,
        image_size: int | None = None,
        choose: Choose | None = None,
        copy: Copy | None = None,
    ) -> Examples:
        """Return the examples of a split, with images of `image_size` pixels a side (None: the largest there are); with
        `choose`, those that it chooses, by way of `copy` if it is given. Raises InvalidDataset if the shards lack that
        size, or an index of blocks is damaged; StoreError."""
        if copy is not None and choose is not None:
            size = self._checked_size(split, image_size)
            return copy(self.schema, size, lambda: self.examples(split, image_size, choose))
        groups = self._groups(split, image_size)
        rows = None
        if choose is not None:
            rows = choose(self._split(split).examples, lambda: self._labels(split, groups))
        return Examples(self.schema, self._folder, groups, rows)

    def train(
        self, image_size: int | None = None, choose: Choose | None = None, copy: Copy | None = None
    ) -> tuple[Images, Labels]:
        """Return (images, labels) of the training split, as `held_out` does of the other; `choose` and `copy` are as in
        `examples`. Blocks that have none of the chosen examples are not read."""
        return self._images_and_labels("train", image_size, choose, copy)

    def held_out(self, image_size: int | None = None) -> tuple[Images, Labels]:
        """Return images, uint8 (n, height, width, channels) of `image_size` pixels a side, and labels, int64 (n,).

        `image_size` None means the largest there is. The caller may change the arrays. Raises InvalidDataset if there
        are no images with a class, the shards lack that size, or a shard is missing, truncated or differs from
        the manifest; StoreError if the store can't be read.
        """
        return self._images_and_labels("held_out", image_size, None)

    def _images_and_labels(
        self, split: SplitName, image_size: int | None, choose: Choose | None, copy: Copy | None = None
    ) -> tuple[Images, Labels]:
        image, label = self._field("image"), self._field("class")
        if image is None or label is None:
            raise InvalidDataset(
                f"{self.reference.manifest}: no images with a class, as trial.training_data() has them; "
                f"its fields are {', '.join(self.schema)}: trial.examples() has all of them"
            )
        columns = self.examples(split, image_size, choose, copy).arrays()
        images, labels = columns[image], columns[label].astype(np.int64, copy=False)
        assert images.dtype == np.uint8
        self._check(split, labels)
        return images.astype(np.uint8, copy=False), labels

    def _labels(self, split: SplitName, groups: tuple[Group, ...]) -> Labels:
        label = self._field("class")
        if label is None:
            return np.zeros(groups[0].examples, np.int64)
        reader = open_reader(self._folder)
        (group,) = (each for each in groups if label in each.columns)
        labels = read_columns(reader, [group], None)[label].astype(np.int64, copy=False)
        self._check(split, labels)
        return labels

    def _check(self, split: SplitName, labels: Labels) -> None:
        if labels.min() < 0 or labels.max() >= self.classes:
            raise InvalidDataset(
                f"{self.reference.manifest}: the {SPLITS[split]} split has labels from {labels.min()} to "
                f"{labels.max()}; expected 0 to {self.classes - 1}"
            )

    def _split(self, split: SplitName) -> contract.Split | contract.ExamplesSplit:
        return self.manifest.train if split == "train" else self.manifest.held_out

    def _field(self, kind: str) -> str | None:
        """Return the name of the first field of a kind; None if there is none."""
        return next((name for name, each in self.schema.items() if each.kind == kind), None)

    @property
    def _is_jpeg(self) -> bool:
        return any(each.encoding == "jpeg" for each in self.schema.values())

    @property
    def _folder(self) -> str:
        return split_object_uri(self.reference.manifest)[0]

    def _groups(self, split: SplitName, image_size: int | None) -> tuple[Group, ...]:
        size = self._checked_size(split, image_size)
        manifest = self.manifest
        if isinstance(manifest, contract.DatasetManifest):
            assert size is not None
            part = manifest.train if split == "train" else manifest.held_out
            return version_1.groups_of_split(self.reference.manifest, SPLITS[split], part, manifest.channels, size)
        return version_2.groups_of_split(open_reader(self._folder), manifest, manifest.splits[split], size)

    def _checked_size(self, split: SplitName, image_size: int | None) -> int | None:
        sizes = self._split(split).sizes
        where, name = self.reference.manifest, SPLITS[split]
        if self._field("image") is None:
            if image_size is not None:
                raise InvalidDataset(f"{where}: no {name} images of size {image_size}; there are no images at all")
            return None
        if not sizes:
            raise InvalidDataset(f"{where}: the {name} split has images of no size at all")
        size = max(sizes) if image_size is None else image_size
        if isinstance(self.manifest, contract.ExamplesManifest) and self._is_jpeg:
            if not self.manifest.has_size(size):
                raise InvalidDataset(f"{where}: no {name} images of size {size}; allowed: 1 to {max(sizes)}")
        elif size not in sizes:
            allowed = ", ".join(map(str, sizes))
            raise InvalidDataset(f"{where}: no {name} images of size {size}; the shards have sizes {allowed}")
        return size


def open_dataset(dataset: contract.Dataset) -> OpenedDataset:
    """Open the data set behind a reference.

    Raises InvalidDataset if there is no manifest, if its digest differs from the reference's, or if it can't be
    understood; StoreError if the store can't be read.
    """
    try:
        prefix, name = split_object_uri(dataset.manifest)
        objects = open_objects(prefix)
        for _ in range(TRIES):
            data = objects.get(name)
            if contract.digest(data) == dataset.digest:
                break
    except ValueError as error:
        raise InvalidDataset(f"manifest {dataset.manifest}: {error}") from None
    except UnfitObject as error:
        raise InvalidDataset(str(error)) from None
    except ObjectNotFound:
        raise InvalidDataset(f"{dataset.manifest}: no such manifest; `assay shards build` writes one") from None
    if (found := contract.digest(data)) != dataset.digest:
        raise InvalidDataset(f"{dataset.manifest}: digest {found}; expected {dataset.digest}")
    try:
        manifest = contract.read_manifest(data)
    except contract.InvalidManifest as error:
        raise InvalidDataset(f"{dataset.manifest}: not a manifest of version 1 or 2: {error}") from None
    return OpenedDataset(dataset, manifest)
