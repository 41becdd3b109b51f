"""Reads one image file: its header and its pixels. Pillow's errors become one error, and its warnings are dropped."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay_trainer.described import bounded
from assay_trainer.shards.sources.magic import head_of, looks_like_an_image

if TYPE_CHECKING:
    from PIL.Image import Image

GREY = ("1", "L", "LA")
COLOUR = ("RGB", "RGBA", "P", "PA", "CMYK", "YCbCr")

_ORIENTATION = 0x0112  # of EXIF: how the camera was held
_SIDEWAYS = range(5, 9)
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


def header_of(path: Path) -> Header:
    """Return the header of an image file. Raises Unreadable."""
    import PIL.Image  # only folders of images need Pillow

    with _opened(path) as image:
        most = PIL.Image.MAX_IMAGE_PIXELS
        width, height = image.size
        if most is not None and width * height > most:
            raise Unreadable(f"{width}x{height} pixels, more than {most:,}: a decompression bomb?")
        if image.mode not in GREY + COLOUR:
            bits = ": convert it to 8 bits a channel" if image.mode.startswith(("I", "F")) else ""
            raise Unreadable(f"pixels of mode {image.mode}; allowed: {', '.join(GREY + COLOUR)}{bits}")
        orientation = _orientation(image)
        return Header(
            width=height if orientation in _SIDEWAYS else width,
            height=width if orientation in _SIDEWAYS else height,
            grey=image.mode in GREY,
            turned=orientation in _UPRIGHT,
            transparent=image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info,
            several_frames=image.format != "MPO" and bool(getattr(image, "is_animated", False)),  # it seeks: last
        )


def pixels_of(path: Path, mode: str) -> NDArray[np.uint8]:
    """Return the first frame, held upright, as uint8 (height, width), or (…, 3) for the mode RGB. Raises Unreadable."""
    import PIL.Image  # only folders of images need Pillow

    with _opened(path) as image:
        try:
            orientation = _orientation(image)
            decoded = image.convert(mode)
            if orientation in _UPRIGHT:
                decoded = decoded.transpose(PIL.Image.Transpose[_UPRIGHT[orientation]])
            return np.asarray(decoded)
        except Exception as error:
            raise Unreadable(f"can't be decoded: {_said(error)}") from error


@contextmanager
def without_warnings() -> Iterator[None]:
    """Silence Pillow's warnings about images that it then reads all the same: there may be one line for each of many
    images."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    import PIL.Image  # only folders of images need Pillow

    try:
        image = PIL.Image.open(path)
    except PIL.Image.DecompressionBombError as error:
        raise Unreadable(f"{_said(error)}") from error
    except Exception as error:
        raise Unreadable(f"can't be read as an image: {_why(path, error)}") from error
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


def _why(path: Path, error: Exception) -> str:
    if not isinstance(error, OSError) or error.errno is None:
        head = head_of(path)
        if not head:
            return "it is empty"
        if head.startswith(b"version https://git-lfs"):
            return "it is a pointer of Git LFS (git lfs pull fetches it)"
        if looks_like_an_image(path):
            return "it begins as an image, but is broken, or of a format that this Pillow lacks"
        return f"it begins with {head[:16]!r}"
    return error.strerror or _said(error)


def _said(error: Exception) -> str:
    return bounded(str(error) or type(error).__name__, 200)
