"""How images lie in shards: as the pixels of each size, or as JPEGs of the largest one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assay_trainer.contract import DataField
from assay_trainer.shards.format import JpegField, jpeg_of


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


Stored = tuple[Sequence[bytes], NDArray[np.uint8]]
"""What is written of images (nothing for pixels, which are shrunk first), and the pixels that are read from it."""


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
    if field.encoding != "jpeg":
        return lambda indices: ((), images.read(indices))
    as_it_is_read = JpegField(name, field.sizes[0], images.channels)

    def jpegs(indices: NDArray[np.int64]) -> Stored:
        cells = images.jpegs(indices) if images.jpegs else [jpeg_of(each) for each in images.read(indices)]
        return cells, np.stack([as_it_is_read.decoded(cell, field.sizes[0]) for cell in cells])

    return jpegs
