"""Walks through a folder and tells image files from other files."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from assay_trainer.described import printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import NO_IMAGES, Findings
from assay_trainer.shards.sources.magic import looks_like_an_image

SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm"),
    *(".tif", ".tiff", ".webp"),
)
"""The suffixes of image files, in any case. A file without a suffix is an image if it begins as one."""

UNREAD_SUFFIXES = (
    *(".arw", ".cr2", ".cr3", ".dcm", ".dng", ".exr", ".hdr", ".heic", ".heif", ".ico", ".jp2", ".jxl"),
    *(".nef", ".nii", ".orf", ".pcx", ".psd", ".raw", ".rw2", ".svg", ".tga", ".xcf"),
)
"""The suffixes of image formats that are not read."""

UNREAD = ", a format that is not read"
"""The ending of kinds of files of such formats."""

_SYSTEM = {
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin"),
    *("system volume information", "lost+found", "__pycache__"),
}
_MOST_OTHERS = 2000

Parts = tuple[str, ...]
"""A path below the folder that was given, part by part."""


@dataclass
class Tree:
    """The files below a folder. Paths are parts, sorted."""

    images: list[Parts] = field(default_factory=list)
    folders: set[Parts] = field(default_factory=set)
    others: list[Parts] = field(default_factory=list)
    """The first files that are no images, which may show that the data is in another format."""


def walk(root: Path, findings: Findings, without: Path | None = None) -> Tree:
    """Look at all that lies below a folder, through links too; `without` is a folder that does not belong to it.

    Raises InvalidSource for a folder that can't be listed.
    """
    tree = Tree()
    here = root.stat()
    excluded = _identity_of(without)
    waiting: list[tuple[Parts, frozenset[tuple[int, int]]]] = [((), frozenset({(here.st_dev, here.st_ino)}))]
    while waiting:
        folder, above = waiting.pop()
        try:
            entries = list(os.scandir(os.path.join(root, *folder)))
        except OSError as error:
            place = os.path.join(root, *folder)
            raise InvalidSource(f"{printable(place)}: can't be listed: {error.strerror}") from None
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = (*folder, entry.name)
            if _is_hidden(entry.name):
                findings.leave_out("hidden or system files", "/".join(path))
            elif _leads_to(entry.is_dir):
                status = entry.stat()
                identity = (status.st_dev, status.st_ino)
                if identity in above:
                    findings.leave_out("links in a circle", "/".join(path))
                elif identity == excluded:
                    findings.leave_out("folders: the destination itself", "/".join(path))
                else:
                    tree.folders.add(path)
                    waiting.append((path, above | {identity} if entry.is_symlink() or len(above) < 64 else above))
            else:
                _take_file(tree, findings, entry, path)
    tree.images.sort()
    return tree


def suffix_of(name: str) -> str:
    """Return the suffix in lower case; nothing if what follows the last dot is no word, as in `img.0001`."""
    suffix = PurePath(name).suffix.lower()
    return suffix if suffix[1:].isalnum() and not suffix[1:].isdigit() else ""


def _take_file(tree: Tree, findings: Findings, entry: os.DirEntry[str], path: Parts) -> None:
    suffix = suffix_of(entry.name)
    regular = _leads_to(entry.is_file)
    if suffix in SUFFIXES and (regular or entry.is_symlink()):  # a link to nowhere is an image that can't be read
        tree.images.append(path)
    elif not regular:
        findings.leave_out("links to nowhere" if entry.is_symlink() else "pipes, sockets or devices", "/".join(path))
    elif suffix in UNREAD_SUFFIXES:
        findings.leave_out(f"{suffix} images{UNREAD}", "/".join(path))
    elif not suffix and looks_like_an_image(Path(entry.path)):
        tree.images.append(path)
    else:
        if len(tree.others) < _MOST_OTHERS:
            tree.others.append(path)
        findings.leave_out(f"{suffix or 'other'} files, {NO_IMAGES}", "/".join(path))


def _leads_to(kind: Callable[[], bool]) -> bool:
    try:
        return kind()
    except OSError:  # a link to itself, or to where one may not look
        return False


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _SYSTEM


def _identity_of(folder: Path | None) -> tuple[int, int] | None:
    try:
        status = folder.stat() if folder is not None else None
    except OSError:
        return None
    return None if status is None else (status.st_dev, status.st_ino)
