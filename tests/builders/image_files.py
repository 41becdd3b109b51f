"""Labelled images as files of all kinds: images uint8 (n, side, side, 1), labels (n,)."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import PIL.Image


def save_images(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """Write PNG files into class folders."""
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / f"class-{label}").mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(image.squeeze()).save(folder / f"class-{label}" / f"{index:03d}.png")


def idx_bytes(array: np.ndarray) -> bytes:
    """Return the bytes of an idx file."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


def save_idx(folder: Path, images: np.ndarray, labels: np.ndarray, *, stem: str, packed: bool) -> None:
    """Write MNIST's files of one split."""
    folder.mkdir(exist_ok=True)
    for kind, content in (("images-idx3", images.squeeze(-1)), ("labels-idx1", labels)):
        data = idx_bytes(content)
        path = folder / f"{stem}-{kind}-ubyte{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(data) if packed else data)
