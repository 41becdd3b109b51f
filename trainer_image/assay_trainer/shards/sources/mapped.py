"""Arrays that stay in their files: mapped where they lie, or unpacked once into a temporary file that is mapped."""

from __future__ import annotations

import math
import tempfile
import zipfile
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

_AT_ONCE = 2**20


class Layout(NamedTuple):
    """What an array's bytes mean."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"] = "C"

    @property
    def bytes(self) -> int:
        """The bytes of all its values."""
        return math.prod(self.shape) * self.dtype.itemsize

    def differs(self, found: str) -> str:
        """Return what is wrong with a file that has so many bytes for it."""
        return f"{found} bytes of content; its header says {self.shape}, {self.bytes} bytes"


def mapped(file: Path | IO[bytes], layout: Layout, offset: int = 0) -> NDArray[Any]:
    """Return the array that begins at an offset of a file, read-only. It outlives the open file."""
    if not layout.bytes:
        return np.empty(layout.shape, layout.dtype)
    return np.memmap(file, layout.dtype, "r", offset, layout.shape, layout.order)


def unpacked(stream: IO[bytes], layout: Layout) -> NDArray[Any]:
    """Return the array whose bytes are the rest of a stream, by way of a temporary file that ends with it. Raises
    ValueError if there are more or fewer bytes than its layout has."""
    with tempfile.TemporaryFile(prefix="assay-shards-") as file:
        size = 0
        while data := stream.read(_AT_ONCE):
            size += len(data)
            if size > layout.bytes:
                raise ValueError(layout.differs(f"more than {layout.bytes}"))
            file.write(data)
        if size < layout.bytes:
            raise ValueError(layout.differs(str(size)))
        file.flush()
        return mapped(file, layout)


def mapped_member(path: Path, archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Return an array of an .npz file. All of it is read once, to check that it is whole. Raises ValueError or an error
    of zipfile's if it isn't, and if it holds Python objects."""
    member = archive.getinfo(f"{name}.npy")
    with archive.open(member) as stream:
        layout = _header(stream)
        start = stream.tell()
        if layout.dtype.hasobject:
            raise ValueError("Python objects, which only pickle can load")
        if member.file_size - start != layout.bytes:
            raise ValueError(f"{name}: {layout.differs(str(member.file_size - start))}")
        if member.compress_type != zipfile.ZIP_STORED:
            return unpacked(stream, layout)
        while stream.read(_AT_ONCE):
            pass
    return mapped(path, layout, _data_of(path, member) + start)


def _header(stream: IO[bytes]) -> Layout:
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"an array of version {version[0]}.{version[1]}; expected 1.0 or 2.0")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, is_fortran, dtype = read(stream)
    return Layout(dtype, shape, "F" if is_fortran else "C")


def _data_of(path: Path, member: zipfile.ZipInfo) -> int:
    """Return where the bytes of a stored member begin: behind its local header, whose length is only said there."""
    with path.open("rb") as file:
        file.seek(member.header_offset + 26)
        lengths = file.read(4)
    return member.header_offset + 30 + int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
