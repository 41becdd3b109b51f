"""Data sets as the releases before Arrow wrote them. They are read for good."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assay_trainer import contract
from assay_trainer.data import open_dataset
from builders.datasets import tiny_dataset


def tiny_dataset_1(
    folder: Path, *, classes: int = 3, per_class: int = 20, sizes: Sequence[int] = (8, 4), seed: int = 0
) -> contract.Dataset:
    """Write what `tiny_dataset` writes, as version 1, to `folder`/shards."""
    built = tiny_dataset(folder / "version-2", classes=classes, per_class=per_class, sizes=sizes, seed=seed)
    return as_version_1(built, folder / "shards")


def as_version_1(dataset: contract.Dataset, folder: Path, shard_examples: int = 1_000_000) -> contract.Dataset:
    """Write the images and labels of a data set into shards of fixed-size records, as version 1 of the manifest has
    them."""
    opened = open_dataset(dataset)

    def put(stem: str, data: np.ndarray) -> contract.ShardFile:
        digest = contract.digest(data.tobytes())
        path = f"{stem}-{digest[7:23]}.bin"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data.tobytes())
        return contract.ShardFile(path=path, bytes=data.nbytes, digest=digest, examples=len(data))

    def split(name: str) -> contract.Split:
        read = opened.train if name == "train" else opened.held_out
        sizes = opened.manifest.train.sizes
        images = {
            size: tuple(
                put(f"{name}/{size}/{number:05d}", read(size)[0][first : first + shard_examples])
                for number, first in enumerate(range(0, len(read(size)[0]), shard_examples))
            )
            for size in sizes
        }
        labels = read()[1]
        return contract.Split(examples=len(labels), labels=put(f"{name}/labels", labels.astype("<i8")), images=images)

    manifest = contract.DatasetManifest(
        name=opened.manifest.name,
        classes=opened.manifest.classes,
        channels=1 if opened.manifest.channels == 1 else 3,
        train=split("train"),
        held_out=split("held-out"),
    )
    data = contract.canonical_json(manifest.model_dump(mode="json"))
    (folder / "manifest.json").write_bytes(data)
    return contract.Dataset(manifest=f"{folder.as_uri()}/manifest.json", digest=contract.digest(data))
