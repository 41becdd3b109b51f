"""Image files, wherever they lie: which of them can be used, their common size, and their pixels."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from assay_trainer.described import printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.format import jpeg_of
from assay_trainer.shards.sources.findings import Findings
from assay_trainer.shards.sources.fit import Fit
from assay_trainer.shards.sources.images import (
    Header,
    ImageFile,
    Unreadable,
    header_of,
    jpeg_as_it_is,
    pixels_of,
    without_warnings,
)

_Made = TypeVar("_Made")

_TOLD_AFTER = 256

LISTED = 10
"""The most files that a refusal names."""

_THREADS = min(8, os.cpu_count() or 1)  # Pillow lets others run while it decodes

_DONE = {
    Fit.CROP: "the middle square of each was scaled to",
    Fit.PAD: "each was scaled, with black bars, to",
    Fit.STRETCH: "each was stretched to",
}


@dataclass(frozen=True)
class ImageOptions:
    """How image files become squares of one size."""

    size: int | None = None
    """The pixels a side that images of several sizes get. None: only squares of one size are taken."""
    fit: Fit = Fit.CROP
    skip_unreadable: bool = False
    """Whether images that can't be used are left out, rather than ending the build."""
    damaged: Mapping[str, str] = field(default_factory=dict)
    """The stamps of images that were found to be damaged, with the reasons: they are looked at first."""
    looked: Callable[[int, int], None] = lambda _done, _of: None
    """Told now and then how many headers have been read, and of how many."""


@dataclass(frozen=True)
class ImageFiles:
    """Image files by their number."""

    where: str
    """The folder or file that they lie in."""
    names: Sequence[str]
    """What messages call each of them."""
    file: Callable[[int], ImageFile]
    """A function that returns one of them."""
    stamp: Callable[[int], str]
    """A function that tells one of them from any other, and from itself once it is changed, at little cost."""

    def named(self, index: int) -> str:
        """Return the whole name of one of them."""
        return printable(f"{self.where}/{_on_a_line(self.names[index])}")


@dataclass(frozen=True)
class UsableImages:
    """The image files that can be used. Only their headers have been read."""

    kept: NDArray[np.int64]
    """Their numbers among all, ascending."""
    size: int
    """The pixels a side of those that `read` returns."""
    channels: int
    """1 (grey: all of them are) or 3 (RGB)."""
    read: Callable[[NDArray[np.int64]], NDArray[np.uint8]]
    """A function from places in `kept` (m,) to images (m, size, size, channels). It raises DamagedImages for all that
    are, once one of these is."""
    jpegs: Callable[[NDArray[np.int64]], list[bytes]]
    """A function that returns the same images as JPEGs: files that are such JPEGs as they are."""
    stamps: Callable[[NDArray[np.int64]], list[str]]
    """A function from places in `kept` to what tells these images from others, and from themselves once changed."""


class DamagedImages(InvalidSource):
    """Images can't be used: all of them, by their numbers, with the reasons."""

    def __init__(self, files: ImageFiles, problems: Mapping[int, str]) -> None:
        ordered = sorted(problems.items())
        lines = [f"  {_on_a_line(files.names[place])}: {reason}" for place, reason in ordered[:LISTED]]
        if len(ordered) > LISTED:
            lines.append(f"  and {len(ordered) - LISTED:,} more")
        super().__init__(
            f"{files.where}: {len(ordered):,} of {len(files.names):,} images can't be used:\n"
            + "\n".join(lines)
            + "\nmend or remove them; --skip-unreadable builds without them"
        )
        self.reasons = {files.stamp(place): reason for place, reason in ordered}
        """The reasons by the stamps of the images."""


def usable_images(files: ImageFiles, options: ImageOptions, findings: Findings) -> UsableImages:
    """Return the images that can be used, as their headers say; what is left out, and how the rest was understood, is
    added to the findings.

    Raises InvalidSource if images can't be used (unless such are to be skipped), or if no size is asked for and they
    are not squares of one size.
    """
    if find_spec("PIL") is None:
        raise InvalidSource(
            f"{files.where}: reading images needs Pillow, which is not installed: pip install 'assay[trainer]'"
        )
    usable = _usable(files, findings, options)
    kept = np.array(sorted(usable), np.int64)
    headers = [usable[place] for place in kept.tolist()]
    if not headers:
        raise InvalidSource(f"{files.where}: no image that can be read")
    size = _common_size(files, kept, headers, options)
    scaled = None
    if size is None:
        assert options.size is not None
        size = scaled = options.size
        _note_scaling(findings, headers, options)
    mode = "L" if all(header.grey for header in headers) else "RGB"
    _note_conversions(findings, files, kept, headers)

    def pixels(file: ImageFile) -> NDArray[np.uint8]:
        decoded = pixels_of(file, mode, scaled, options.fit)
        return decoded[..., None] if mode == "L" else decoded

    def jpeg(file: ImageFile) -> bytes:
        return jpeg_as_it_is(file, mode, size) or jpeg_of(pixels(file))

    whole: set[int] = set()

    def each(places: NDArray[np.int64], use: Callable[[ImageFile], _Made]) -> list[_Made]:
        indices = kept[places].tolist()
        made, problems = _made(files, indices, use)
        whole.update(indices)
        if problems:  # then the rest is looked at, too, so that all are named at once
            problems |= _damaged(files, sorted(set(kept.tolist()) - whole))
            raise DamagedImages(files, problems)
        return made

    return UsableImages(
        kept,
        size,
        1 if mode == "L" else 3,
        lambda places: np.stack(each(places, pixels)),
        lambda places: each(places, jpeg),
        lambda places: [files.stamp(index) for index in kept[places].tolist()],
    )


def _on_a_line(name: str) -> str:
    return printable(name).replace("\n", "\\n")


def _usable(files: ImageFiles, findings: Findings, options: ImageOptions) -> dict[int, Header]:
    """Return the headers of the images that can be used, by their number. Images that were damaged earlier are decoded,
    to find out whether they are still."""
    headers, problems = _headers(files, options.looked)
    if options.damaged:
        problems |= _damaged(files, [place for place in headers if files.stamp(place) in options.damaged])
    if problems and not options.skip_unreadable:
        problems |= _damaged(files, [place for place in headers if place not in problems])
        raise DamagedImages(files, problems)
    for place, reason in sorted(problems.items()):
        findings.leave_out("images that can't be used", f"{files.names[place]}: {reason}")
    return {place: header for place, header in headers.items() if place not in problems}


def _headers(files: ImageFiles, looked: Callable[[int, int], None]) -> tuple[dict[int, Header], dict[int, str]]:
    headers, problems = {}, {}
    known: dict[Header, Header] = {}  # most images have the header of some other one, and so its object
    with without_warnings():
        for place in range(len(files.names)):
            if place % _TOLD_AFTER == 0:
                looked(place, len(files.names))
            try:
                found = header_of(files.file(place))
                headers[place] = known.setdefault(found, found)
            except Unreadable as error:
                problems[place] = str(error)
    return headers, problems


def _damaged(files: ImageFiles, places: Sequence[int]) -> dict[int, str]:
    """Return the images that can't be decoded, and why: a header may be whole where the rest is not."""
    found: dict[int, str] = {}
    for first in range(0, len(places), 1024):
        found |= _made(files, places[first : first + 1024], _looked_at)[1]
    return found


def _looked_at(file: ImageFile) -> None:
    pixels_of(file, "RGB")


def _made(
    files: ImageFiles, places: Sequence[int], use: Callable[[ImageFile], _Made]
) -> tuple[list[_Made], dict[int, str]]:
    """Return what `use` makes of images, and for those that are damaged, why."""

    def one(place: int) -> _Made | Unreadable:
        try:
            return use(files.file(place))
        except Unreadable as error:
            return error

    with without_warnings(), ThreadPoolExecutor(_THREADS) as threads:
        made = list(threads.map(one, places))
    problems = {place: str(each) for place, each in zip(places, made, strict=True) if isinstance(each, Unreadable)}
    return [each for each in made if not isinstance(each, Unreadable)], problems


def _common_size(
    files: ImageFiles, kept: NDArray[np.int64], headers: Sequence[Header], options: ImageOptions
) -> int | None:
    """Return the pixels a side of images that are squares of one size; None if they are to be scaled to one. Raises
    InvalidSource, with two files that differ, if they are neither."""
    sizes = [(header.width, header.height) for header in headers]
    width, height = sizes[0]
    if width == height and len(set(sizes)) == 1:
        return width
    if options.size is not None:
        largest = max(max(each) for each in sizes)
        if not 1 <= options.size <= largest:
            raise InvalidSource(
                f"{files.where}: size {options.size}; allowed: 1 to {largest}, the longest side of an image"
            )
        return None
    place = next((place for place, size in enumerate(sizes) if size != sizes[0]), None)
    first = files.named(int(kept[0]))
    if place is None:
        what = f"{first}: {width}x{height} pixels, as all {len(sizes):,} images are; expected squares"
    else:
        other, differs = files.names[int(kept[0])], files.names[int(kept[place])]
        if (short := other.rpartition("/")[2]) != differs.rpartition("/")[2]:
            other = short
        common = Counter(sizes).most_common(4)
        listed = ", ".join(f"{count:,} of {w}x{h}" for (w, h), count in common) + (
            ", …" if len(set(sizes)) > len(common) else ""
        )
        found = "x".join(map(str, sizes[place]))
        what = (
            f"{files.named(int(kept[place]))}: {found} pixels, where {printable(other)} has {width}x{height} "
            f"({listed}); expected square images of one size"
        )
    raise InvalidSource(
        f"{what}: give a size to scale them to, such as --sizes 64: the middle square of each is used, unless "
        "--fit pad or --fit stretch says otherwise"
    )


def _note_scaling(findings: Findings, headers: Sequence[Header], options: ImageOptions) -> None:
    assert options.size is not None
    small = sum(min(header.width, header.height) < options.size for header in headers)
    findings.notes.append(
        f"the images are no squares of one size: {_DONE[options.fit]} {options.size} pixels a side (--fit)"
    )
    if small:
        findings.notes.append(f"{small:,} images have a side of fewer than {options.size} pixels, and were enlarged")


def _note_conversions(
    findings: Findings, files: ImageFiles, kept: NDArray[np.int64], headers: Sequence[Header]
) -> None:
    for what, chosen in (
        ("have several frames: the first is used", [header.several_frames for header in headers]),
        ("were turned upright, as their EXIF orientation says", [header.turned for header in headers]),
        ("have transparency, which is dropped", [header.transparent for header in headers]),
        ("have 16 bits a pixel, and were divided by 257", [header.deep for header in headers]),
    ):
        if any(chosen):
            example = printable(files.names[int(kept[chosen.index(True)])])
            findings.notes.append(f"{sum(chosen):,} images {what} (such as {example})")
