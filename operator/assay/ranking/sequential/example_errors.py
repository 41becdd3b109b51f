"""Test-set error: how much a difference from the baseline varies with the examples that happen to be held out.

Scores of a hypothesis and of the baseline are means over the same examples and the same seeds, so their difference is a
mean over a two-way layout of examples and seeds, both random. Its variance is that of the seeds' own means over their
number, and that of the examples' expected differences over *their* number: the latter is what further seeds don't
shrink, and what is found here. It is estimated by the mean squares of the layout (Searle, Casella & McCulloch 1992,
Variance Components, chapter 4): with k seeds, the variance over examples of the means over the seeds holds a k-th of
the residual variance besides, which is taken out, since the seeds' own variance has it already.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray, IntArray
from assay.ranking.scores import Scores


@dataclass(frozen=True)
class ExampleErrors:
    """What the choice of the held-out examples adds to the variance of each hypothesis' difference from the baseline.

    `variances`, by hypothesis: at each seed of the study, (seeds,), by what the seeds up to it have shown, in the
    metric's units squared. It is infinite where these have shown nothing, as it is for a hypothesis that is not there.
    """

    variances: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(frozenset(self.variances.items()))

    def first_seeds(self, count: int) -> ExampleErrors:
        """Return what the first seeds have shown."""
        return ExampleErrors({name: of_seeds[:count] for name, of_seeds in self.variances.items()})

    def from_seed(self, first: int) -> ExampleErrors:
        """Return the same for a table without the seeds before this one."""
        return ExampleErrors({name: of_seeds[first:] for name, of_seeds in self.variances.items()})

    def at(self, table: Scores, seeds: IntArray) -> FloatArray:
        """Return (hypotheses, ...) variances by what the seeds up to these (positions, -1 for none) have shown.

        The seeds of the table are the study's first ones.
        """
        columns = max(len(table.seeds), 1)
        known = np.full((len(table.hypotheses), columns + 1), math.inf)
        for row, name in enumerate(table.hypotheses):
            of_seeds = self.variances.get(name, ())[:columns]
            known[row, : len(of_seeds)] = of_seeds
            known[row, len(of_seeds) : columns] = of_seeds[-1] if of_seeds else math.inf
        # the last column stays infinite: it is that of no seed
        found: FloatArray = np.take_along_axis(known, np.where(seeds < 0, columns, seeds), axis=1)
        return found


def last_positions(present: BoolArray, counts: IntArray) -> IntArray:
    """Return (rows, ...) positions of the last of the first so many seeds, (rows, ...), that a row has, (rows, seeds);
    -1 where it has not so many, or none are asked for."""
    first = np.argsort(~present, axis=1, kind="stable")
    there = (counts > 0) & (counts <= present.sum(axis=1)[:, None])
    positions = np.take_along_axis(first, np.clip(counts - 1, 0, present.shape[1] - 1), axis=1)
    return np.where(there, positions, -1)


def example_variances(differences: FloatArray, examples: int) -> FloatArray:
    """Return (seeds,): the variance that the choice of examples gives to the mean over the first seeds, for each number
    of seeds.

    `differences`: (seeds, kept), for each seed those of some of the `examples` that scores are means over; at least 2.
    """
    seeds, kept = differences.shape
    n = np.arange(1.0, seeds + 1)[:, None]
    means = np.cumsum(differences, axis=0) / n
    own = differences.mean(axis=1)
    overall = np.cumsum(own) / n[:, 0]
    of_examples = ((means - overall[:, None]) ** 2).sum(axis=1)
    # sums of squares of the layout: in all, less those of seeds and of examples
    residual = np.cumsum(((differences - own[:, None]) ** 2).sum(axis=1)) - n[:, 0] * of_examples
    mean_square = residual / np.maximum((n[:, 0] - 1) * (kept - 1), 1)
    mean_square[0] = 0.0  # one seed does not tell them apart
    variances: FloatArray = np.maximum(of_examples / (kept - 1) - mean_square / n[:, 0], 0.0)
    return variances / examples
