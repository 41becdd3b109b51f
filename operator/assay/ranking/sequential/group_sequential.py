"""The group-sequential design of looking after every seed: at `initial` seeds, at one more, and so on up to `maximum`.

The statistic of a comparison, the mean difference over n seeds divided by its standard error, is looked at up to
maximum - initial + 1 times. Times sqrt(n) it is a Brownian motion seen at the times n, so the probability that it ever
leaves its bounds is found by integrating from look to look (Armitage, McPherson & Rowe 1969; Jennison & Turnbull 2000,
chapter 19). The bounds are those of Wang & Tsiatis (1987), c_n = C (n / maximum)^(shape - 1/2). With them the intervals
at all looks hold together (repeated confidence intervals, Jennison & Turnbull 1989): whenever one stops, up to
`maximum` seeds, and for whatever reason, they stay true.

With several comparisons, each has the level at which the simultaneous test at a single look (Dunnett, Tukey) would
reject it. With an estimated variance, each bound is replaced by the quantile of Student's t with the same tail (the
significance level approach, Jennison & Turnbull 2000).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import scipy
from numpy.polynomial import Chebyshev
from numpy.typing import ArrayLike

from assay.ranking.arrays import FloatArray
from assay.ranking.sequential.critical_values import (
    dunnett_critical_value,
    one_sided_dunnett_critical_value,
    tukey_critical_value,
)

SHAPE = 0.35
"""Delta of Wang & Tsiatis, if nothing else is said: between 0 (O'Brien & Fleming: early looks demand very much, the
last hardly more than a single look would) and 1/2 (Pocock: all demand the same). Below 0 early looks demand even more.
benchmarks/decisions.py --choices shows other values."""

_KNOWN_VARIANCE = 1_000_000
"""The degrees of freedom at which a variance is as good as known."""

_LEAST_SCALE, _MOST_SCALE = 0.3, 7.0
"""The range of C. Above it a crossing is less probable than 1e-11."""

_MOST_BOUND = 8.0
"""No bound is above this, which a standard normal statistic leaves with a probability of 1e-15: bounds that demand very
much of early looks would else be endless, and take an endless time to work out."""


@dataclass(frozen=True)
class GroupSequentialDesign:
    """The looks at a study, and bounds that hold over all of them."""

    initial: int
    """The number of seeds at the first look."""
    maximum: int
    """The number of seeds at the last look."""
    shape: float
    """How much more early looks demand than late ones (see `SHAPE`); at most 1/2."""

    @cached_property
    def seeds(self) -> FloatArray:
        """(looks,): the number of seeds at each look."""
        return np.arange(self.initial, self.maximum + 1, dtype=np.float64)

    @property
    def look_count(self) -> int:
        """The number of looks."""
        return self.maximum - self.initial + 1

    @cached_property
    def relative_bounds(self) -> FloatArray:
        """(looks,): the bounds relative to the last look's."""
        return (self.seeds / self.maximum) ** (self.shape - 0.5)

    def bounds(self, level: float) -> FloatArray:
        """Return (looks,) bounds that a standard normal statistic leaves at any look with probability `level`.

        `level`: in (1e-13, .99).
        """
        scales, log_levels = self._curve
        bounds: FloatArray = np.interp(-np.log(level), -log_levels, scales) * self.relative_bounds
        return np.minimum(bounds, _MOST_BOUND)

    def levels(self, statistics: FloatArray) -> FloatArray:
        """Return (..., looks) levels: those whose bounds the |statistic| at each look, (..., looks), just reaches."""
        scales, log_levels = self._curve
        levels: FloatArray = np.exp(np.interp(statistics / self.relative_bounds, scales, log_levels))
        return levels

    @cached_property
    def _curve(self) -> tuple[FloatArray, FloatArray]:
        """Values of C, and the log probability of ever leaving the bounds, which is -(C^2)/2 plus a smooth function."""

        def log_factor(scales: FloatArray) -> FloatArray:
            return np.array([np.log(self.crossing(scale)) + scale**2 / 2 for scale in scales])

        factor = Chebyshev.interpolate(log_factor, 24, domain=[_LEAST_SCALE, _MOST_SCALE])
        scales = np.linspace(_LEAST_SCALE, _MOST_SCALE, 2000)
        return scales, np.minimum.accumulate(factor(scales) - scales**2 / 2)

    def crossing(self, scale: float) -> float:
        """Return the probability that the statistic ever leaves the bounds `scale` * relative_bounds, by quadrature."""
        density, at = np.ones(1), np.zeros(1)
        before = 0.0
        bounds = np.minimum(scale * self.relative_bounds, _MOST_BOUND) * np.sqrt(self.seeds)
        for now, bound in zip(self.seeds, bounds, strict=True):
            # Nodes that are closer than the step's deviation over 1.25 make the error negligible. Few different numbers
            # of nodes are used, since to work them out takes longer than the integral.
            x, weights = _nodes(32 * (2 + int(4 * bound) // 32))
            step = bound * x[:, None] - at
            density = (np.exp(-(step**2) / (2 * (now - before))) @ density) * (
                bound * weights / np.sqrt(2 * np.pi * (now - before))
            )
            at, before = bound * x, now
        return 1 - float(density.sum())


# This and the caches below are tables of plain numbers: of how many seeds, how many comparisons, what confidence.
@lru_cache(maxsize=64)
def group_sequential_design(initial: int, maximum: int, shape: float | None = None) -> GroupSequentialDesign:
    """Return a study's design. It is kept, since its bounds take some milliseconds (a second with 100 looks).

    `shape`: `SHAPE` if it is None. Raises ValueError unless 2 <= initial <= maximum.
    """
    if not 2 <= initial <= maximum:
        raise ValueError(f"initial, maximum: {initial}, {maximum}, allowed are 2 <= initial <= maximum")
    return GroupSequentialDesign(initial, maximum, SHAPE if shape is None else shape)


@lru_cache(maxsize=1024)
def level_of_one_in_many(comparisons: int, confidence: float) -> float:
    """Return the two-sided level of each of so many comparisons with one control (Dunnett)."""
    return 2 * float(scipy.special.ndtr(-dunnett_critical_value(comparisons, _KNOWN_VARIANCE, confidence)))


@lru_cache(maxsize=1024)
def level_of_one_in_many_above(comparisons: int, confidence: float) -> float:
    """Return the two-sided level of each of so many comparisons with one control where only one side counts."""
    critical = one_sided_dunnett_critical_value(comparisons, _KNOWN_VARIANCE, confidence)
    return 2 * float(scipy.special.ndtr(-critical))


@lru_cache(maxsize=1024)
def level_of_one_pair(groups: int, confidence: float) -> float:
    """Return the two-sided level of each of all pairs of so many groups (Tukey)."""
    return 2 * float(scipy.special.ndtr(-tukey_critical_value(groups, _KNOWN_VARIANCE, confidence)))


def as_t(bounds: ArrayLike, degrees_of_freedom: ArrayLike) -> FloatArray:
    """Return the values of Student's t with the same tails as these standard normal values of 0 or more."""
    values: FloatArray = -scipy.special.stdtrit(degrees_of_freedom, scipy.special.ndtr(-np.asarray(bounds)))
    return values


def as_normal(t: ArrayLike, degrees_of_freedom: ArrayLike) -> FloatArray:
    """Return the standard normal values with the same tails as these values of Student's t of 0 or more."""
    values: FloatArray = -scipy.special.ndtri(scipy.special.stdtr(degrees_of_freedom, -np.asarray(t)))
    return values


@lru_cache(maxsize=512)
def _nodes(count: int) -> tuple[FloatArray, FloatArray]:
    x, weights = np.polynomial.legendre.leggauss(count)
    return x, weights
