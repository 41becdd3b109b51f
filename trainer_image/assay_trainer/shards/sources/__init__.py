"""Labelled images as people have them: a folder of class folders, an .npz file, MNIST's idx files."""

from __future__ import annotations

from pathlib import Path

from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.sources.folder import read_folder
from assay_trainer.shards.sources.idx import find_idx, read_idx
from assay_trainer.shards.sources.npz import read_npz
from assay_trainer.shards.sources.source import Source

__all__ = ["Source", "open_source"]


def open_source(path: Path) -> Source:
    """The source behind a path, told by what is there. Raises InvalidSource."""
    if path.is_dir():
        return read_idx(path) if find_idx(path) else read_folder(path)
    if path.suffix == ".npz" and path.is_file():
        return read_npz(path)
    found = "a file of another kind" if path.exists() else "no such file or folder"
    raise InvalidSource(
        f"{path}: {found}; allowed: a folder of class folders with images, an .npz file, "
        "a folder with MNIST's idx files"
    )
