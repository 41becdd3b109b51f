"""Small data sets, built as real ones are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assay_trainer import contract
from assay_trainer.objects import open_objects
from assay_trainer.shards import build_shards


def tiny_arrays(
    *, classes: int = 3, per_class: int = 20, side: int = 8, channels: int = 1, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return images, uint8 (n, side, side, channels), and labels (n,). Each class is its own pattern under noise."""
    random = np.random.default_rng(seed)
    patterns = random.integers(40, 216, (classes, side, side, channels))
    labels = np.tile(np.arange(classes), per_class)
    noise = random.normal(0, 20, (len(labels), side, side, channels))
    return (patterns[labels] + noise).clip(0, 255).astype(np.uint8), labels


def tiny_dataset(
    folder: Path, *, classes: int = 3, per_class: int = 20, sizes: Sequence[int] = (8, 4), seed: int = 0
) -> contract.Dataset:
    """Write a data set of learnable images to `folder`/shards, with a fifth of each class held out."""
    folder.mkdir(parents=True, exist_ok=True)
    images, labels = tiny_arrays(classes=classes, per_class=per_class, side=max(sizes), seed=seed)
    np.savez(folder / "tiny.npz", x=images, y=labels)
    return build_shards(
        folder / "tiny.npz", str(folder / "shards"), name="tiny", sizes=sizes, held_out_percent=20, seed=seed
    ).dataset


def put_dataset(dataset: contract.Dataset, uri: str) -> contract.Dataset:
    """Write the same data set under a URI of another store."""
    source, target = open_objects(dataset.manifest.rpartition("/")[0]), open_objects(uri)
    for name in source.list(""):
        target.put_if_absent(name, source.get(name))
    return dataset.model_copy(update={"manifest": f"{target.uri}/manifest.json"})
