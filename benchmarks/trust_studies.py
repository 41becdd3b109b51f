"""Simulated studies for `trust.py`: true scores of several shapes, seeds, noise, and their true agreement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from assay.ranking import Criterion, Scores
from assay.ranking.arrays import FloatArray
from assay.ranking.certificates.look import Look
from assay.ranking.memory import Memory
from assay.ranking.orders.tau import correlation_of

MAPS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "normal": lambda scores: scores,
    "heavy": lambda scores: stats.t.ppf(stats.norm.cdf(scores), 3) / np.sqrt(3),
    "skewed": lambda scores: stats.expon.ppf(stats.norm.cdf(scores)),
}
"""Maps of standard normal true scores that keep the order and the variance."""


@dataclass(frozen=True)
class Cell:
    """One kind of study."""

    hypotheses: int
    noise: float
    seeds: int = 3
    shape: str = "normal"
    special: Literal["", "unequal", "ties", "tails", "differs"] = ""
    shared: float | None = None
    """g, the correlation of the proxy's noise with the reference's of the same seed; None: a proxy with trials of its
    own, whose noise is its own."""

    def __str__(self) -> str:
        shared = "" if self.shared is None else f"g={self.shared} "
        return f"K={self.hypotheses} s={self.noise} {shared}seeds={self.seeds} {self.shape} {self.special}".strip()


def true_scores(shape: str, correlation: float, size: tuple[int, ...], generator: np.random.Generator) -> FloatArray:
    """Return the true scores of the reference and the proxy, (2, *size)."""
    rest = np.sqrt(1 - correlation**2)
    if shape.endswith("+"):
        draws = (2, *size)
        own, other = (
            generator.standard_t(3, draws) / np.sqrt(3) if shape == "heavy+" else generator.standard_exponential(draws)
        )
        return np.array([own, correlation * own + rest * other])
    own, other = generator.standard_normal((2, *size))
    return MAPS[shape](np.array([own, correlation * own + rest * other]))


def true_value(criterion: Criterion, cell: Cell, correlation: float) -> float:
    """Return the estimand's value where true scores are mixed with this correlation, from many of them; always the same
    ones."""
    generator = np.random.default_rng(1)
    if criterion.statistic == "WinnerRegret":
        reference, proxy = true_scores(cell.shape, correlation, (8000, cell.hypotheses), generator)
        good = reference >= reference.max(axis=1, keepdims=True) - criterion.smallest_effect
        first = np.argpartition(-proxy, criterion.promote - 1, axis=1)[:, : criterion.promote]
        return float(np.take_along_axis(good, first, axis=1).any(axis=1).mean())
    pairs = true_scores(cell.shape, correlation, (200_000, 2), generator)
    reference, proxy = pairs[:, :, 0] - pairs[:, :, 1]
    if criterion.statistic == "KendallTau":
        return float(np.sign(reference * proxy).mean())
    separated = np.abs(reference) > 2 * np.sqrt(2 / cell.seeds) * cell.noise
    return float((reference * proxy > 0)[separated].mean())


def mixing(criterion: Criterion, cell: Cell, value: float) -> float:
    """Return the correlation at which the estimand has this value."""
    if criterion.statistic == "KendallTau" and cell.shape in MAPS:
        return float(correlation_of(value))
    low, high = -1.0, 1.0
    for _ in range(14):
        middle = (low + high) / 2
        enough = true_value(criterion, cell, float(correlation_of(middle))) >= value
        low, high = (low, middle) if enough else (middle, high)
    return float(correlation_of(high))


def observed(cell: Cell, true: FloatArray, seeds: int, generator: np.random.Generator) -> list[Scores]:
    """Return the arms of one study, the reference first; each seed also has an effect on all hypotheses of an arm.

    The noise of an arm has the correlation `cell.shared` with that of the arm before it.
    """
    deviation, odd = np.full(cell.hypotheses, cell.noise), np.arange(cell.hypotheses) % 2 == 1
    if cell.special == "unequal":
        deviation *= np.where(odd, 1.0, 3.0) / np.sqrt(5)
    shared = np.full((cell.hypotheses, 1), cell.shared or 0.0)
    if cell.special == "differs":
        shared = np.where(odd[:, None], np.minimum(2 * shared, 1.0), np.maximum(2 * shared - 1, 0.0))
    names, columns = tuple(map(str, range(cell.hypotheses))), tuple(range(seeds))
    arms: list[Scores] = []
    noise = np.zeros((cell.hypotheses, seeds))
    for scores in true:
        own = (
            generator.standard_t(3, (cell.hypotheses, seeds)) / np.sqrt(3)
            if cell.special == "tails"
            else generator.standard_normal((cell.hypotheses, seeds))
        )
        noise = shared * noise + np.sqrt(1 - shared**2) * own if arms else own
        values = scores[:, None] + deviation[:, None] * noise
        values += generator.standard_normal(seeds)
        arms.append(Scores(names, columns, np.round(values * 2) / 2 if cell.special == "ties" else values))
    return arms


def simulated(
    criterion: Criterion, cell: Cell, value: float, studies: int, generator: np.random.Generator
) -> list[Look]:
    """Return looks at studies whose estimand has this value; studies that can't be tested are left out."""
    correlation = mixing(criterion, cell, value)
    looks, memory = [], Memory(64)
    for _ in range(studies):
        true = true_scores(cell.shape, correlation, (cell.hypotheses,), generator)
        reference, proxy = observed(cell, true, cell.seeds, generator)
        looks.append(Look(reference, proxy, criterion, memory))
    return looks
