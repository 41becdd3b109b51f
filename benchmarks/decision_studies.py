"""Simulated studies of hypotheses and a baseline, and tallies of how often the statements about them are right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from assay.ranking import Comparison, Scores
from assay.ranking.arrays import FloatArray

INITIAL, MAXIMUM, MARGIN, CONFIDENCE, HYPOTHESES = 3, 10, 0.3, 0.95, 19
LOOKS = np.arange(INITIAL, MAXIMUM + 1)


def _with(hypotheses: int, rows: slice, deviation: float) -> FloatArray:
    deviations = np.ones(hypotheses)
    deviations[rows] = deviation
    return deviations


NOISES: dict[str, Callable[[int, np.random.Generator], FloatArray]] = {
    "equal": lambda hypotheses, _: np.ones(hypotheses),
    "half 3": lambda hypotheses, _: _with(hypotheses, slice(1, None, 2), 3.0),
    "one 4": lambda hypotheses, _: _with(hypotheses, slice(1, 2), 4.0),
    "base 1.5": lambda hypotheses, _: _with(hypotheses, slice(0, 1), 1.5),
    "base 3": lambda hypotheses, _: _with(hypotheses, slice(0, 1), 3.0),
    "lognormal": lambda hypotheses, generator: np.exp(0.5 * generator.standard_normal(hypotheses)),
}
"""The deviations of the hypotheses' noise by kind, the baseline's first."""

ERRORS: dict[str, Callable[[np.random.Generator, tuple[int, int]], FloatArray]] = {
    "normal": lambda generator, shape: generator.standard_normal(shape),
    "heavy": lambda generator, shape: generator.standard_t(3, shape) / np.sqrt(3),
    "skewed": lambda generator, shape: generator.exponential(1.0, shape) - 1,
}


@dataclass(frozen=True)
class SimulatedStudy:
    """The true scores, and all scores that could be observed."""

    true: FloatArray
    scores: Scores

    def after(self, counts: np.ndarray) -> Scores:
        """Return the scores when each hypothesis has this many of its first seeds."""
        values = np.where(np.arange(MAXIMUM) < counts[:, None], self.scores.values, np.nan)
        return Scores(self.scores.hypotheses, self.scores.seeds, values)


def studies(
    count: int, noise: str, scale: float, spread: float, seed: int, hypotheses: int = HYPOTHESES, errors: str = "normal"
) -> Iterator[SimulatedStudy]:
    """Simulate studies; they are the same for every method."""
    generator = np.random.default_rng(seed)
    names = tuple(f"h{row}" for row in range(hypotheses))
    for _ in range(count):
        true = spread * generator.standard_normal(hypotheses)
        deviations = scale * NOISES[noise](hypotheses, generator)
        error = deviations[:, None] * ERRORS[errors](generator, (hypotheses, MAXIMUM))
        values = true[:, None] + error + generator.standard_normal(MAXIMUM)
        yield SimulatedStudy(true, Scores(names, tuple(range(MAXIMUM)), values))


def run(study: SimulatedStudy, initial: int, wanted: Callable[[Scores], set[int]]) -> np.ndarray:
    """Return how many seeds each hypothesis has in the end. Round by round, each one that is wanted gets a seed, up to
    the maximum."""
    counts = np.full(len(study.true), initial)
    while True:
        rows = [row for row in wanted(study.after(counts)) if counts[row] < MAXIMUM]
        if not rows:
            return counts
        counts[rows] += 1


@dataclass
class Tally:
    """The values of all studies, by column."""

    columns: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **values: float) -> None:
        """Add the values of one study."""
        for name, value in values.items():
            self.columns.setdefault(name, []).append(float(value))

    def mean(self, name: str) -> float:
        """Return the mean over the studies; NaN for a column that no study has."""
        return float(np.mean(self.columns[name])) if name in self.columns else float("nan")

    def error(self, name: str) -> float:
        """Return the standard error of the mean; NaN for a column with fewer than two values."""
        values = self.columns.get(name, [])
        return float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else float("nan")

    def with_error(self, name: str, decimals: int = 3) -> str:
        """Return the mean with its standard error in brackets."""
        return f"{self.mean(name):8.{decimals}f} ({self.error(name):.{decimals}f})"


CODES = {"Better": 1, "Worse": -1, "Equivalent": 2, "Inconclusive": 0}


def add_verdicts(tally: Tally, verdicts: FloatArray, differences: FloatArray, margin: float, family_wise: bool) -> None:
    """Add how many of the verdicts (coded as in CODES) are right."""
    false = (
        ((verdicts == 1) & (differences <= 0))
        | ((verdicts == -1) & (differences >= 0))
        | ((verdicts == 2) & (np.abs(differences) > margin))
    )
    reached = int((verdicts != 0).sum())
    tally.add(
        false=false.any() if family_wise else false.sum() / max(reached, 1),
        power=((verdicts != 0) & ~false).mean(),
    )


def missed(comparisons: tuple[Comparison, ...], differences: FloatArray) -> bool:
    """Return whether any interval misses its difference."""
    return any(
        one.low is not None and one.high is not None and not one.low <= difference <= one.high
        for one, difference in zip(comparisons, differences, strict=True)
    )


def add_choice(tally: Tally, study: SimulatedStudy, row: int, trials: float) -> None:
    """Add how far a row is behind the best one, and how many trials it took to find it."""
    regret = float(study.true.max() - study.true[row])
    tally.add(regret=regret, within=regret <= MARGIN, trials=trials / (MAXIMUM * len(study.true)))
