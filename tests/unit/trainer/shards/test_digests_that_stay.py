"""Data sets that were built by an earlier version keep their digests: studies refer to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assay_trainer.shards import build_shards
from builders.datasets import tiny_arrays
from builders.image_files import save_idx, save_images

GREY, LABELS = tiny_arrays()
COLOUR, _ = tiny_arrays(channels=3)


def folder(source: Path) -> None:
    save_images(source, COLOUR, LABELS)


def parts(source: Path) -> None:
    save_images(source / "train", GREY[:40], LABELS[:40])
    save_images(source / "val", COLOUR[40:], LABELS[40:])


def idx(source: Path) -> None:
    save_idx(source, GREY[:40], LABELS[:40], stem="train", packed=True)
    save_idx(source, GREY[40:], LABELS[40:], stem="t10k", packed=False)


def three_parts_of_arrays(source: Path) -> None:
    train, validation, test = slice(0, 30), slice(30, 40), slice(40, None)
    np.savez(
        source,
        train_images=GREY[train],
        val_images=GREY[validation],
        test_images=GREY[test],
        train_labels=LABELS[train],
        val_labels=LABELS[validation],
        test_labels=LABELS[test],
    )


@pytest.mark.parametrize(
    ("make", "name", "want"),
    [
        (folder, "photos", "9d87eaffe681fc5f20da2f65117b04a807e7da166e267abb847bc71618d5c1cf"),
        (parts, "photos", "90546db4aa2fb1696237aba8ed067ccfea588e6519155ed1c7e96088c8d85b1d"),
        (idx, "photos", "44d713264fca58a2fe01063478e58b9ceb9e5249a57db4604939314eb84a3288"),
        (three_parts_of_arrays, "medical.npz", "b8edb0e6b2762c03b633d19877ea700b62e51a9eda7def1cf18c097e1b338a39"),
    ],
)
def test_what_was_built_before_keeps_its_digest(
    tmp_path: Path, make: Callable[[Path], None], name: str, want: str
) -> None:
    make(tmp_path / name)
    built = build_shards(tmp_path / name, str(tmp_path / "shards"), name="stays", sizes=(8, 4))
    assert built.dataset.digest == f"sha256:{want}"
