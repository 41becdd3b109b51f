"""Reads MNIST's idx files: big-endian, plain or gzipped, of images and labels, `train` and `t10k` or `test`."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import Findings
from assay_trainer.shards.sources.mapped import Layout, mapped, unpacked
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
    packed = path.suffix == ".gz"
    try:
        with cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb") as file:
            head = file.read(4)
            head += file.read(4 * head[3]) if len(head) == 4 else b""
            layout = _layout(path, head)
            if packed:
                return unpacked(file, layout)
    except ValueError as error:
        raise InvalidSource(f"{path}: {error}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidSource(f"{path}: can't be read: {error}") from error
    there = path.stat().st_size - len(head)
    if there != layout.bytes:
        raise InvalidSource(f"{path}: {layout.differs(str(there))}")
    return mapped(path, layout, len(head))


def _layout(path: Path, head: bytes) -> Layout:
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] != _UNSIGNED_BYTE or len(head) < 4 + 4 * head[3]:
        raise InvalidSource(
            f"{path}: begins with {head[:4].hex() or 'nothing'}; expected an idx file of unsigned bytes"
        )
    return Layout(np.dtype(np.uint8), tuple(np.frombuffer(head, ">u4", head[3], 4).tolist()))
