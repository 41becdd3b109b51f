"""A folder of class folders with images."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay_trainer.described import printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import Findings
from assay_trainer.shards.sources.foreign import ALLOWED, foreign_folder
from assay_trainer.shards.sources.images import Header, Unreadable, header_of, pixels_of, without_warnings
from assay_trainer.shards.sources.layout import Layout, NoClassFolders, lay_out
from assay_trainer.shards.sources.parts import Part
from assay_trainer.shards.sources.source import Source
from assay_trainer.shards.sources.tree import walk

LISTED = 10
"""The most files that a refusal names."""

_THREADS = min(8, os.cpu_count() or 1)  # Pillow lets others run while it decodes


def read_folder(
    folder: Path, *, skip_unreadable: bool = False, hold_out: Part | None = None, without: Path | None = None
) -> Source:
    """Return the source in `folder/<class>/…/<image>`, or, with a split of its own, in `folder/train/<class>/…` and
    `folder/test/…`.

    Images are grey if all of them are, else RGB. Only their headers are read here; they are decoded on demand.
    `without` is a folder that does not belong to the source. Raises InvalidSource if there are no classes, a class
    folder has no images, an image can't be read (unless such images are to be skipped), or images are not squares of
    one size.
    """
    if find_spec("PIL") is None:
        raise InvalidSource(
            f"{folder}: reading images needs Pillow, which is not installed: pip install 'assay[trainer]'"
        )
    findings = Findings()
    layout = _laid_out(folder, findings, hold_out, without)
    every = ["/".join(path) for path in layout.files]
    usable = _usable(folder, every, findings, skip_unreadable=skip_unreadable)
    kept = sorted(usable)
    names, headers = [every[place] for place in kept], [usable[place] for place in kept]
    if not names:
        raise InvalidSource(f"{folder}: no image that can be read")
    size = _common_size(folder, names, headers)
    mode = "L" if all(header.grey for header in headers) else "RGB"
    _note_conversions(findings, names, headers)

    def check() -> None:
        if not skip_unreadable and (damaged := _damaged(folder, names, range(len(names)))):
            raise _unusable(folder, names, damaged)

    return Source(
        classes=layout.classes,
        labels=np.array(layout.labels, np.int64)[kept],
        size=size,
        channels=1 if mode == "L" else 3,
        read=partial(_decoded, folder, names, mode),
        held_out=None if layout.held_out is None else np.array(layout.held_out)[kept],
        found="class folders",
        findings=findings,
        check=check,
    )


def _laid_out(folder: Path, findings: Findings, hold_out: Part | None, without: Path | None) -> Layout:
    """Walk through the folder and return its classes and parts. Raises InvalidSource, also for another format."""
    tree = walk(folder, findings, without)
    try:
        return lay_out(tree, findings, hold_out)
    except NoClassFolders as error:
        found = foreign_folder(folder, tree.others) or f"allowed: {ALLOWED}"
        raise InvalidSource(f"{folder}: {error}; {found}") from None
    except InvalidSource as error:
        raise InvalidSource(f"{folder}: {error}") from None


def _usable(folder: Path, names: Sequence[str], findings: Findings, *, skip_unreadable: bool) -> dict[int, Header]:
    """Return the headers of the images that can be used, by their place in `names`.

    Where images are to be skipped, each is decoded, to find those that have a whole header and damaged pixels. Raises
    InvalidSource for images that can't be used, unless they are to be skipped.
    """
    headers, problems = _headers(folder, names)
    if problems or skip_unreadable:
        problems |= _damaged(folder, names, [place for place in range(len(names)) if place not in problems])
    if problems and not skip_unreadable:
        raise _unusable(folder, names, problems)
    for place, reason in sorted(problems.items()):
        findings.leave_out("images that can't be used", f"{names[place]}: {reason}")
    return {place: header for place, header in headers.items() if place not in problems}


def _decoded(folder: Path, names: Sequence[str], mode: str, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the images at the indices, shape (n, side, side, 1 or 3)."""

    def decode(index: int) -> NDArray[np.uint8]:
        try:
            return pixels_of(folder / names[index], mode)
        except Unreadable as error:
            raise InvalidSource(f"{printable(str(folder / names[index]))}: {error}") from error

    with without_warnings(), ThreadPoolExecutor(_THREADS) as threads:
        decoded = np.stack(list(threads.map(decode, indices.tolist())))
    return decoded[..., None] if mode == "L" else decoded


def _unusable(folder: Path, names: Sequence[str], problems: Mapping[int, str]) -> InvalidSource:
    ordered = sorted(problems.items())
    lines = [f"  {printable(names[place])}: {reason}" for place, reason in ordered[:LISTED]]
    if len(ordered) > LISTED:
        lines.append(f"  and {len(ordered) - LISTED:,} more")
    return InvalidSource(
        f"{folder}: {len(ordered):,} of {len(names):,} images can't be used:\n"
        + "\n".join(lines)
        + "\nmend or remove them; --skip-unreadable builds without them"
    )


def _headers(folder: Path, names: Sequence[str]) -> tuple[dict[int, Header], dict[int, str]]:
    headers, problems = {}, {}
    with without_warnings():
        for place, name in enumerate(names):
            try:
                headers[place] = header_of(folder / name)
            except Unreadable as error:
                problems[place] = str(error)
    return headers, problems


def _damaged(folder: Path, names: Sequence[str], places: Sequence[int]) -> dict[int, str]:
    """Return the images that can't be decoded, and why: a header may be whole where the rest is not."""

    def problem(place: int) -> str | None:
        try:
            pixels_of(folder / names[place], "RGB")
        except Unreadable as error:
            return str(error)
        return None

    with without_warnings(), ThreadPoolExecutor(_THREADS) as threads:
        found: dict[int, str] = {}
        for first in range(0, len(places), 1024):
            chunk = places[first : first + 1024]
            found |= {place: said for place, said in zip(chunk, threads.map(problem, chunk), strict=True) if said}
    return found


def _common_size(folder: Path, names: Sequence[str], headers: Sequence[Header]) -> int:
    """Return the pixels a side. Raises InvalidSource, with two files that differ, unless all images are squares of one
    size."""
    sizes = [(header.width, header.height) for header in headers]
    width, height = sizes[0]
    if width == height and len(set(sizes)) == 1:
        return width
    place = next((place for place, size in enumerate(sizes) if size != sizes[0]), None)
    if place is None:
        what = f"{folder / names[0]}: {width}x{height} pixels, as all {len(names):,} images are; expected squares"
    else:
        other = names[0]
        if (short := other.rpartition("/")[2]) != names[place].rpartition("/")[2]:
            other = short
        common = Counter(sizes).most_common(4)
        listed = ", ".join(f"{count:,} of {w}x{h}" for (w, h), count in common) + (
            ", …" if len(set(sizes)) > len(common) else ""
        )
        found = "x".join(map(str, sizes[place]))
        what = (
            f"{folder / names[place]}: {found} pixels, where {other} has {width}x{height} ({listed}); "
            "expected square images of one size"
        )
    raise InvalidSource(
        printable(f"{what}: crop or scale them first, such as by\n{_SQUARES.format(folder=str(folder))}")
    )


_SQUARES = """\
    from pathlib import Path; from PIL import Image, ImageOps; folder = Path({folder!r})
    for path in (each for each in folder.rglob("*") if each.suffix.lower() in Image.registered_extensions()):
        (to := Path("squares") / path.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
        ImageOps.fit(ImageOps.exif_transpose(Image.open(path)).convert("RGB"), (64, 64)).save(f"{{to}}.png")"""


def _note_conversions(findings: Findings, names: Sequence[str], headers: Sequence[Header]) -> None:
    for what, chosen in (
        ("have several frames: the first is used", [header.several_frames for header in headers]),
        ("were turned upright, as their EXIF orientation says", [header.turned for header in headers]),
        ("have transparency, which is dropped", [header.transparent for header in headers]),
    ):
        if any(chosen):
            example = printable(names[chosen.index(True)])
            findings.notes.append(f"{sum(chosen):,} images {what} (such as {example})")
