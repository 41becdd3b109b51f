"""Reads one image file: its header and its pixels. Pillow's errors become one error, and its warnings are dropped."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay_trainer.described import bounded
from assay_trainer.shards.sources.fit import Fit, draft, fitted
from assay_trainer.shards.sources.magic import HEAD_BYTES, begins_as_an_image, begins_as_heic, head_of

if TYPE_CHECKING:
    from PIL.Image import Image

GREY = ("1", "L", "LA")
COLOUR = ("RGB", "RGBA", "P", "PA", "CMYK", "YCbCr")
DEEP = ("I;16", "I;16B", "I;16L", "I;16N", "I")
"""Grey images of 16 bits a pixel: one of 8 bits is their 257th part, so that white stays white."""

ImageFile = Path | bytes
"""An image as a file, or as the bytes of one."""

_ORIENTATION = 0x0112  # of EXIF: how the camera was held
_SIDEWAYS = range(5, 9)
_MOST_BESIDE_PIXELS = 2048  # of a JPEG: its tables
_UPRIGHT = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


class Unreadable(Exception):
    """A file can't be used as an image. The message says why, without its name."""


class Header(NamedTuple):
    """What is known of an image before it is decoded. `width` and `height` are in pixels, of the image held upright."""

    width: int
    height: int
    grey: bool
    turned: bool
    several_frames: bool
    transparent: bool
    deep: bool


def header_of(file: ImageFile) -> Header:
    """Return the header of an image file. Raises Unreadable."""
    import PIL.Image  # only image files need Pillow

    with _opened(file) as image:
        most = PIL.Image.MAX_IMAGE_PIXELS
        width, height = image.size
        if most is not None and width * height > most:
            raise Unreadable(f"{width}x{height} pixels, more than {most:,}: a decompression bomb?")
        if image.mode not in GREY + COLOUR + DEEP:
            bits = ": convert it to 8 bits a channel" if image.mode.startswith("F") else ""
            raise Unreadable(f"pixels of mode {image.mode}; allowed: {', '.join(GREY + COLOUR + DEEP)}{bits}")
        orientation = _orientation(image)
        return Header(
            width=height if orientation in _SIDEWAYS else width,
            height=width if orientation in _SIDEWAYS else height,
            grey=image.mode in GREY + DEEP,
            deep=image.mode in DEEP,
            turned=orientation in _UPRIGHT,
            transparent=image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info,
            several_frames=image.format != "MPO" and bool(getattr(image, "is_animated", False)),  # it seeks: last
        )


def pixels_of(file: ImageFile, mode: str, size: int | None = None, fit: Fit = Fit.CROP) -> NDArray[np.uint8]:
    """Return the first frame, held upright, as uint8 (height, width), or (…, 3) for the mode RGB; with a size, as a
    square of so many pixels a side. Raises Unreadable."""
    import PIL.Image  # only image files need Pillow

    with _opened(file) as image:
        try:
            orientation = _orientation(image)
            if size is not None:
                draft(image, size, fit)
            decoded = (_of_8_bits(image) if image.mode in DEEP else image).convert(mode)
            if size is not None:
                decoded = fitted(decoded, size, fit)
            if orientation in _UPRIGHT:
                decoded = decoded.transpose(PIL.Image.Transpose[_UPRIGHT[orientation]])
            return np.asarray(decoded)
        except Unreadable:
            raise
        except Exception as error:
            raise Unreadable(f"can't be decoded: {_said(error)}") from error


def jpeg_as_it_is(file: ImageFile, mode: str, size: int) -> bytes | None:
    """Return the bytes of a file that is a JPEG of this mode and of `size` pixels a side, upright, and not larger than
    its pixels; None of any other. Raises Unreadable."""
    with _opened(file) as image:
        if image.format != "JPEG" or image.mode != mode or image.size != (size, size):
            return None
        if _orientation(image) != 1:
            return None
    data = file if isinstance(file, bytes) else file.read_bytes()
    return data if len(data) <= size**2 * (1 if mode == "L" else 3) + _MOST_BESIDE_PIXELS else None


def _of_8_bits(image: Image) -> Image:
    import PIL.Image  # only image files need Pillow

    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 0xFFFF:
        raise Unreadable(f"pixels from {values.min()} to {values.max()}; allowed: 0 to {0xFFFF}")
    return PIL.Image.fromarray(((values + 128) // 257).astype(np.uint8))


@contextmanager
def without_warnings() -> Iterator[None]:
    """Silence Pillow's warnings about images that it then reads all the same: there may be one line for each of many
    images."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _opened(file: ImageFile) -> Iterator[Image]:
    import PIL.Image  # only image files need Pillow

    try:
        image = PIL.Image.open(io.BytesIO(file) if isinstance(file, bytes) else file)
    except PIL.Image.DecompressionBombError as error:
        raise Unreadable(f"{_said(error)}") from error
    except Exception as error:
        raise Unreadable(f"can't be read as an image: {_why(file, error)}") from error
    with image:
        try:
            yield image
        except Unreadable:
            raise
        except Exception as error:  # a broken header shows itself late in some formats
            raise Unreadable(f"can't be read as an image: {_said(error)}") from error


def _orientation(image: Image) -> int:
    if image.format == "TIFF":  # Pillow holds those upright itself
        return 1
    if image.format == "PNG" and "exif" not in image.info:  # else Pillow decodes all of it, to look behind the pixels
        return 1
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - broken metadata of an image that is whole
        return 1
    return found if isinstance(found, int) else 1


def _why(file: ImageFile, error: Exception) -> str:
    if not isinstance(error, OSError) or error.errno is None:
        head = file[:HEAD_BYTES] if isinstance(file, bytes) else head_of(file)
        if not head:
            return "it is empty"
        if head.startswith(b"version https://git-lfs"):
            return "it is a pointer of Git LFS (git lfs pull fetches it)"
        if begins_as_heic(head):
            return "it is HEIC, a format that is not read: convert it to JPEG, or have the telephone export JPEG"
        if begins_as_an_image(head):
            return "it begins as an image, but is broken, or of a format that this Pillow lacks"
        return f"it begins with {head[:16]!r}"
    return error.strerror or _said(error)


def _said(error: Exception) -> str:
    return bounded(str(error) or type(error).__name__, 200)
