"""Recorded learning curves as a market: policies buy trials, and the truth is kept where no policy can read it.

A table has a row per run: data set (`openmlid`), `learner`, `train_size`, `seed`, `train_seconds`, `valid_accuracy`,
`test_accuracy`. Rows of the same run are averaged; a run without a validation accuracy has failed, at its price.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from assay.planning.allocation.ladder import Ladder, LadderTrial, Revealed
from assay.ranking.arrays import FloatArray

COLUMNS = ("openmlid", "learner", "train_size", "seed", "train_seconds", "valid_accuracy", "test_accuracy")
FRACTIONS = (1 / 16, 1 / 8, 2**-2.5, 1 / 4, 1 / 2, 1.0)
"""The rungs, as shares of the largest size: each is the recorded size nearest to it. Sizes are recorded in steps of
root 2."""
FEWEST_LEARNERS = 8

Price = Literal["measured", "uniform"]
"""What a run costs: its seconds, or its size over the largest one."""


@dataclass(frozen=True, eq=False)
class Curves:
    """One data set: the validation scores of its runs, and the seconds they took."""

    name: str
    learners: tuple[str, ...]
    sizes: FloatArray
    """(sizes,): training sizes, ascending."""
    scores: FloatArray
    """(learners, sizes, seeds): validation accuracy; NaN where a run failed or is not recorded."""
    seconds: FloatArray
    """(learners, sizes, seeds): the seconds of the run; NaN where a run is not recorded."""

    def rungs(self, fractions: tuple[float, ...]) -> list[int]:
        """Return the indices of the sizes nearest to these shares of the largest."""
        logs = np.log(self.sizes / self.sizes[-1])
        return sorted({int(np.argmin(np.abs(logs - np.log(fraction)))) for fraction in fractions})


@dataclass(frozen=True, eq=False)
class Truth:
    """The truth by which policies are judged: mean test accuracy over all seeds at the largest size."""

    means: FloatArray
    """(learners,): mean test accuracy."""
    errors: FloatArray
    """(learners,): standard errors; the error of a learner with one seed uses the other learners' variance."""

    def separable(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs whose difference is over two standard errors, as two vectors of learners."""
        first, second = np.triu_indices(len(self.means), 1)
        apart = np.abs(self.means[first] - self.means[second]) > 2 * np.hypot(self.errors[first], self.errors[second])
        return first[apart], second[apart]


class NoCurves(Exception):
    """A table of learning curves is not there, can't be read, or lacks what it should have."""


def given_curves(parser: argparse.ArgumentParser, path: Path) -> tuple[list[tuple[Curves, Truth]], list[str]]:
    """Do as `read_curves`, but end the command with exit code 2 and the reason if there are no curves."""
    try:
        return read_curves(path)
    except NoCurves as error:
        parser.error(f"--table: {error}")


def read_curves(path: Path) -> tuple[list[tuple[Curves, Truth]], list[str]]:
    """Return the data sets with enough learners at their largest size, and the names of those that have too few.

    Raises NoCurves if the table can't be read, lacks a column, or has no data set with enough learners.
    """
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise NoCurves(f"no recorded learning curves can be read: {error}") from error
    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise NoCurves(f"{path}, without {', '.join(missing)}; wanted: {', '.join(COLUMNS)}")
    accuracies = ("train_seconds", "valid_accuracy", "test_accuracy")
    rows = (
        frame.select(
            pl.col("openmlid", "learner").cast(pl.String),
            pl.col("train_size", "seed").cast(pl.Int64, strict=False),
            *(pl.col(name).cast(pl.Float64, strict=False).fill_nan(None) for name in accuracies),
        )
        .drop_nulls(["openmlid", "learner", "train_size", "seed"])
        .group_by("openmlid", "learner", "train_size", "seed")
        .agg(pl.col(accuracies).mean())
    )
    found, skipped = [], []
    for (name,), of_set in sorted(rows.group_by("openmlid"), key=lambda part: str(part[0][0])):
        largest = of_set.filter(pl.col("train_size") == of_set["train_size"].max())
        learners = sorted(largest.drop_nulls("test_accuracy")["learner"].unique().to_list())
        if len(learners) < FEWEST_LEARNERS:
            skipped.append(str(name))
        else:
            found.append(_one_set(str(name), learners, of_set.filter(pl.col("learner").is_in(learners))))
    if not found:
        raise NoCurves(f"{path}, without a data set that has {FEWEST_LEARNERS} learners or more at its largest size")
    return found, skipped


def _one_set(name: str, learners: list[str], rows: pl.DataFrame) -> tuple[Curves, Truth]:
    sizes, seeds = np.unique(rows["train_size"].to_numpy()), np.unique(rows["seed"].to_numpy())
    at = (
        np.array([learners.index(learner) for learner in rows["learner"]]),
        np.searchsorted(sizes, rows["train_size"].to_numpy()),
        np.searchsorted(seeds, rows["seed"].to_numpy()),
    )
    tables = {}
    for column in ("valid_accuracy", "test_accuracy", "train_seconds"):
        tables[column] = np.full((len(learners), len(sizes), len(seeds)), np.nan)
        tables[column][at] = rows[column].fill_null(0.0 if column == "train_seconds" else np.nan).to_numpy()
    test = tables["test_accuracy"][:, -1]
    counts = (~np.isnan(test)).sum(axis=1)
    means = np.nanmean(test, axis=1)
    squares = np.nansum((test - means[:, None]) ** 2, axis=1)
    pooled = squares.sum() / max(int((counts - 1).sum()), 1)
    variances = np.where(counts > 1, squares / np.maximum(counts - 1, 1), pooled)
    curves = Curves(name, tuple(learners), sizes.astype(float), tables["valid_accuracy"], tables["train_seconds"])
    return curves, Truth(means, np.sqrt(variances / counts))


class Market:
    """Sells the runs of one data set, up to a share of what one full-size seed of each learner costs.

    A run that costs more than is left is stopped when that is spent: it is paid for and gives no score. If the clock
    was too coarse for any full-size run, runs are priced by their size. A learner's n-th seed follows from a random
    order of the seeds; seeds that are not recorded are skipped.
    """

    def __init__(self, curves: Curves, price: Price, share: float, order: int, fractions: tuple[float, ...]) -> None:
        at = curves.rungs(fractions)
        generator = np.random.default_rng([order, len(curves.learners), int(curves.sizes[-1])])
        shuffled = generator.permutation(curves.scores.shape[2])
        seconds, scores = (table[:, at][:, :, shuffled] for table in (curves.seconds, curves.scores))
        recorded_first = np.argsort(np.isnan(seconds), axis=2, kind="stable")
        self._scores = np.take_along_axis(scores, recorded_first, 2)
        seconds = np.take_along_axis(seconds, recorded_first, 2)
        work = curves.sizes[at] / curves.sizes[-1]
        full = curves.seconds[:, -1]
        if price == "uniform" or not np.nansum(full) > 0:
            seconds = np.where(np.isnan(seconds), np.nan, work[None, :, None])
            full = np.where(np.isnan(full), np.nan, 1.0)
        self._costs = seconds
        self.full_cost = float(np.nanmean(full, axis=1).sum())
        self.budget = share * self.full_cost
        self.spent, self.stopped = 0.0, 0
        self._learners, self._work = curves.learners, work
        self._revealed: dict[LadderTrial, Revealed] = {}

    @property
    def left(self) -> float:
        """The seconds that are not spent."""
        return self.budget - self.spent

    def view(self) -> Ladder:
        """Return all that a policy may know."""
        rungs = tuple(str(at) for at in range(len(self._work)))
        work: Mapping[str, float] = dict(zip(rungs, map(float, self._work), strict=True))
        return Ladder(self._learners, rungs, dict(self._revealed), frozenset(), work, self._scores.shape[2])

    def buy(self, learner: str, rung: str, seed: int) -> Revealed:
        """Run a trial and return its score and cost. A run that is not recorded fails, and costs nothing."""
        at = self._learners.index(learner), int(rung), seed
        cost, score = float(self._costs[at]), float(self._scores[at])
        if np.isnan(cost):
            seen = Revealed(None, 0.0)
        elif cost > self.left:
            seen = Revealed(None, self.left)
            self.stopped += 1
        else:
            seen = Revealed(None if np.isnan(score) else score, cost)
        self.spent = min(self.spent + seen.cost, self.budget)
        self._revealed[LadderTrial(learner, rung, seed)] = seen
        return seen

    def usual_share(self, rung: int) -> float:
        """Return what one seed of each learner costs on a rung, over the full cost; for yardsticks that know prices."""
        costs = self._costs[:, rung]
        return float((np.nansum(costs, axis=1) / np.maximum((~np.isnan(costs)).sum(axis=1), 1)).sum() / self.full_cost)
