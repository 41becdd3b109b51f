"""The examples that a fidelity's `data_percent` and `subset` choose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay_trainer import contract
from assay_trainer.subsets.coverage import covering
from assay_trainer.subsets.custom import highest
from assay_trainer.subsets.hardest import hardest
from assay_trainer.subsets.rotation import rotation_of
from assay_trainer.subsets.window import random_window


def choose(
    examples: int,
    fidelity: contract.Fidelity,
    seed: int,
    scores: NDArray[np.float32] | None,
    labels: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the indices of the chosen training examples, ascending; `data_percent` of all, rounded, at least one.

    `Random` depends on seed, percent and number of examples only: it is another one for each seed, and the same for
    all hypotheses of that seed; see `random_window`. `RS2` has so many in each epoch; what is returned are those of all
    epochs, and `rotation_of` says which of them an epoch has. `EL2N` keeps the examples with the highest `scores`
    (float (examples,)), the same for all seeds (`hardest`); `CCS` draws examples of all scores, for each seed anew
    (`covering`); `Custom` keeps the highest scores, whatever the class (`highest`). `labels` is int64 (examples,).
    Raises ValueError if scores are needed and there is not one finite score per example.
    """
    if not fidelity.takes_subset:
        return np.arange(examples)
    if fidelity.subset == "Random":
        return random_window(examples, fidelity.data_percent, seed).indices()
    if (rotation := rotation_of(examples, fidelity, seed)) is not None:
        return rotation.used
    if scores is None or scores.shape != (examples,) or not np.isfinite(scores).all():
        given = "none" if scores is None else f"{np.isfinite(scores).sum()} finite ones of shape {scores.shape}"
        raise ValueError(
            f"subset {fidelity.subset} needs one score for each of the {examples} examples; given: {given}"
        )
    count = contract.subset_size(examples, fidelity.data_percent)
    if fidelity.subset == "Custom":
        return highest(scores, count)
    left_out = min(round(examples * fidelity.hardest_percent_left_out / 100), examples - count)
    if fidelity.subset == "CCS":
        return covering(scores, count, left_out, seed)
    return hardest(scores, labels, count, left_out)
