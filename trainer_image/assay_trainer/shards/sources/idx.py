"""Reads MNIST's idx files: big-endian, plain or gzipped, of images and labels, `train` and `t10k` or `test`."""

from __future__ import annotations

import gzip
import math
import re
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import Findings
from assay_trainer.shards.sources.source import Source, from_arrays

_NAME = re.compile(r"(?:.*[-_])?(train|t10k|test)[-_](images|labels)[-.]idx[13]-ubyte(?:\.gz)?")
_UNSIGNED_BYTE = 0x08


def find_idx(folder: Path) -> dict[tuple[bool, str], Path]:
    """Return the files of a folder that are named as MNIST names its own, by (held out, images or labels). Raises
    InvalidSource if there are files of several data sets."""
    found: dict[tuple[bool, str], Path] = {}
    stems: dict[tuple[bool, str], str] = {}
    for path in sorted(folder.iterdir()):
        if not (match := _NAME.fullmatch(path.name)) or not path.is_file():
            continue
        which, stem = (match[1] != "train", match[2]), path.name.removesuffix(".gz")
        if stems.setdefault(which, stem) != stem:
            raise InvalidSource(
                f"{folder}: {found[which].name} and {path.name} are of several data sets; expected the files of one"
            )
        found[which] = path
    return found


def read_idx(folder: Path) -> Source:
    """Return the source in a folder's idx files; held-out files are its own split. Raises InvalidSource."""
    files = find_idx(folder)
    parts = []
    for held_out in (False, True) if any(held_out for held_out, _ in files) else (False,):
        for kind in ("images", "labels"):
            if (held_out, kind) not in files:
                given = ", ".join(path.name for path in files.values())
                split = "t10k" if held_out else "train"
                raise InvalidSource(f"{folder}: no {split}-{kind} file beside {given}")
        parts.append((_read(files[held_out, "images"]), _read(files[held_out, "labels"])))
    source = from_arrays(str(folder), parts)
    findings = Findings()
    for path in sorted(folder.iterdir()):
        if path not in files.values():
            findings.leave_out("files or folders beside the idx files", path.name)
    return replace(source, found="MNIST's idx files", findings=findings)


def _read(path: Path) -> NDArray[np.uint8]:
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, MemoryError, zlib.error) as error:
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
