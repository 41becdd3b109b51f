"""Labelled images as people have them: a folder of class folders, an .npz file, MNIST's idx files, tar
archives."""

from __future__ import annotations

from pathlib import Path

from assay_trainer.described import printable
from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.findings import Findings, LeftOut
from assay_trainer.shards.sources.fit import Fit
from assay_trainer.shards.sources.folder import read_folder
from assay_trainer.shards.sources.foreign import ALLOWED, foreign_file
from assay_trainer.shards.sources.idx import find_idx, read_idx
from assay_trainer.shards.sources.image_files import (
    DamagedImages,
    ImageFiles,
    ImageOptions,
    UsableImages,
    usable_images,
)
from assay_trainer.shards.sources.npz import read_npz
from assay_trainer.shards.sources.parts import Part
from assay_trainer.shards.sources.source import Source
from assay_trainer.shards.sources.tars import read_tars, tar_files

__all__ = [
    "DamagedImages",
    "Findings",
    "Fit",
    "ImageFiles",
    "ImageOptions",
    "LeftOut",
    "Part",
    "Source",
    "UsableImages",
    "open_source",
    "usable_images",
]


def open_source(
    path: Path, options: ImageOptions, *, hold_out: Part | None = None, without: Path | None = None
) -> Source:
    """Open the source behind a path; its kind is told by what is there.

    `hold_out` is the part to hold out where there are several; `without` is a folder that does not belong to the
    source. Raises InvalidSource.
    """
    try:
        if path.is_dir():
            if find_idx(path):
                return read_idx(path)
            if archives := tar_files(path):
                return read_tars(path, archives, options, hold_out)
            return read_folder(path, options, hold_out=hold_out, without=without)
        if path.suffix.lower() == ".npz" and path.is_file():
            return read_npz(path, hold_out)
        if path.is_file() and (archives := tar_files(path)):
            return read_tars(path, archives, options, hold_out)
        if path.is_file():
            raise InvalidSource(f"{path}: {foreign_file(path)}")
        if not path.exists():
            remote = ": what is elsewhere is copied to this machine first" if ":/" in str(path) else ""
            raise InvalidSource(f"{path}: no such file or folder; allowed: {ALLOWED}{remote}")
    except OSError as error:
        raise InvalidSource(f"{path}: can't be read: {error.strerror or error}") from None
    except InvalidSource as error:
        raise InvalidSource(printable(str(error))) from error.__cause__
    raise InvalidSource(f"{path}: a pipe, a socket or a device; allowed: {ALLOWED}")
