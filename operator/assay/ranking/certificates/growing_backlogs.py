"""How the error is spent where trust is looked at again and again, each time with more hypotheses.

At first a study plans a few looks at the hypotheses that it has, at growing numbers of seeds: the first *wave*.
Each look at a backlog that has grown since is a wave of its own. It sees again what the looks before it saw, so the
error is spent over all of them, as a function of how much there is to see (Lan & DeMets 1983). So the sizes
need not be known in advance. The critical value of each wave is found by integrating from look to look (Armitage,
McPherson & Rowe 1969), with the correlation of nested looks: sqrt(K / K') for K of K' hypotheses.

One can't have all: what is kept for a backlog that may never come is missing now. So there are two ways to spend.

- Where it was said before the first look how large the backlog will be, the error is spent towards that size, by the
  function of O'Brien & Fleming: hardly anything early, nearly all at the end.
- Where it was not, the first wave gets most of it, and later ones share the rest: by a look at K hypotheses, the first
  of which had K1, `error * (1 - (1 - FIRST_SHARE) * K1 / K)` is spent.

`benchmarks/in_the_wild.py backlog` measures both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy

from assay.ranking.arrays import FloatArray
from assay.ranking.certificates.error_spending import Spending, correlations_of, errors_of_looks, safe_correlation
from assay.ranking.distributions import normal_density
from assay.ranking.true_orders.precision import TwoArmNoise

FIRST_SHARE = 0.87
"""The share of the error that the first wave has, where nobody has said how large the backlog will be."""
EXPECTED_SHARE = 0.9
"""The share that is spent once the backlog has the size that was said. The rest is for sizes beyond it."""
GROWTH = 1.1
"""A backlog is looked at again when it is so many times as large: a look at less costs error and tells little."""
MOST_WAVES = 100
"""A backlog that has been looked at so often is not looked at any more."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_LOWEST_Z, _HIGHEST_Z = -6.0, 9.0
_ERRORS: tuple[float, ...] = tuple(scipy.special.ndtr(-np.linspace(0.0, 5.5, 34)).tolist())
"""The errors that levels are worked out for, falling; between them it is interpolated. Nobody allows more than the
first: confidence is at least one half."""
_HALVINGS = 34


@dataclass(frozen=True)
class Wave:
    """Looks that were planned together: some at first, and one each time the backlog has grown since."""

    hypotheses: int
    planned: tuple[int, ...]
    """The numbers of seeds of the planned looks, ascending; of a later wave a single one."""
    correlations: tuple[float, ...]
    """How closely each planned look is correlated with the one before; the first with the last of the wave before, 0 if
    there is none. In [0, 1)."""
    size: float
    """How much there is to see, which the error is spent by: the number of hypotheses, times the information that the
    last of `planned` has of one of them, relative to the first wave's."""
    taken: int = 1
    """How many of the planned looks were taken, from 1 on."""

    @classmethod
    def after(
        cls, last: Wave | None, hypotheses: int, planned: Sequence[int], noise: TwoArmNoise, correlation: float
    ) -> Wave:
        """Make the wave that follows the `last` one; None: it is the first.

        `noise`, and the true `correlation` that is just good enough, say how much more seeds tell.
        """
        seeds = tuple(planned)
        information = noise.over_looks(correlation, hypotheses, seeds)
        if last is None:
            return cls(hypotheses, seeds, (0.0, *correlations_of(information)), float(hypotheses))
        at_last, at_end = noise.over_looks(correlation, hypotheses, (last.planned[last.taken - 1], last.planned[-1]))
        nested = min(last.hypotheses, hypotheses) / max(last.hypotheses, hypotheses)
        alike = min(at_last, information[0]) / max(at_last, information[0])
        size = hypotheses * (last.size / last.hypotheses) * (information[-1] / at_end)
        first = safe_correlation(math.sqrt(nested * alike))
        return cls(hypotheses, seeds, (first, *correlations_of(information)), size)


NOTHING_SEEN = Wave(0, (1,), (0.0,), 1.0)
"""The wave of a look at which no test was possible. Its levels are those of a single look."""


@dataclass(frozen=True)
class Backlog:
    """The earlier looks at one proxy, and how the error is spent over all looks at it."""

    waves: tuple[Wave, ...] = ()
    """The earlier waves, in the order in which they were taken."""
    expected: int | None = None
    """How many hypotheses the backlog was said to grow to, before the first look; None: nobody said."""

    def spending(self, wave: Wave) -> Spending:
        """Return the levels of a further wave."""
        levels = _levels((*self.waves, wave), self.expected, _ERRORS)
        return Spending(np.array([1.0, *levels]), np.array([1.0, *_ERRORS]))

    def level(self, wave: Wave, error: float) -> float:
        """Return the level of a further wave at one overall error: quicker than by `spending`, which has all."""
        return _levels((*self.waves, wave), self.expected, (error,))[0]

    def followed_by(self, wave: Wave) -> Backlog:
        """Return the same backlog after one wave more."""
        return Backlog((*self.waves, wave), self.expected)

    def next_hypotheses(self) -> int | None:
        """Return how many hypotheses the backlog has when it is looked at again; None: never, or not looked at yet."""
        if not self.waves or len(self.waves) >= MOST_WAVES:
            return None
        last = max(wave.hypotheses for wave in self.waves)
        grown = max(math.ceil(GROWTH * last - 1e-9), last + 1)
        return min(grown, self.expected) if self.expected and last < self.expected else grown


NO_BACKLOG = Backlog()
"""Nothing was looked at before, and nobody has said how large it will be."""


def spent_by(errors: FloatArray, size: float, first_size: float, expected: int | None) -> FloatArray:
    """Return how much of each error, (errors,), may be spent by a look at a backlog of this size."""
    share, full = (FIRST_SHARE, first_size) if expected is None else (EXPECTED_SHARE, float(expected))
    if size >= full:
        return errors * (1 - (1 - share) * full / size)
    if expected is None:
        return errors * share
    # Lan & DeMets 1983: the spending function that is like the boundary of O'Brien & Fleming
    early: FloatArray = 2 * scipy.special.ndtr(scipy.special.ndtri(errors / 2) / np.sqrt(size / full))
    return share * early


def _levels(waves: tuple[Wave, ...], expected: int | None, errors: tuple[float, ...]) -> list[float]:
    """Return the level of each look of the last wave, for each of these overall errors, which are falling."""
    levels: FloatArray = scipy.special.ndtr(-_critical(waves, expected, errors))
    # what is rejected at an error is rejected at each larger one
    return list(np.maximum.accumulate(levels[::-1])[::-1].tolist())


@dataclass(frozen=True, eq=False)
class _Uncrossed:
    """The statistic where no look so far has crossed its critical value, for each error."""

    z: FloatArray
    """(errors, nodes)."""
    mass: FloatArray
    """(errors, nodes): the probability at each node."""
    spent: FloatArray
    """(errors,): the probability that some look has crossed."""

    def crossed(self, critical: FloatArray, correlation: float) -> FloatArray:
        """Return (errors,): the probability that the next look crosses, and none before did."""
        deviation = np.sqrt(1 - correlation**2)
        beyond = scipy.special.ndtr((correlation * self.z - critical[:, None]) / deviation)
        crossed: FloatArray = (self.mass * beyond).sum(axis=1)
        return crossed

    def after(self, critical: FloatArray, correlation: float) -> _Uncrossed:
        """Return what is left after the next look."""
        z, weights = _nodes(critical)
        deviation = np.sqrt(1 - correlation**2)
        kernel = normal_density((z[:, :, None] - correlation * self.z[:, None, :]) / deviation) / deviation
        mass = np.einsum("ijk,ik->ij", kernel, self.mass) * weights
        return _Uncrossed(z, mass, self.spent + self.crossed(critical, correlation))


def _nodes(critical: FloatArray) -> tuple[FloatArray, FloatArray]:
    half = (np.maximum(critical, _LOWEST_Z + 1e-3) - _LOWEST_Z) / 2
    return _LOWEST_Z + half[:, None] * (1 + _NODES), half[:, None] * _WEIGHTS


# each wave is worked out once, in milliseconds, however many follow it
@lru_cache(maxsize=512)
def _critical(waves: tuple[Wave, ...], expected: int | None, errors: tuple[float, ...]) -> FloatArray:
    """Return the critical value, (errors,), of all looks of the last wave."""
    wave = waves[-1]
    wanted = spent_by(np.array(errors), max(each.size for each in waves), waves[0].size, expected)
    if len(waves) == 1:
        level = Spending(*errors_of_looks(wave.correlations[1:])).nominal(wanted)
        critical: FloatArray = -scipy.special.ndtri(np.maximum(level, np.finfo(np.float64).tiny))
        return np.minimum(critical, _HIGHEST_Z)
    left = _left_after(waves[:-1], expected, errors)
    low, high = np.full(len(errors), _LOWEST_Z), np.full(len(errors), _HIGHEST_Z)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        too_much = left.spent + left.crossed(middle, wave.correlations[0]) > wanted
        low, high = np.where(too_much, middle, low), np.where(too_much, high, middle)
    return high


@lru_cache(maxsize=512)
def _left_after(waves: tuple[Wave, ...], expected: int | None, errors: tuple[float, ...]) -> _Uncrossed:
    """Return what is left after the looks of these waves that were taken."""
    wave, critical = waves[-1], _critical(waves, expected, errors)
    correlations = wave.correlations[: wave.taken]
    if len(waves) > 1:
        left = _left_after(waves[:-1], expected, errors)
    else:
        z, weights = _nodes(critical)
        left = _Uncrossed(z, normal_density(z) * weights, scipy.special.ndtr(-critical))
        correlations = correlations[1:]
    for correlation in correlations:
        left = left.after(critical, correlation)
    return left
