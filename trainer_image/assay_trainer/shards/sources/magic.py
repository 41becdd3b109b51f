"""Recognises files by their first bytes."""

from __future__ import annotations

from pathlib import Path

HEAD_BYTES = 512

_IMAGES = ((0, b"\x89PNG\r\n\x1a\n"), (0, b"\xff\xd8\xff"), (0, b"GIF8"), (8, b"WEBP"), (4, b"ftypavif"))


_HEIC = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypheim", b"ftypheis", b"ftypmif1", b"ftypmsf1")


def head_of(path: Path) -> bytes:
    """Return the file's first bytes; none if it can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def looks_like_an_image(path: Path) -> bool:
    """Return whether the bytes begin as PNG, JPEG, GIF, WebP and AVIF files do."""
    return begins_as_an_image(head_of(path))


def begins_as_an_image(head: bytes) -> bool:
    """Return whether these bytes begin as PNG, JPEG, GIF, WebP and AVIF files do."""
    return any(head[offset : offset + len(magic)] == magic for offset, magic in _IMAGES)


def begins_as_heic(head: bytes) -> bool:
    """Return whether these bytes begin as HEIC files do, which telephones write and Pillow does not read."""
    return head[4:12] in _HEIC
