from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assay_trainer import contract
from assay_trainer.contract import Fidelity, PreparationRequest
from assay_trainer.data import OpenedDataset, open_dataset
from assay_trainer.device import use_device
from assay_trainer.shards import build_shards
from assay_trainer.subsets import choose
from assay_trainer.trial import InvalidRecipe
from assay_trainer.vision.el2n import score_examples
from builders.datasets import tiny_arrays


def dataset_with_wrong_labels(folder: Path, wrong: int) -> tuple[OpenedDataset, set[bytes]]:
    """Learnable images, of which the first `wrong` have another class's label, and these images' bytes."""
    images, labels = tiny_arrays(per_class=40)
    labels[:wrong] = (labels[:wrong] + 1) % 3
    np.savez(folder / "noisy.npz", x=images, y=labels)
    built = build_shards(folder / "noisy.npz", str(folder / "shards"), name="noisy")
    return open_dataset(built.dataset), {image.tobytes() for image in images[:wrong]}


def preparation(dataset: contract.Dataset, **recipe: object) -> PreparationRequest:
    return PreparationRequest(
        key="0" * 32,
        study="s",
        arm="coreset",
        method="EL2N",
        code=contract.digest(b"code"),
        recipe={"width": 4, **recipe},
        fidelity=Fidelity(epochs=4, batch_size=16),
        repeats=2,
        dataset=dataset,
        deadline_seconds=60,
    )


def test_examples_with_a_wrong_label_score_highest(tmp_path: Path) -> None:
    use_device("cpu", 1)
    data, wrong_images = dataset_with_wrong_labels(tmp_path, wrong=6)
    scores = score_examples(preparation(data.reference), data, device="cpu")
    images, labels = data.train()
    wrong = np.array([image.tobytes() in wrong_images for image in images])
    assert wrong.sum() >= 3
    assert scores.dtype == np.float32
    assert scores.shape == labels.shape
    assert scores.min() >= 0
    assert scores.max() <= np.sqrt(2)
    assert set(np.flatnonzero(wrong)) <= set(np.argsort(-scores)[: wrong.sum() + 2])
    assert np.array_equal(scores, score_examples(preparation(data.reference), data, device="cpu"))


def test_a_key_that_the_vision_recipe_lacks_is_refused_with_the_nearest(tmp_path: Path) -> None:
    data, _ = dataset_with_wrong_labels(tmp_path, wrong=0)
    with pytest.raises(InvalidRecipe, match=r"recipe.learningrate.*learningRate"):
        score_examples(preparation(data.reference, learningrate=0.1), data, device="cpu")


def test_el2n_keeps_the_hardest_of_each_class_in_proportion() -> None:
    labels = np.repeat([0, 1], [80, 20])
    scores = np.linspace(0, 1, 100, dtype=np.float32)
    chosen = choose(100, Fidelity(data_percent=25, subset="EL2N"), 0, scores, labels)
    assert chosen.tolist() == [*range(60, 80), *range(95, 100)]
    assert chosen.tolist() == choose(100, Fidelity(data_percent=25, subset="EL2N"), 7, scores, labels).tolist()


def test_the_very_hardest_are_left_out_of_each_class_in_proportion() -> None:
    labels = np.repeat([0, 1], [80, 20])
    scores = np.linspace(0, 1, 100, dtype=np.float32)
    fidelity = Fidelity(data_percent=25, subset="EL2N", hardest_percent_left_out=10)
    assert choose(100, fidelity, 0, scores, labels).tolist() == [*range(52, 72), *range(93, 98)]


def test_what_is_left_out_never_makes_a_subset_smaller() -> None:
    fidelity = Fidelity(data_percent=50, subset="EL2N", hardest_percent_left_out=50)
    chosen = choose(3, fidelity, 0, np.arange(3, dtype=np.float32), np.zeros(3, np.int64))
    assert len(chosen) == 2
