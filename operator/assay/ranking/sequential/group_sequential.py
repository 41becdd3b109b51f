"""The group-sequential design of looking after every seed: at `initial` seeds, at one more, and so on up to `maximum`.

The statistic of a comparison, the mean difference over n seeds divided by its standard error, is looked at up to
maximum - initial + 1 times. Times sqrt(n) it is a Brownian motion seen at the times n, so the probability that it ever
leaves its bounds is found by integrating from look to look (Armitage, McPherson & Rowe 1969; Jennison & Turnbull 2000,
chapter 19). The bounds are those of Wang & Tsiatis (1987), c_n = C (n / maximum)^(shape - 1/2). With them the intervals
at all looks hold together (repeated confidence intervals, Jennison & Turnbull 1989): whenever one stops, up to
`maximum` seeds, and for whatever reason, they stay true.

**A maximum that is raised later** goes on spending the error where it was. Looks up to an earlier maximum keep the
bounds that they had, so a verdict that was reached stays. Of the probability of ever leaving the bounds, a share
`reserve` is left for that: by the maximum M a share 1 - reserve M1 / M of it is spent, M1 being the first maximum. The
bounds of the looks between two maxima have a C of their own, at which just so much is spent, given all looks before
(Lan & DeMets 1983, with the maxima as the times at which the spending is fixed).

With several comparisons, each has the level at which the simultaneous test at a single look (Dunnett, Tukey) would
reject it. With an estimated variance, each bound is replaced by the quantile of Student's t with the same tail (the
significance level approach, Jennison & Turnbull 2000).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import scipy
from numpy.polynomial import Chebyshev
from numpy.typing import ArrayLike

from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.sequential.critical_values import (
    dunnett_critical_value,
    one_sided_dunnett_critical_value,
    tukey_critical_value,
)

SHAPE = 0.35
"""Delta of Wang & Tsiatis, if nothing else is said: between 0 (O'Brien & Fleming: early looks demand very much, the
last hardly more than a single look would) and 1/2 (Pocock: all demand the same). Below 0 early looks demand even more.
benchmarks/decisions.py --choices shows other values."""

RESERVE = 0.1
"""The share of the error that is left for looks beyond the first maximum, if that is raised some day. A larger one
finds more then, and less in all studies whose maximum is never raised."""

_KNOWN_VARIANCE = 1_000_000
"""The degrees of freedom at which a variance is as good as known."""

_LEAST_SCALE, _MOST_SCALE = 0.3, 7.0
"""The range of C. Above it a crossing is less probable than 1e-11."""

_MOST_BOUND = 8.0
"""No bound is above this, which a standard normal statistic leaves with a probability of 1e-15: bounds that demand very
much of early looks would else be endless, and take an endless time to work out."""

_LEAST_PROBABILITY = 1e-300
_RAISED_NODES = 12
"""How many values of C the bounds beyond an earlier maximum are worked out at, and interpolated between."""
_RAISED_MOST = 5.5
"""The largest of them: above it, C^2 grows as the log level falls."""

_MOST_STEPS, _PRECISION = 20, 1e-4


@dataclass(frozen=True)
class GroupSequentialDesign:
    """The looks at a study, and bounds that hold over all of them."""

    initial: int
    """The number of seeds at the first look."""
    maximum: int
    """The number of seeds at the last look."""
    shape: float
    """How much more early looks demand than late ones (see `SHAPE`); at most 1/2."""
    earlier: tuple[int, ...] = ()
    """The maxima that there were before this one, rising, from `initial` on; each of them below `maximum`."""
    reserve: float = 0.0
    """The share of the probability that is left for when the first maximum is raised; from 0 to below 1."""

    @cached_property
    def seeds(self) -> FloatArray:
        """(looks,): the number of seeds at each look."""
        return np.arange(self.initial, self.maximum + 1, dtype=np.float64)

    @property
    def look_count(self) -> int:
        """The number of looks."""
        return self.maximum - self.initial + 1

    @cached_property
    def maxima(self) -> tuple[int, ...]:
        """All maxima, rising."""
        return (*self.earlier, self.maximum)

    @cached_property
    def relative_bounds(self) -> FloatArray:
        """(looks,): the bounds relative to that of the next maximum."""
        ends = np.array(self.maxima, dtype=np.float64)[self._stage]
        relative: FloatArray = (self.seeds / ends) ** (self.shape - 0.5)
        return relative

    def bounds(self, level: float) -> FloatArray:
        """Return (looks,) bounds that a standard normal statistic leaves at any look with probability `level`, less
        what is left in reserve.

        `level`: in (1e-13, .99).
        """
        scales = np.array([np.interp(-np.log(level), -levels, scales) for scales, levels in self._curves])
        return np.minimum(scales[self._stage] * self.relative_bounds, _MOST_BOUND)

    def levels(self, statistics: FloatArray) -> FloatArray:
        """Return (..., looks) levels: those whose bounds the |statistic| at each look, (..., looks), just reaches."""
        relative = statistics / self.relative_bounds
        found = np.empty_like(relative)
        for stage, (scales, log_levels) in enumerate(self._curves):
            looks = self._stage == stage
            found[..., looks] = np.exp(np.interp(relative[..., looks], scales, log_levels))
        return found

    @cached_property
    def _stage(self) -> IntArray:
        """(looks,): how many of the maxima are below the seeds of each look."""
        return np.searchsorted(self.maxima, self.seeds)

    @cached_property
    def _curves(self) -> tuple[tuple[FloatArray, FloatArray], ...]:
        """For the looks up to each maximum: values of C, rising, and the log levels at which C has them."""
        first = GroupSequentialDesign(self.initial, self.maxima[0], self.shape)
        scales, log_crossing = first._curve
        curves = [(scales, log_crossing - np.log(1 - self.reserve))]
        if self.earlier:
            log_levels = -curves[0][1]
            at = _LEAST_SCALE + (_RAISED_MOST - _LEAST_SCALE) * (1 - np.cos(np.linspace(0, np.pi, _RAISED_NODES))) / 2
            rising, chosen = np.unique(np.interp(at, scales, log_levels), return_index=True)
            found = np.array([self._scales(at[node], np.exp(-rising[row])) for row, node in enumerate(chosen)])
            for column in found.T:
                # C^2 is nearly a straight line over the log level, of slope 2 where the level is small
                squares = scipy.interpolate.PchipInterpolator(rising, np.maximum.accumulate(column**2))(
                    np.minimum(log_levels, rising[-1])
                )
                squares += 2 * np.maximum(log_levels - rising[-1], 0.0)
                curves.append((np.sqrt(squares), -log_levels))
        return tuple(curves)

    @cached_property
    def _curve(self) -> tuple[FloatArray, FloatArray]:
        """Values of C, and the log probability of ever leaving the bounds, which is -(C^2)/2 plus a smooth function, of
        a design with one maximum."""

        def log_factor(scales: FloatArray) -> FloatArray:
            return np.array([np.log(self.crossing(scale)) + scale**2 / 2 for scale in scales])

        factor = Chebyshev.interpolate(log_factor, 24, domain=[_LEAST_SCALE, _MOST_SCALE])
        scales = np.linspace(_LEAST_SCALE, _MOST_SCALE, 2000)
        return scales, np.minimum.accumulate(factor(scales) - scales**2 / 2)

    def crossing(self, scale: float) -> float:
        """Return the probability that the statistic ever leaves the bounds `scale` * relative_bounds, by quadrature."""
        return self._walk(_START, scale, 0)[0]

    def _scales(self, first: float, level: float) -> FloatArray:
        """Return C of the looks after each maximum but the last, if C is `first` up to the first maximum."""
        spent, state = self._walk(_START, first, 0)
        found = []
        for stage in range(1, len(self.maxima)):
            allowed = level * (1 - self.reserve * self.maxima[0] / self.maxima[stage]) - spent

            def excess(scale: float, stage: int = stage, state: _State = state, allowed: float = allowed) -> float:
                left = self._walk(state, scale, stage)[0]
                return float(np.log(max(left, _LEAST_PROBABILITY) / max(allowed, _LEAST_PROBABILITY)))

            scale = _root(excess)
            found.append(scale)
            left, state = self._walk(state, scale, stage)
            spent += left
        return np.array(found)

    def _walk(self, state: _State, scale: float, stage: int) -> tuple[float, _State]:
        """Return the probability of leaving the bounds at the looks up to the next maximum, and the state then."""
        looks = self._stage == stage
        left = 0.0
        bounds = np.minimum(scale * self.relative_bounds[looks], _MOST_BOUND) * np.sqrt(self.seeds[looks])
        for now, bound in zip(self.seeds[looks], bounds, strict=True):
            deviation = np.sqrt(now - state.seeds)
            outside = scipy.special.ndtr((state.at - bound) / deviation)
            outside += scipy.special.ndtr((-state.at - bound) / deviation)
            left += float(outside @ state.mass)
            # Nodes that are closer than the step's deviation over 1.25 make the error negligible. Few different numbers
            # of nodes are used, since to work them out takes longer than the integral.
            x, weights = _nodes(32 * (2 + int(4 * bound) // 32))
            step = bound * x[:, None] - state.at
            mass = (np.exp(-(step**2) / (2 * deviation**2)) @ state.mass) * (
                bound * weights / (np.sqrt(2 * np.pi) * deviation)
            )
            state = _State(float(now), bound * x, mass)
        return left, state


class _State(NamedTuple):
    """Where the Brownian motion is that has not left its bounds yet."""

    seeds: float
    at: FloatArray
    """(nodes,): places."""
    mass: FloatArray
    """(nodes,): the probability at each."""


_START = _State(0.0, np.zeros(1), np.ones(1))


def _root(excess: Callable[[float], float]) -> float:
    """Return the C at which the log of a probability exceeds what is allowed by 0; the nearest one that is allowed.

    The log is about -(C^2)/2 plus a smooth function, so secants in C^2 find it in some three steps.
    """
    least, most = _LEAST_SCALE**2, _MOST_BOUND**2
    before, square = most / 4, most / 4 + 2
    there = excess(np.sqrt(before))
    for _ in range(_MOST_STEPS):
        here = excess(np.sqrt(square))
        slope = (here - there) / (square - before) if square != before else 0.0
        step = -here / slope if slope < 0 else 2 * here
        before, there = square, here
        square = min(max(square + step, least), most)
        if abs(square - before) < _PRECISION:
            break
    return float(np.sqrt(square))


# This and the caches below are tables of plain numbers: of how many seeds, how many comparisons, what confidence.
@lru_cache(maxsize=64)
def group_sequential_design(
    initial: int, maximum: int, shape: float | None = None, earlier: tuple[int, ...] = ()
) -> GroupSequentialDesign:
    """Return a study's design. It is kept, since its bounds take some milliseconds (a second with 100 looks, or where
    the maximum was raised).

    `shape`: `SHAPE` if it is None. `earlier`: the maxima that there were before, rising. Raises ValueError unless
    2 <= initial <= each of the earlier ones < maximum, or 2 <= initial <= maximum.
    """
    if not 2 <= initial <= maximum:
        raise ValueError(f"initial, maximum: {initial}, {maximum}, allowed are 2 <= initial <= maximum")
    maxima = (*earlier, maximum)
    if any(not initial <= one < other for one, other in pairwise(maxima)):
        raise ValueError(f"earlier: {earlier}, allowed are rising numbers from {initial} to below {maximum}")
    return GroupSequentialDesign(initial, maximum, SHAPE if shape is None else shape, earlier, RESERVE)


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


def normal_bound(level: float) -> float:
    """Return the bound that a standard normal statistic leaves with this probability, at a single look."""
    return -float(scipy.special.ndtri(level / 2))


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
