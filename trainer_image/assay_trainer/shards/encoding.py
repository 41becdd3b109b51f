"""How images lie in shards: as the pixels of each size, or as JPEGs of the largest one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assay_trainer.contract import DataField
from assay_trainer.shards.format import JpegField, jpeg_of
from assay_trainer.shards.shrink import shrink


class Encoding(StrEnum):
    """How images lie in shards."""

    UINT8 = "uint8"
    """Their pixels, in each size: nothing is left to do for a trial."""
    JPEG = "jpeg"
    """JPEGs of the largest size, which each trial decodes in the size that it wants."""


class Images(Protocol):
    """Square images of one size that can be read in any order."""

    @property
    def size(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def read(self) -> Callable[[NDArray[np.int64]], NDArray[np.uint8]]: ...
    @property
    def jpegs(self) -> Callable[[NDArray[np.int64]], list[bytes]] | None: ...
    @property
    def stamps(self) -> Callable[[NDArray[np.int64]], list[str]] | None: ...


Stored = tuple[Sequence[bytes], NDArray[np.uint8]]
"""JPEGs of images (none where pixels are written), and the pixels that a trial reads, both of the largest size."""


def image_field(channels: int, sizes: tuple[int, ...], encoding: Encoding) -> DataField:
    """Return the field of images, the largest of their sizes first: JPEGs have no other."""
    return DataField(
        kind="image",
        type="uint8",
        shape=None,
        channels=1 if channels == 1 else 3,
        sizes=sizes[:1] if encoding is Encoding.JPEG else sizes,
        encoding=encoding.value,
        resize="area",
    )


def reading(images: Images, name: str, field: DataField) -> Callable[[NDArray[np.int64]], Stored]:
    """Return a function that reads images as the field has them. It raises InvalidSource."""
    size = field.sizes[0]
    as_it_is_read = JpegField(name, size, images.channels)

    def pixels(indices: NDArray[np.int64]) -> Stored:
        return (), shrink(images.read(indices), size)

    def jpegs(indices: NDArray[np.int64]) -> Stored:
        if images.jpegs is not None and images.size == size:
            cells = images.jpegs(indices)
        else:
            cells = [jpeg_of(each) for each in shrink(images.read(indices), size)]
        return cells, np.stack([as_it_is_read.decoded(cell, size) for cell in cells])

    return jpegs if field.encoding == "jpeg" else pixels
