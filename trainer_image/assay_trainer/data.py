"""Opens a data set: its manifest, and its images and labels as arrays, checked against their digests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from assay_trainer import contract
from assay_trainer.objects import ObjectNotFound, Objects, ObjectTooLarge, UnfitObject, open_objects, split_object_uri
from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.trial import Images, Labels


@dataclass(frozen=True)
class OpenedDataset:
    """A data set whose manifest matches its reference; shards are read, and checked, on demand."""

    reference: contract.Dataset
    manifest: contract.DatasetManifest
    objects: Objects

    @property
    def classes(self) -> int:
        """The number of classes; labels are 0 to this minus one."""
        return len(self.manifest.classes)

    def train(self, image_size: int | None = None) -> tuple[Images, Labels]:
        """Return (images, labels) of the training split, as `held_out` does of the other."""
        return self._read("train", self.manifest.train, image_size)

    def held_out(self, image_size: int | None = None) -> tuple[Images, Labels]:
        """Return images, uint8 (n, height, width, channels) of `image_size` pixels a side, and labels, int64 (n,).

        `image_size` None means the largest there is. Raises InvalidDataset if the shards lack that size, or a shard is
        missing, truncated or differs from the manifest; StoreError if the store can't be read.
        """
        return self._read("held-out", self.manifest.held_out, image_size)

    def _read(self, name: str, split: contract.Split, image_size: int | None) -> tuple[Images, Labels]:
        size = self._checked_size(name, split, image_size)
        record = size * size * self.manifest.channels
        images = np.empty((split.examples, size, size, self.manifest.channels), np.uint8)
        first = 0
        for shard in split.images[size]:
            if shard.bytes != shard.examples * record or first + shard.examples > split.examples:
                raise InvalidDataset(
                    f"{self.reference.manifest}: shard {shard.path} has {shard.examples} examples in {shard.bytes} "
                    f"bytes; expected {record} bytes each, and {split.examples} examples in all"
                )
            images[first : first + shard.examples].reshape(-1)[:] = self._shard(shard, "u1")
            first += shard.examples
        labels = self._shard(split.labels, "<i8").astype(np.int64)
        if first != split.examples or len(labels) != split.examples:
            raise InvalidDataset(
                f"{self.reference.manifest}: the {name} split has {first} images of size {size} and {len(labels)} "
                f"labels; expected {split.examples} of each"
            )
        if labels.min() < 0 or labels.max() >= self.classes:
            raise InvalidDataset(
                f"{self.reference.manifest}: the {name} split has labels from {labels.min()} to {labels.max()}; "
                f"expected 0 to {self.classes - 1}"
            )
        return images, labels

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

    def _shard(self, shard: contract.ShardFile, kind: str) -> NDArray[np.generic]:
        # What is wrong comes first, and where last: it may be long, and a table shows the beginning.
        place = f"at {self.objects.uri}"
        try:
            data = self.objects.get(shard.path, limit=shard.bytes)
        except ObjectTooLarge as error:
            raise InvalidDataset(f"shard {shard.path}: {error.size} bytes; expected {shard.bytes}, {place}") from None
        except ObjectNotFound:
            raise InvalidDataset(f"shard {shard.path}: missing; expected {shard.bytes} bytes, {place}") from None
        except ValueError as error:
            raise InvalidDataset(f"{self.reference.manifest}: shard path: {error}") from None
        if len(data) != shard.bytes:
            raise InvalidDataset(f"shard {shard.path}: {len(data)} bytes; expected {shard.bytes}, {place}")
        if (found := contract.digest(data)) != shard.digest:
            raise InvalidDataset(f"shard {shard.path}: damaged, {place}: digest {found}; expected {shard.digest}")
        return np.frombuffer(data, kind)


def open_dataset(dataset: contract.Dataset) -> OpenedDataset:
    """Open the data set behind a reference.

    Raises InvalidDataset if there is no manifest, if its digest differs from the reference's, or if it can't be
    understood; StoreError if the store can't be read.
    """
    try:
        prefix, name = split_object_uri(dataset.manifest)
        objects = open_objects(prefix)
        data = objects.get(name)
    except ValueError as error:
        raise InvalidDataset(f"manifest {dataset.manifest}: {error}") from None
    except UnfitObject as error:
        raise InvalidDataset(str(error)) from None
    except ObjectNotFound:
        raise InvalidDataset(f"{dataset.manifest}: no such manifest; `assay shards build` writes one") from None
    if (found := contract.digest(data)) != dataset.digest:
        raise InvalidDataset(f"{dataset.manifest}: digest {found}; expected {dataset.digest}")
    try:
        manifest = contract.DatasetManifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise InvalidDataset(
            f"{dataset.manifest}: not a manifest of version {contract.CONTRACT_VERSION}: {field}: {first['msg']}"
        ) from None
    return OpenedDataset(dataset, manifest, objects)
