"""Tar archives of images, as WebDataset has them: `0.jpg` beside `0.cls`. They are read in place, never unpacked."""

from __future__ import annotations

import os
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assay_trainer.described import bounded, printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import NO_IMAGES, Findings
from assay_trainer.shards.sources.image_files import ImageFiles, ImageOptions, usable_images
from assay_trainer.shards.sources.images import ImageFile
from assay_trainer.shards.sources.parts import HELD_OUT_ORDER, Part, part_of
from assay_trainer.shards.sources.source import Source
from assay_trainer.shards.sources.stamps import stamp_of
from assay_trainer.shards.sources.tree import SUFFIXES

_KEY = re.compile(r"((?:.*/)?[^/.]+)\.([^/]*)")
"""WebDataset's rule: a key ends at the first dot of the file's name."""

_BESIDE = (".json", ".md", ".txt", ".idx")
_MOST_CLASS_BYTES = 1024
_MOST_IMAGE_BYTES = 1 << 28


@dataclass(frozen=True)
class _Member:
    """A file in an archive: where its bytes lie."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True)
class _Sample:
    """An image with its class, as the archive has it."""

    archive: int
    image: _Member
    label: str


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
    samples = [sample for place, (archive, _) in enumerate(used) for sample in _samples(archive, place, findings)]
    if not samples:
        raise InvalidSource(f"{path}: no images in {len(archives):,} archives; expected such as 0.jpg beside 0.cls")

    def file(index: int) -> ImageFile:
        sample = samples[index]
        return _read(used[sample.archive][0], sample.image)

    names = [f"{used[each.archive][0].name}/{each.image.name}" for each in samples]
    archives_there = [stamp_of(archive.parent, archive.name) for archive, _ in used]

    def stamp(index: int) -> str:
        sample = samples[index]
        return f"{archives_there[sample.archive]} {sample.image.offset} {sample.image.size}"

    images = usable_images(ImageFiles(str(path), names, file, stamp), options, findings)
    classes = _sorted({sample.label for sample in samples})
    if len(classes) < 2:
        raise InvalidSource(f"{path}: images of {len(classes)} classes; expected two or more")
    places = {name: place for place, name in enumerate(classes)}
    kept = images.kept.tolist()
    has_split = any(held for _, held in used)
    return Source(
        classes=classes,
        labels=np.array([places[samples[place].label] for place in kept], np.int64),
        size=images.size,
        channels=images.channels,
        read=images.read,
        jpegs=images.jpegs,
        held_out=np.array([used[samples[place].archive][1] for place in kept]) if has_split else None,
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


def _samples(archive: Path, place: int, findings: Findings) -> Iterator[_Sample]:
    for key, members in _keyed(archive, findings):
        image = [(kind, each) for kind, each in members.items() if _is_image(kind)]
        for kind, each in members.items():
            if kind != "cls" and not _is_image(kind):
                findings.leave_out(f".{bounded(kind, 20)} files, {NO_IMAGES}", f"{archive.name}/{each.name}")
        if len(image) > 1:
            raise InvalidSource(f"{archive}: {printable(key)} has {len(image)} images; expected one to a key")
        if not image:
            continue
        label = _label(archive, key, members.get("cls"))
        yield _Sample(place, image[0][1], label)


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
        label = _read(archive, stated).decode(errors="replace").strip()
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


def _read(archive: Path, member: _Member) -> bytes:
    """Return a member's bytes; none if it is too large for an image, or can't be read."""
    if member.size > _MOST_IMAGE_BYTES:
        return b""
    try:
        with archive.open("rb") as file:
            return os.pread(file.fileno(), member.size, member.offset)
    except OSError:
        return b""


def _is_image(kind: str) -> bool:
    return f".{kind.rpartition('.')[2]}" in SUFFIXES


def _sorted(labels: set[str]) -> tuple[str, ...]:
    """Return classes in order: of their numbers, if they are numbers."""
    if all(re.fullmatch(r"[0-9]{1,9}", each) for each in labels):
        return tuple(sorted(labels, key=lambda each: (int(each), each)))
    return tuple(sorted(labels))
