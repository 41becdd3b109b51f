"""The noise of recorded learning curves: what is left of learners' scores at full size without their means."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from learning_curves import FEWEST_LEARNERS, Curves, read_curves

from assay.ranking.arrays import BoolArray, FloatArray

FEWEST_SEEDS = 5
"""A data set with fewer seeds that all its learners have is left out."""

Half = Literal["A", "B"]


@dataclass(frozen=True, eq=False)
class RealNoise:
    """The validation scores of one data set's learners at full size, at seeds that all of them have."""

    name: str
    means: FloatArray
    """(learners,): the mean over these seeds, which counts as the truth."""
    residuals: FloatArray
    """(learners, seeds): the scores less these means."""

    @property
    def half(self) -> Half:
        """The half of the data sets that this one is in. It depends on its name alone."""
        return "A" if hashlib.sha256(self.name.encode()).digest()[0] % 2 == 0 else "B"

    def draw(self, generator: np.random.Generator, seeds: int) -> tuple[FloatArray, FloatArray]:
        """Return the means and residuals of so many seeds and of all learners, both in random order.

        Where too few seeds are recorded, some are drawn more than once.
        """
        recorded = self.residuals.shape[1]
        columns = generator.choice(recorded, seeds, replace=recorded < seeds)
        rows = generator.permutation(len(self.means))
        return self.means[rows], self.residuals[np.ix_(rows, columns)]


@lru_cache(maxsize=2)
def real_noise(table: Path) -> tuple[tuple[RealNoise, ...], tuple[str, ...]]:
    """Return the noise of a table's data sets, and the names of those that have too little of it.

    Raises NoCurves as `read_curves` does.
    """
    curves, too_few_learners = read_curves(table)
    found = [(each.name, _of_set(each)) for each, _ in curves]
    left_out = [name for name, noise in found if noise is None]
    return tuple(noise for _, noise in found if noise is not None), (*too_few_learners, *left_out)


def _of_set(curves: Curves, seeds_wanted: int = 10) -> RealNoise | None:
    """Give up learners that lack most seeds until enough seeds are complete; None if too few of either are left."""
    scores = curves.scores[:, -1]
    kept = scores[(~np.isnan(scores)).sum(axis=1) >= FEWEST_SEEDS]
    while len(kept) > FEWEST_LEARNERS and _complete(kept).sum() < seeds_wanted:
        kept = np.delete(kept, int(np.isnan(kept).sum(axis=1).argmax()), axis=0)
    complete = _complete(kept)
    if len(kept) < FEWEST_LEARNERS or complete.sum() < FEWEST_SEEDS:
        return None
    # the mean over the very seeds that are drawn from: by any other one, learners that are made equal would differ
    means = kept[:, complete].mean(axis=1)
    return RealNoise(curves.name, means, kept[:, complete] - means[:, None])


def _complete(scores: FloatArray) -> BoolArray:
    complete: BoolArray = np.logical_and.reduce(~np.isnan(scores), axis=0)
    return complete
