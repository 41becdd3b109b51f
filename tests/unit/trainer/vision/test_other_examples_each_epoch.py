from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from assay_trainer.contract import Fidelity
from assay_trainer.subsets import Rotation, random_window
from assay_trainer.trial import Trial
from assay_trainer.vision import train
from builders.datasets import tiny_arrays


class WatchedRotation(Rotation):
    asked: list[int] = []  # noqa: RUF012 - of the class, since a rotation is frozen

    def rows(self, epoch: int) -> NDArray[np.int64]:
        self.asked.append(epoch)
        return super().rows(epoch)


def test_each_epoch_has_its_own_examples_and_so_many_as_the_percent_says() -> None:
    torch.set_num_threads(1)
    images, labels = tiny_arrays(per_class=16)
    fidelity = Fidelity(epochs=4, batch_size=6, data_percent=25, subset="RS2")
    rotation = WatchedRotation(random_window(len(labels), 25, seed=0), epochs=4)
    trial = Trial(
        recipe={"width": 4, "depth": 1},
        fidelity=fidelity,
        seed=0,
        classes=("a", "b", "c"),
        training_data=lambda: (images[rotation.used], labels[rotation.used]),
        held_out=lambda: (images, labels),
        rotation=rotation,
    )
    assert set(train(trial)) == {"accuracy", "loss"}
    assert (trial.samples, trial.training_examples) == (48, 12)
    assert set(rotation.asked) == {1, 2, 3, 4}
