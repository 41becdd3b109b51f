"""The examples that a fidelity's `data_percent` and `subset` choose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay_trainer import contract
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
    all hypotheses of that seed; see `random_window`. `EL2N` keeps the
    examples with the highest `scores` (float (examples,)), the same for all seeds; see `hardest` for the rule. `labels`
    is int64 (examples,). Raises ValueError if EL2N is asked for without one finite score per example.
    """
    if not fidelity.takes_subset:
        return np.arange(examples)
    if fidelity.subset == "Random":
        return random_window(examples, fidelity.data_percent, seed).indices()
    count = max(1, round(examples * fidelity.data_percent / 100))
    if scores is None or scores.shape != (examples,) or not np.isfinite(scores).all():
        given = "none" if scores is None else f"{np.isfinite(scores).sum()} finite ones of shape {scores.shape}"
        raise ValueError(f"subset EL2N needs one score for each of the {examples} examples; given: {given}")
    return hardest(scores, labels, count)


def hardest(scores: NDArray[np.float32], labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the indices, ascending, of `count` examples: of each class, in proportion, those with the highest scores.

    Paul et al. rank all classes together. Then a quarter of the digits data (`examples/digits`) has between 51 and 141
    examples of a class, and orders hypotheses less like all the data does: tau .52 instead of .61 (12 hypotheses, 2
    seeds). As in the paper, the very hardest examples are kept; where labels are noisy these are the wrong ones. Of
    equal scores the first is taken.
    """
    order = np.argsort(-scores, kind="stable")
    rank_in_class = np.empty(len(scores))
    for label in set(labels.tolist()):  # np.unique would import numpy.ma, which takes longer than all the rest
        members = order[labels[order] == label]
        rank_in_class[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.sort(np.argsort(rank_in_class, kind="stable")[:count])
