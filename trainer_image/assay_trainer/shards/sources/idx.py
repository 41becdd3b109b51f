"""MNIST's idx files: big-endian, plain or gzipped, of images and labels, `train` and `t10k` or `test`."""

from __future__ import annotations

import gzip
import math
import re
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.source import Source, from_arrays

_NAME = re.compile(r"(?:.*[-_])?(train|t10k|test)[-_](images|labels)[-.]idx[13]-ubyte(?:\.gz)?")
_UNSIGNED_BYTE = 0x08


def find_idx(folder: Path) -> dict[tuple[bool, str], Path]:
    """Files of a folder that are named as MNIST names its own, by (held out, images or labels)."""
    named = ((_NAME.fullmatch(path.name), path) for path in sorted(folder.iterdir()))
    return {(match[1] != "train", match[2]): path for match, path in named if match}


def read_idx(folder: Path) -> Source:
    """The source in a folder's idx files; with held-out ones its own split. Raises InvalidSource."""
    files = find_idx(folder)
    parts = []
    for held_out in (False, True) if any(held_out for held_out, _ in files) else (False,):
        for kind in ("images", "labels"):
            if (held_out, kind) not in files:
                given = ", ".join(path.name for path in files.values())
                split = "t10k" if held_out else "train"
                raise InvalidSource(f"{folder}: no {split}-{kind} file beside {given}")
        parts.append((_read(files[held_out, "images"]), _read(files[held_out, "labels"])))
    return from_arrays(str(folder), parts)


def _read(path: Path) -> NDArray[np.uint8]:
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidSource(f"{path}: can't be read: {error}") from error
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != _UNSIGNED_BYTE or len(data) < 4 + 4 * data[3]:
        raise InvalidSource(
            f"{path}: begins with {data[:4].hex() or 'nothing'}; expected an idx file of unsigned bytes"
        )
    dimensions = data[3]
    shape = tuple(np.frombuffer(data, ">u4", dimensions, 4).tolist())
    content = np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions)
    if len(content) != math.prod(shape):
        raise InvalidSource(
            f"{path}: {len(content)} bytes of content; its header says {shape}, {math.prod(shape)} bytes"
        )
    return content.reshape(shape)
