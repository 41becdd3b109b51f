from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay_trainer import contract
from assay_trainer.attempts.trial_data import data_of
from assay_trainer.data import open_dataset
from assay_trainer.shards import InvalidDataset
from builders.datasets import tiny_dataset
from builders.datasets_of_version_1 import tiny_dataset_1
from builders.requests import a_trial


def edited(folder: Path, dataset: contract.Dataset, **train: Any) -> contract.Dataset:
    """The same data set, whose manifest says something else of the training split."""
    manifest = json.loads((folder / "shards" / "manifest.json").read_bytes())
    manifest["train"].update(train)
    data = json.dumps(manifest).encode()
    (folder / "shards" / "edited.json").write_bytes(data)
    return contract.Dataset(manifest=f"{(folder / 'shards').as_uri()}/edited.json", digest=contract.digest(data))


def test_mean_and_deviation_are_those_of_all_training_pixels(tmp_path: Path) -> None:
    opened = open_dataset(tiny_dataset(tmp_path))
    images = opened.train(8)[0].astype(float)
    found = opened.pixel_statistics
    assert found is not None
    np.testing.assert_allclose(found.mean, images.mean((0, 1, 2)))
    np.testing.assert_allclose(found.deviation, images.std((0, 1, 2)))


def test_they_are_the_same_for_a_part_of_the_data_and_for_smaller_images(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path)
    full, less = contract.Fidelity(), contract.Fidelity(data_percent=10, image_size=4)
    whole, part = (
        data_of(a_trial(dataset, "team:train", fidelity=each), None).pixel_statistics for each in (full, less)
    )
    assert whole is not None
    assert part is not None
    assert (whole.mean == part.mean).all()
    assert (whole.deviation == part.deviation).all()


def test_a_data_set_of_version_1_has_none(tmp_path: Path) -> None:
    assert open_dataset(tiny_dataset_1(tmp_path)).pixel_statistics is None


@pytest.mark.parametrize(
    "train",
    [
        {"channel_sums": [-1]},
        {"channel_sums": [10**400]},
        {"channel_squares": [10**400]},
        {"channel_squares": [0]},
        {"channel_sums": [1], "channel_squares": [256]},
    ],
    ids=["negative", "a sum beyond white", "squares beyond white", "squares below those of the mean", "one pixel"],
)
def test_sums_that_no_images_have_are_refused(tmp_path: Path, train: dict[str, Any]) -> None:
    opened = open_dataset(edited(tmp_path, tiny_dataset(tmp_path), **train))
    with pytest.raises(InvalidDataset, match=r"can't be those of 3072 pixels"):
        _ = opened.pixel_statistics


@pytest.mark.parametrize("train", [{"channel_sums": [1, 1]}, {"channel_squares": []}])
def test_sums_of_another_number_of_channels_are_refused(tmp_path: Path, train: dict[str, Any]) -> None:
    opened = open_dataset(edited(tmp_path, tiny_dataset(tmp_path), **train))
    with pytest.raises(InvalidDataset, match=r"edited.json: train.channel_sums of .*; expected 1 each"):
        _ = opened.pixel_statistics
