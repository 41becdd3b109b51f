"""Tar archives of images, as WebDataset has them: `0.jpg` beside `0.cls`. They are read in place, never unpacked."""

from __future__ import annotations

import os
import re
import tarfile
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from assay_trainer.described import bounded, printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import NO_IMAGES, Findings
from assay_trainer.shards.sources.image_files import ImageFiles, ImageOptions, usable_images
from assay_trainer.shards.sources.images import ImageFile
from assay_trainer.shards.sources.parts import HELD_OUT_ORDER, Part, part_of
from assay_trainer.shards.sources.source import Source
from assay_trainer.shards.sources.stamps import stamp_of
from assay_trainer.shards.sources.texts import Texts
from assay_trainer.shards.sources.tree import SUFFIXES

_KEY = re.compile(r"((?:.*/)?[^/.]+)\.([^/]*)")
"""WebDataset's rule: a key ends at the first dot of the file's name."""

_BESIDE = (".json", ".md", ".txt", ".idx")
_MOST_CLASS_BYTES = 1024
_MOST_IMAGE_BYTES = 1 << 28


class _Member(NamedTuple):
    """A file in an archive: where its bytes lie."""

    name: str
    offset: int
    size: int


class _Samples:
    """Images with their classes, as archives have them: a few numbers and a name each, however many they are."""

    def __init__(self) -> None:
        self.names = Texts()
        self.archives, self.offsets, self.sizes, self.labels = array("i"), array("q"), array("q"), array("i")
        self.classes: dict[str, int] = {}
        """The classes by their names, numbered as they come."""

    def add(self, archive: int, name: str, image: _Member, label: str) -> None:
        """Take in an image."""
        self.names.append(name)
        self.archives.append(archive)
        self.offsets.append(image.offset)
        self.sizes.append(image.size)
        self.labels.append(self.classes.setdefault(label, len(self.classes)))

    def __len__(self) -> int:
        return len(self.names)


def tar_files(path: Path) -> list[Path]:
    """Return the archives that a path is or holds; none if it holds other files as well."""
    if path.is_file():
        return [path] if path.suffix.lower() == ".tar" else []
    found: list[Path] = []
    for folder, _, names in os.walk(path):
        for name in names:
            if name.lower().endswith(".tar"):
                found.append(Path(folder, name))
            elif not name.startswith((".", "_")) and not name.lower().endswith(_BESIDE):
                return []
    return sorted(found)


def read_tars(path: Path, archives: Sequence[Path], options: ImageOptions, hold_out: Part | None = None) -> Source:
    """Return the images of archives as a source. The class is what `<key>.cls` says, else the folder of the image.

    Archives that are named as parts (`train-000000.tar`, `val/0.tar`) are the source's split. Raises InvalidSource for
    an archive that is damaged, an image without a class, or as `usable_images` does.
    """
    findings = Findings()
    used = _of_parts(path, archives, findings, hold_out)
    samples = _Samples()
    for place, (archive, _) in enumerate(used):
        _take_samples(archive, place, samples, findings)
    if not samples:
        raise InvalidSource(f"{path}: no images in {len(archives):,} archives; expected such as 0.jpg beside 0.cls")

    def file(index: int) -> ImageFile:
        return _read(used[samples.archives[index]][0], samples.offsets[index], samples.sizes[index])

    archives_there = [stamp_of(archive.parent, archive.name) for archive, _ in used]

    def stamp(index: int) -> str:
        return f"{archives_there[samples.archives[index]]} {samples.offsets[index]} {samples.sizes[index]}"

    images = usable_images(ImageFiles(str(path), samples.names, file, stamp), options, findings)
    classes = _sorted(set(samples.classes))
    if len(classes) < 2:
        raise InvalidSource(f"{path}: images of {len(classes)} classes; expected two or more")
    places = np.array([classes.index(name) for name in samples.classes], np.int64)
    has_split = any(held for _, held in used)
    are_held_out = np.array([held for _, held in used])
    return Source(
        classes=classes,
        labels=places[np.frombuffer(samples.labels, np.int32)[images.kept]],
        size=images.size,
        channels=images.channels,
        read=images.read,
        jpegs=images.jpegs,
        held_out=are_held_out[np.frombuffer(samples.archives, np.int32)[images.kept]] if has_split else None,
        found="tar archives",
        findings=findings,
        stamps=images.stamps,
    )


def _of_parts(
    path: Path, archives: Sequence[Path], findings: Findings, hold_out: Part | None
) -> list[tuple[Path, bool]]:
    """Return the archives that are used, and whether each is held out."""
    parts: dict[Path, Part | None] = {}
    for archive in archives:
        below = archive.relative_to(path) if path.is_dir() else Path(archive.name)
        words = [word for name in below.parts for word in re.split(r"[-_.\s]+", name)]
        parts[archive] = next((part for word in words if (part := part_of(word))), None)
    there = set(parts.values())
    if path.is_file() or Part.TRAIN not in there:
        return [(archive, False) for archive in archives]
    held = hold_out or next((part for part in HELD_OUT_ORDER if part in there), None)
    for archive, part in parts.items():
        if part not in (Part.TRAIN, held):
            findings.leave_out("archives of other parts", archive.name)
    return [(archive, part is not Part.TRAIN) for archive, part in parts.items() if part in (Part.TRAIN, held)]


def _take_samples(archive: Path, place: int, samples: _Samples, findings: Findings) -> None:
    for key, members in _keyed(archive, findings):
        image = [(kind, each) for kind, each in members.items() if _is_image(kind)]
        for kind, each in members.items():
            if kind != "cls" and not _is_image(kind):
                findings.leave_out(f".{bounded(kind, 20)} files, {NO_IMAGES}", f"{archive.name}/{each.name}")
        if len(image) > 1:
            raise InvalidSource(f"{archive}: {printable(key)} has {len(image)} images; expected one to a key")
        if not image:
            continue
        found = image[0][1]
        samples.add(place, f"{archive.name}/{found.name}", found, _label(archive, key, members.get("cls")))


def _label(archive: Path, key: str, stated: _Member | None) -> str:
    if stated is None:
        folder = key.rpartition("/")[0].rpartition("/")[2]
        if folder in ("", ".", ".."):
            raise InvalidSource(
                f"{archive}: {printable(key)} has no class; expected a file {printable(key)}.cls, or folders of classes"
            )
        label = folder
    else:
        if stated.size > _MOST_CLASS_BYTES:
            raise InvalidSource(f"{archive}: {printable(stated.name)} has {stated.size} bytes; expected a class")
        label = _read(archive, stated.offset, stated.size).decode(errors="replace").strip()
    if not label or not label.isprintable():
        raise InvalidSource(f"{archive}: {printable(key)} is of the class {label!r}; expected one that can be printed")
    return label


def _keyed(archive: Path, findings: Findings) -> Iterator[tuple[str, dict[str, _Member]]]:
    """Yield the members of each key, by what follows it. The members of a key follow one another."""
    key, members = "", dict[str, _Member]()
    for member in _members(archive, findings):
        match = _KEY.fullmatch(member.name)
        if match is None:
            findings.leave_out(f"other files, {NO_IMAGES}", f"{archive.name}/{member.name}")
            continue
        if match[1] != key:
            if members:
                yield key, members
            key, members = match[1], {}
        kind = match[2].lower()
        if kind in members:
            raise InvalidSource(f"{archive}: {printable(member.name)} is there twice; expected each name once")
        members[kind] = member
    if members:
        yield key, members


def _members(archive: Path, findings: Findings) -> Iterator[_Member]:
    try:
        with tarfile.open(archive, "r:") as opened:
            while (each := opened.next()) is not None:
                opened.members = []  # type: ignore[attr-defined]  # else all of them stay in memory
                name = each.name.removeprefix("./")
                if each.isdir():
                    continue
                if not each.isreg() or each.issparse():
                    findings.leave_out("links, devices and sparse files", f"{archive.name}/{name}")
                elif any(part.startswith(".") for part in name.split("/") if part not in (".", "..")):
                    findings.leave_out("hidden or system files", f"{archive.name}/{name}")
                else:
                    yield _Member(name, each.offset_data, each.size)
            if not _has_end_mark(archive, opened.offset):
                findings.notes.append(f"{archive.name}: no end mark follows its last file: it may have been cut short")
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise InvalidSource(f"{archive}: can't be read as a tar archive: {bounded(str(error), 200)}") from None


def _has_end_mark(archive: Path, end: int) -> bool:
    """Return whether zeros follow the last member, as tar(5) has it. An archive that is cut between two members looks
    whole but for them."""
    with archive.open("rb") as file:
        file.seek(end)
        return file.read(tarfile.BLOCKSIZE) == bytes(tarfile.BLOCKSIZE)


def _read(archive: Path, offset: int, size: int) -> bytes:
    """Return a member's bytes; none if it is too large for an image, or can't be read."""
    if size > _MOST_IMAGE_BYTES:
        return b""
    try:
        with archive.open("rb") as file:
            return os.pread(file.fileno(), size, offset)
    except OSError:
        return b""


def _is_image(kind: str) -> bool:
    return f".{kind.rpartition('.')[2]}" in SUFFIXES


def _sorted(labels: set[str]) -> tuple[str, ...]:
    """Return classes in order: of their numbers, if they are numbers."""
    if all(re.fullmatch(r"[0-9]{1,9}", each) for each in labels):
        return tuple(sorted(labels, key=lambda each: (int(each), each)))
    return tuple(sorted(labels))
