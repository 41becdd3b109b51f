"""Labelled images as a builder needs them, wherever they come from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import Findings


@dataclass(frozen=True)
class Source:
    """Labelled square images in a fixed order, of one size."""

    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    """(n,): indices into `classes`."""
    size: int
    """The pixels a side."""
    channels: int
    """1 (grey) or 3 (RGB)."""
    read: Callable[[NDArray[np.int64]], NDArray[np.uint8]]
    """A function from indices (m,) to images (m, size, size, channels)."""
    held_out: NDArray[np.bool_] | None
    """(n,): whether the source's own split holds the image out; None if it has no split."""
    found: str = "arrays"
    """The kind of the source, in a word or two."""
    findings: Findings = field(default_factory=Findings)
    """What was left out, and how the rest was understood."""
    jpegs: Callable[[NDArray[np.int64]], list[bytes]] | None = None
    """A function that returns the same images as JPEGs: files that are such JPEGs as they are. None: made of pixels."""
    stamps: Callable[[NDArray[np.int64]], list[str]] | None = None
    """A function that returns what tells these images from others, and from themselves once they are changed; None if
    there is nothing to decode."""


def from_arrays(
    where: str,
    parts: Sequence[tuple[NDArray[Any], NDArray[Any]]],
) -> Source:
    """Make a source of images, uint8 (n, h, w) or (n, h, w, 1 or 3), and labels, integers or strings (n,) or (n, 1).

    One part has no split of its own; of two parts the second is held out. Classes are the sorted labels. Raises
    InvalidSource, beginning with `where`, if shapes, types or lengths differ from these.
    """
    images = [_as_images(where, x) for x, _ in parts]
    parts = [(x, y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y) for x, y in parts]
    for x, (_, y) in zip(images, parts, strict=True):
        if y.ndim != 1 or len(y) != len(x):
            raise InvalidSource(
                f"{where}: labels of shape {y.shape} for {len(x)} images; expected ({len(x)},)" + _one_hot(y)
            )
        if y.dtype.kind not in "iuUS":
            hint = ": labels.astype(int)" if y.dtype.kind in "fb" and np.array_equal(y, np.floor(y)) else ""
            raise InvalidSource(f"{where}: labels of type {y.dtype}; allowed: integers or strings{hint}")
        if x.shape[1:] != images[0].shape[1:]:
            raise InvalidSource(
                f"{where}: images of shapes {images[0].shape[1:]} and {x.shape[1:]}; expected one shape"
            )
    names, labels = np.unique(np.concatenate([y for _, y in parts]), return_inverse=True)
    if len(names) < 2:
        raise InvalidSource(f"{where}: labels of {len(names)} classes; expected two or more")
    held_out = np.repeat([False, True], [len(x) for x in images]) if len(parts) == 2 else None
    classes = tuple(name.decode() if isinstance(name, bytes) else str(name) for name in names)
    _, size, _, channels = images[0].shape

    def read(indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        found = np.empty((len(indices), size, size, channels), np.uint8)
        first = 0
        for part in images:  # they may be mapped, and are not joined in memory
            here = (first <= indices) & (indices < first + len(part))
            found[here] = part[indices[here] - first]
            first += len(part)
        return found

    return Source(classes, labels.astype(np.int64), size, channels, read, held_out)


def _one_hot(labels: NDArray[Any]) -> str:
    return ": one-hot labels become integers by labels.argmax(1)" if labels.ndim == 2 and labels.shape[1] > 1 else ""


def _as_images(where: str, x: NDArray[Any]) -> NDArray[np.uint8]:
    if x.dtype != np.uint8:
        raise InvalidSource(f"{where}: images of type {x.dtype}; allowed: uint8, 0 to 255{_as_bytes(x)}")
    images = x[..., None] if x.ndim == 3 else x
    if images.ndim != 4 or images.shape[3] not in (1, 3) or images.shape[1] != images.shape[2] or not images.shape[1]:
        raise InvalidSource(
            f"{where}: images of shape {x.shape}; allowed: (n, side, side) or (n, side, side, 1 or 3){_as_squares(x)}"
        )
    return images


def _as_bytes(images: NDArray[Any]) -> str:
    if images.dtype.kind == "f" and images.size and images.min() >= 0 and images.max() <= 1:
        return ": (images * 255).round().astype(np.uint8)"
    if images.dtype.kind in "iuf" and images.size and images.min() >= 0 and images.max() <= 255:
        return ": images.astype(np.uint8)"
    return ""


def _as_squares(images: NDArray[Any]) -> str:
    shape = images.shape
    if images.ndim == 4 and shape[1] in (1, 3) and shape[2] == shape[3]:
        return ": images.transpose(0, 2, 3, 1)"
    if images.ndim == 4 and shape[1] == shape[2] and shape[3] == 4:
        return ": images[..., :3] drops transparency"
    if images.ndim in (3, 4) and shape[1] != shape[2]:
        return ": crop or scale them first"
    side = math.isqrt(shape[1]) if images.ndim == 2 else 0
    if side and side * side == shape[1]:
        return f": images.reshape(-1, {side}, {side})"
    return ""
