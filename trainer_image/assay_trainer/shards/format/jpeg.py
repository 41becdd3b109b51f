"""JPEGs in the cells of files: how pixels become them, and how they become pixels of any smaller size."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay_trainer.shards.errors import InvalidDataset
from assay_trainer.shards.shrink import shrink

QUALITY = 95
"""Of the JPEGs that are written, at the full resolution of colours: small images lose much by halving it."""

_DRAFT = 2  # a JPEG is decoded at an eighth, a quarter or half its size if that leaves twice the pixels that are wanted


def jpeg_of(pixels: NDArray[np.uint8]) -> bytes:
    """Return an image, (side, side, 1 or 3), as a JPEG, the same bytes each time."""
    import PIL.Image  # only JPEGs need Pillow

    written = io.BytesIO()
    image = PIL.Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.save(written, "JPEG", quality=QUALITY, subsampling=0)
    return written.getvalue()


@dataclass(frozen=True)
class JpegField:
    """The JPEGs of a field: squares of `side` pixels, grey (1 channel) or RGB (3)."""

    name: str
    side: int
    channels: int

    def decoded(self, cell: bytes | memoryview, size: int) -> NDArray[np.uint8]:
        """Return the pixels (size, size, channels), size ≤ side: averages over areas, as smaller sizes of decoded
        images are.

        Raises InvalidDataset for a cell that is no such JPEG. Its header is looked at first, so that no cell takes
        more memory than an image of this field, whatever it holds.
        """
        import PIL.Image  # only JPEGs need Pillow

        what = "grey" if self.channels == 1 else "RGB"
        expected = f"expected a JPEG of {self.side}x{self.side} pixels, {what}"
        if not 1 <= size <= self.side:
            raise InvalidDataset(f"field {self.name}: size {size}; allowed: 1 to {self.side}")
        if self.side**2 > (PIL.Image.MAX_IMAGE_PIXELS or 2**28):
            raise InvalidDataset(f"field {self.name}: images of {self.side} pixels a side; a decompression bomb?")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with PIL.Image.open(io.BytesIO(cell), formats=("JPEG",)) as image:
                    given = f"{image.format} of {image.width}x{image.height} pixels, mode {image.mode}"
                    if given != f"JPEG of {self.side}x{self.side} pixels, mode {'L' if self.channels == 1 else 'RGB'}":
                        raise InvalidDataset(f"field {self.name}: a {given}; {expected}")
                    image.draft(None, (size * _DRAFT, size * _DRAFT))
                    pixels = np.asarray(image)
        except InvalidDataset:
            raise
        except Exception as error:  # noqa: BLE001 - whatever Pillow makes of bytes that may be anybody's
            raise InvalidDataset(f"field {self.name}: {error or type(error).__name__}; {expected}") from None
        found: NDArray[np.uint8] = shrink(pixels.reshape(1, *pixels.shape[:2], self.channels), size)[0]
        return found
