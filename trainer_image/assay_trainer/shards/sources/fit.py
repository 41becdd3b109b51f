"""Makes photos of any shape squares of one size."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_DRAFT = 2  # a JPEG is decoded at an eighth, a quarter or half its size if that leaves twice the pixels that are needed


class Fit(StrEnum):
    """What becomes of an image that is no square."""

    CROP = "crop"
    """The middle square is kept: what torchvision's Resize and CenterCrop of one size do."""
    PAD = "pad"
    """All of it is kept, with black bars at both sides, or above and below."""
    STRETCH = "stretch"
    """All of it is kept, and width and height are scaled differently."""


def draft(image: Image, size: int, fit: Fit) -> None:
    """Tell a JPEG that is not decoded yet how small it may be decoded: it takes a fraction of the time, and what is
    left is still at least twice as large as what is wanted. Other formats stay as they are."""
    longest = max(image.size) * size / min(image.size) if fit is Fit.CROP else size
    shortest = size if fit is not Fit.PAD else max(1.0, min(image.size) * size / max(image.size))
    wanted = (longest, shortest) if image.width >= image.height else (shortest, longest)
    image.draft(None, (round(wanted[0] * _DRAFT), round(wanted[1] * _DRAFT)))


def fitted(image: Image, size: int, fit: Fit) -> Image:
    """Return an image of 8 bits a channel as a square of `size` pixels a side: bilinear, and averaging where it
    shrinks, as torchvision's Resize does."""
    import PIL.Image  # only image files need Pillow

    width, height = image.size
    bilinear = PIL.Image.Resampling.BILINEAR
    if fit is Fit.STRETCH or width == height:
        return image if image.size == (size, size) else image.resize((size, size), bilinear)
    if fit is Fit.CROP:
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        return image.resize((size, size), bilinear, box=(left, top, left + side, top + side))
    scale = size / max(width, height)
    inner = image.resize((max(1, round(width * scale)), max(1, round(height * scale))), bilinear)
    square = PIL.Image.new(image.mode, (size, size))
    square.paste(inner, ((size - inner.width) // 2, (size - inner.height) // 2))
    return square
