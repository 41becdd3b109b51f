"""A folder of class folders with images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import Findings
from assay_trainer.shards.sources.foreign import ALLOWED, foreign_folder
from assay_trainer.shards.sources.image_files import ImageFiles, ImageOptions, usable_images
from assay_trainer.shards.sources.imagenet import sorted_by_list
from assay_trainer.shards.sources.layout import Layout, NoClassFolders, lay_out
from assay_trainer.shards.sources.parts import Part
from assay_trainer.shards.sources.source import Source
from assay_trainer.shards.sources.stamps import stamp_of
from assay_trainer.shards.sources.tree import UNREAD, Parts, walk


def read_folder(
    folder: Path, options: ImageOptions | None = None, *, hold_out: Part | None = None, without: Path | None = None
) -> Source:
    """Return the source in `folder/<class>/…/<image>`, or, with a split of its own, in `folder/train/<class>/…` and
    `folder/test/…`.

    Images are grey if all of them are, else RGB. Only their headers are read here; they are decoded on demand.
    `without` is a folder that does not belong to the source. Raises InvalidSource if there are no classes, a class
    folder has no images, or as `usable_images` does.
    """
    findings = Findings()
    layout, moved = _laid_out(folder, findings, hold_out, without)
    names = ["/".join(moved.get(path, path)) for path in layout.files]
    files = ImageFiles(
        str(folder), names, lambda index: folder / names[index], lambda index: stamp_of(folder, names[index])
    )
    images = usable_images(files, options or ImageOptions(), findings)
    return Source(
        classes=layout.classes,
        labels=np.array(layout.labels, np.int64)[images.kept],
        size=images.size,
        channels=images.channels,
        read=images.read,
        jpegs=images.jpegs,
        held_out=None if layout.held_out is None else np.array(layout.held_out)[images.kept],
        found="class folders",
        findings=findings,
        stamps=images.stamps,
    )


def _laid_out(
    folder: Path, findings: Findings, hold_out: Part | None, without: Path | None
) -> tuple[Layout, dict[Parts, Parts]]:
    """Walk through the folder and return its classes and parts, and where images lie that the layout has elsewhere.
    Raises InvalidSource, also for another format."""
    tree = walk(folder, findings, without)
    moved = sorted_by_list(folder, tree, findings)
    try:
        return lay_out(tree, findings, hold_out), moved
    except NoClassFolders as error:
        unread = [each for each in findings.left_out if each.kind.endswith(UNREAD)]
        listed = ", ".join(f"{each.count:,} {each.kind.removesuffix(UNREAD)}" for each in unread)
        there = f"there are {listed}, which are not read: convert them to JPEG or PNG" if unread else ""
        found = foreign_folder(folder, tree.others) or there or f"allowed: {ALLOWED}"
        raise InvalidSource(f"{folder}: {error}; {found}") from None
    except InvalidSource as error:
        raise InvalidSource(f"{folder}: {error}") from None
