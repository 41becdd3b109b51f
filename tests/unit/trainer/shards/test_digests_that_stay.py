"""What a data set holds keeps its digest, whatever files hold it: keys of trials are made of it. And what earlier
releases wrote is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assay_trainer import contract
from assay_trainer.data import open_dataset
from assay_trainer.shards import build_shards
from builders.datasets import tiny_arrays, tiny_dataset
from builders.image_files import save_idx, save_images

GREY, LABELS = tiny_arrays()
COLOUR, _ = tiny_arrays(channels=3)

VERSION_1 = Path(__file__).with_name("version_1")
"""What `tiny_dataset` had written before there were manifests of version 2."""


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
        (folder, "photos", "252795b66333b7523fe64af5462b770a4b683c59d8ebc9799d6a161c50540031"),
        (parts, "photos", "8538d6be7da2f1e6797b5cfa963ee2007a02b32034d2a1533d316c44ee05f1a4"),
        (idx, "photos", "c97a54a2738d7cf39b95f1bc7b6e98824ab0b6c35083713503d161f742e0721c"),
        (three_parts_of_arrays, "medical.npz", "2017e1b5d9484901cde8d49d5237e4412474e81ad729ebd6b033866b79d713af"),
    ],
)
def test_what_was_built_before_keeps_the_digest_of_its_content(
    tmp_path: Path, make: Callable[[Path], None], name: str, want: str
) -> None:
    make(tmp_path / name)
    built = build_shards(tmp_path / name, str(tmp_path / "shards"), name="stays", sizes=(8, 4))
    assert built.dataset.content == f"sha256:{want}"


def test_what_an_earlier_release_has_written_is_read_and_counts_by_the_digest_that_it_had(tmp_path: Path) -> None:
    want = "sha256:557cd52ad082baa179634aa87d07b4cdd6dbe9307aba8ad03136e1313bea583b"
    old = open_dataset(contract.Dataset(manifest=f"{VERSION_1.as_uri()}/manifest.json", digest=want))
    new = open_dataset(tiny_dataset(tmp_path))
    assert old.reference.identity == want
    for (old_images, old_labels), (new_images, new_labels) in (
        (old.train(), new.train()),
        (old.held_out(4), new.held_out(4)),
    ):
        assert sorted(zip(map(bytes, old_images), old_labels.tolist(), strict=True)) == sorted(
            zip(map(bytes, new_images), new_labels.tolist(), strict=True)
        )
