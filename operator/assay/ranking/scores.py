"""The scores of one arm as a table: hypotheses by seeds.

**Missing scores.** A trial that is missing is NaN, never a bad score: what the infrastructure has lost says nothing
about how well a hypothesis ranks. What failed by its hypothesis' own fault does: whoever uses a table says how
(`unstable` in `rank_intervals`, a score for failed seeds, or a table without those that fail). Whatever compares two
arms uses a *balanced block*: some hypotheses and some seeds, with a score for each of them in every arm, so that no
hypothesis profits from an easy seed. To find it, seeds are given up one at a time; the block with the most comparisons
(pairs of hypotheses times seeds) is used, and on equal counts the one that gives up fewer seeds. So a seed that is
still being run is left aside until most of it is there, and a hypothesis that keeps failing is left out. Each result
says how many hypotheses and seeds it used.

**Ties.** Equal scores are ordered neither way. Each statistic says what it does with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class SeedNoise:
    """How much scores vary from seed to seed, pooled over the hypotheses of an arm."""

    variance: float
    """The variance of one score around (hypothesis effect + seed effect), in the metric's units squared."""
    degrees_of_freedom: int
    """The number of scores less the number of fitted effects; at least 1."""


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of one arm; higher is better."""

    hypotheses: tuple[str, ...]
    seeds: tuple[int, ...]
    values: FloatArray
    """(hypotheses, seeds), NaN where a trial is missing or failed; read-only."""
    families: tuple[str, ...] | None = None
    """(hypotheses,): the family of each, where those of one family are declared to be kin, whose noise may be shared;
    None where nobody is."""

    def __post_init__(self) -> None:
        """Raise ValueError if the shape does not fit, a name is there twice, or a score is infinite."""
        values = np.array(self.values, dtype=np.float64)
        expected = (len(self.hypotheses), len(self.seeds))
        if values.shape != expected:
            raise ValueError(f"values: shape {values.shape}, expected (hypotheses, seeds) = {expected}")
        for field, names in (("hypotheses", self.hypotheses), ("seeds", self.seeds)):
            if len(set(names)) < len(names):
                raise ValueError(f"{field}: each may be there once only, got {names}")
        if np.isinf(values).any():
            raise ValueError("values: scores must be finite, or NaN where there is none")
        if self.families is not None and len(self.families) != len(self.hypotheses):
            raise ValueError(
                f"families: {len(self.families)}, expected one of each of {len(self.hypotheses)} hypotheses"
            )
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    @classmethod
    def build(
        cls,
        hypotheses: Iterable[str],
        seeds: Iterable[int],
        by_trial: Mapping[tuple[str, int], float],
    ) -> Scores:
        """Make a table from scores by (hypothesis, seed); those of other hypotheses or seeds are left aside."""
        rows, columns = tuple(hypotheses), tuple(seeds)
        values = np.array([[by_trial.get((row, seed), np.nan) for seed in columns] for row in rows], dtype=np.float64)
        return cls(rows, columns, values.reshape(len(rows), len(columns)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Scores)
            and (self.hypotheses, self.seeds, self.families) == (other.hypotheses, other.seeds, other.families)
            and np.array_equal(self.values, other.values, equal_nan=True)
        )

    def __hash__(self) -> int:
        # Equal scores have equal bytes once all missing ones are the same (infinite is none) and no zero is negative.
        values = np.where(self.present, self.values, np.inf) + 0.0
        return hash((self.hypotheses, self.seeds, self.families, values.tobytes()))

    @cached_property
    def present(self) -> BoolArray:
        """(hypotheses, seeds): True where there is a score."""
        return ~np.isnan(self.values)

    @cached_property
    def counts(self) -> IntArray:
        """(hypotheses,): the number of seeds with a score."""
        counts: IntArray = self.present.sum(axis=1, dtype=np.int64)
        return counts

    @cached_property
    def means(self) -> FloatArray:
        """(hypotheses,): the mean over the seeds with a score; NaN where there is none."""
        return _mean(np.where(self.present, self.values, 0.0).sum(axis=1), self.counts)

    @cached_property
    def adjusted_means(self) -> FloatArray:
        """(hypotheses,): the means with the seed effects taken out; equal to `means` where no score is missing.

        So a hypothesis that lacks a hard seed gains nothing by it.
        """
        return _mean(np.where(self.present, self.values - self.seed_effects, 0.0).sum(axis=1), self.counts)

    @cached_property
    def seed_effects(self) -> FloatArray:
        """(seeds,): what each seed adds to the scores of all hypotheses, by least squares; their mean is 0."""
        return self._two_way[0]

    @cached_property
    def residuals(self) -> FloatArray:
        """(hypotheses, seeds): score less hypothesis effect less seed effect; NaN where there is no score."""
        residuals: FloatArray = self.values - self.seed_effects - self.adjusted_means[:, None]
        return residuals

    @cached_property
    def noise(self) -> SeedNoise | None:
        """The residual variance of the two-way layout (hypothesis + seed); None where no degree of freedom is left."""
        degrees_of_freedom = int(self.present.sum()) - int((self.counts > 0).sum()) - self._two_way[1]
        if degrees_of_freedom < 1:
            return None
        squares = float(np.nansum(self.residuals**2))
        # what rounding leaves of scores that the seed does not change is no noise
        magnitude = float(np.nanmax(np.abs(self.values)))
        if squares <= self.present.sum() * (8 * np.finfo(np.float64).eps * magnitude) ** 2:
            squares = 0.0
        return SeedNoise(squares / degrees_of_freedom, degrees_of_freedom)

    @cached_property
    def cautious_variances(self) -> FloatArray | None:
        """(hypotheses,): the variance of one score of each hypothesis: the larger of its own and the pooled one.

        Two or three seeds say too little about a hypothesis' own variance, and the pooled one says too little about a
        hypothesis that is noisier than the others. None where there is no noise to be seen: no degree of freedom, or
        scores that no seed changes.
        """
        if self.noise is None or self.noise.variance == 0:
            return None
        variances: FloatArray = np.maximum(self.own_squares / np.maximum(self.counts - 1, 1), self.noise.variance)
        return variances

    @cached_property
    def own_squares(self) -> FloatArray:
        """(hypotheses,): the sum of each one's squared residuals, which have counts - 1 degrees of freedom."""
        # a share 1 / hypotheses of each residual went into the seed effects
        scored = max(int((self.counts > 0).sum()), 2)
        squares: FloatArray = np.nansum(self.residuals**2, axis=1) * scored / (scored - 1)
        return squares

    def row(self, hypothesis: str) -> int:
        """Return a hypothesis' row in `values`. Raises KeyError, with the nearest name, if it is not there."""
        try:
            return self.hypotheses.index(hypothesis)
        except ValueError:
            near = get_close_matches(hypothesis, self.hypotheses, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise KeyError(f"no hypothesis {hypothesis!r} among the {len(self.hypotheses)} scored{hint}") from None

    def restricted(self, hypotheses: Iterable[str], seeds: Iterable[int] | None = None) -> Scores:
        """Return these hypotheses (and seeds) only, in this order. Raises KeyError if one is not there."""
        rows = tuple(hypotheses)
        columns = self.seeds if seeds is None else tuple(seeds)
        at_row = {name: index for index, name in enumerate(self.hypotheses)}
        at_column = {seed: index for index, seed in enumerate(self.seeds)}
        row_index = [at_row[name] if name in at_row else self.row(name) for name in rows]
        column_index = [at_column[seed] for seed in columns]
        families = tuple(self.families[row] for row in row_index) if self.families else None
        values = self.values[np.ix_(row_index, column_index)].reshape(len(rows), len(columns))
        return Scores(rows, columns, values, families)

    def first_seeds(self, count: int) -> Scores:
        """Return the same table with the first `count` of its seeds only."""
        return Scores(self.hypotheses, self.seeds[:count], self.values[:, :count], self.families)

    @cached_property
    def _two_way(self) -> tuple[FloatArray, int]:
        """The seed effects, and how many degrees of freedom they take.

        They solve the normal equations with the hypothesis effects eliminated.
        """
        present = self.present.astype(np.float64)
        seen = np.maximum(self.counts, 1)
        centred = np.where(self.present, self.values - np.where(self.counts > 0, self.means, 0.0)[:, None], 0.0)
        normal = np.diag(present.sum(axis=0)) - present.T @ (present / seen[:, None])
        effects = np.linalg.pinv(normal, rcond=1e-10, hermitian=True) @ centred.sum(axis=0)
        rank = int(np.linalg.matrix_rank(normal, tol=1e-9 * max(1.0, len(self.hypotheses)), hermitian=True))
        return effects, rank


def balanced(*arms: Scores) -> tuple[Scores, ...]:
    """Return the balanced block of these arms (see the module's text): the same hypotheses and seeds, no score missing.

    Hypotheses and seeds keep the order of the first arm. The block may be empty.
    """
    scored = set(arms[0].hypotheses).intersection(*(arm.hypotheses for arm in arms[1:]))
    run = set(arms[0].seeds).intersection(*(arm.seeds for arm in arms[1:]))
    hypotheses = tuple(name for name in arms[0].hypotheses if name in scored)
    seeds = tuple(seed for seed in arms[0].seeds if seed in run)
    common = [arm.restricted(hypotheses, seeds) for arm in arms]
    present = np.logical_and.reduce([arm.present for arm in common])

    used = list(range(len(seeds)))
    best: tuple[int, list[int]] = (-1, used)
    while used:
        complete = int(present[:, used].all(axis=1).sum())
        comparisons = complete * (complete - 1) // 2 * len(used)
        if comparisons > best[0]:
            best = (comparisons, list(used))
        if complete == len(hypotheses):
            break  # with fewer seeds there are no more of them
        # without which seed are most hypotheses complete? On equal counts the later one goes.
        gain = [int(present[:, [other for other in used if other != seed]].all(axis=1).sum()) for seed in used]
        del used[max(range(len(used)), key=lambda at: (gain[at], at))]
    kept_seeds = [seeds[index] for index in best[1]]
    kept_hypotheses = [
        name for name, row in zip(hypotheses, present[:, best[1]], strict=True) if kept_seeds and row.all()
    ]
    return tuple(arm.restricted(kept_hypotheses, kept_seeds) for arm in common)


def _mean(total: FloatArray, count: IntArray) -> FloatArray:
    means: FloatArray = np.full(total.shape, np.nan)
    np.divide(total, count, out=means, where=count > 0)
    return means
