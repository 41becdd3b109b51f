"""A folder of class folders with images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.source import Source

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
HELD_OUT_NAMES = ("held_out", "test", "val", "valid", "validation")
_GREY = ("1", "L", "LA")
_COLOUR = ("RGB", "RGBA", "P", "CMYK", "YCbCr")


def read_folder(folder: Path) -> Source:
    """A source of `folder/<class>/<image>`, or of `folder/train/<class>/…` and `folder/test/<class>/…` (its own split).

    Images are grey if all of them are, else RGB. Only their headers are read here, and decoded when asked for.
    Raises InvalidSource: no classes, a class folder without images, an image that can't be read, or of another size.
    """
    parts = _parts(folder)
    classes = sorted({child.name for part in parts for child in _folders(part)})
    if len(classes) < 2:
        raise InvalidSource(f"{folder}: {len(classes)} class folders; expected two or more, with images in each")
    files: list[Path] = []
    labels: list[int] = []
    held_out: list[bool] = []
    for part in parts:
        for label, name in enumerate(classes):
            images = _images(part / name)
            files += images
            labels += [label] * len(images)
            held_out += [part is not parts[0]] * len(images)
    headers = [_header(file) for file in files]
    size = headers[0][0]
    for file, (found, _) in zip(files, headers, strict=True):
        if found != size or found[0] != found[1]:
            raise InvalidSource(
                f"{file}: {found[0]}x{found[1]} pixels, where {files[0].name} has {size[0]}x{size[1]}; "
                "expected square images of one size: crop or scale them first"
            )
    mode = "L" if all(mode in _GREY for _, mode in headers) else "RGB"

    def read(indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        decoded = np.stack([_decode(files[index], mode) for index in indices])
        return decoded[..., None] if mode == "L" else decoded

    own_split = np.array(held_out) if len(parts) == 2 else None
    return Source(tuple(classes), np.array(labels, np.int64), size[0], 1 if mode == "L" else 3, read, own_split)


def _parts(folder: Path) -> list[Path]:
    """The folder itself, or its train and its held-out folder."""
    names = [child.name for child in _folders(folder)]
    if len(names) == 2 and "train" in names:
        other = next(name for name in names if name != "train")
        if other in HELD_OUT_NAMES:
            return [folder / "train", folder / other]
    return [folder]


def _folders(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InvalidSource(f"{folder}: no such class folder; expected the same classes in both splits")
    images = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not images:
        raise InvalidSource(f"{folder}: no images; expected files that end with {', '.join(SUFFIXES)}")
    return images


def _header(path: Path) -> tuple[tuple[int, int], str]:
    with _opened(path) as image:
        if image.mode not in _GREY + _COLOUR:
            raise InvalidSource(f"{path}: pixels of mode {image.mode}; allowed: {', '.join(_GREY + _COLOUR)}")
        return image.size, image.mode


def _decode(path: Path, mode: str) -> NDArray[np.uint8]:
    with _opened(path) as image:
        try:
            return np.asarray(image.convert(mode))
        except (OSError, SyntaxError, ValueError) as error:
            raise InvalidSource(f"{path}: can't be decoded: {error}") from error


def _opened(path: Path) -> Image:
    import PIL.Image

    try:
        return PIL.Image.open(path)
    except (OSError, SyntaxError, ValueError) as error:
        raise InvalidSource(f"{path}: can't be read as an image: {error}") from error
