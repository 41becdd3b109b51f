"""At which numbers of seeds trust is tested, and at which level each time.

All looks of a study see the same hypotheses, so their findings are correlated. If v is the variance of the
noise-corrected estimate at each look, the test statistics are correlated as a Brownian motion is at the times 1 / v
(Jennison & Turnbull 2000, chapter 3). The test uses one level at all looks. It is found by integrating from look to
look (Armitage, McPherson & Rowe 1969), so that all looks together err as often as stated. Where seed noise is small,
further looks cost next to no error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy

from assay.ranking.arrays import FloatArray
from assay.ranking.distributions import normal_density

MOST_LOOKS = 4
"""More looks would cost error and decide little."""

_MOST_CORRELATED = 0.99
"""Looks that are more closely correlated are taken to be no more so than this. It errs on the safe side, and the nodes
of the integration stay close enough."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_LOWEST_Z = -6.0
_CRITICAL = np.linspace(-2.0, 5.5, 46)
"""The critical values that the overall error is worked out for; between them it is interpolated."""


def look_seeds(initial: int, maximum: int) -> tuple[int, ...]:
    """Return the numbers of complete seeds at which trust is tested: at most four, from `initial` to `maximum`.

    They grow by about the same factor each time, so that each look adds the same part to what there was. Raises
    ValueError unless 1 <= initial <= maximum.
    """
    if not 1 <= initial <= maximum:
        raise ValueError(f"initial: {initial}, allowed are values from 1 to maximum ({maximum})")
    looks = min(MOST_LOOKS, maximum - initial + 1)
    if looks == 1:
        return (initial,)
    wanted = initial * (maximum / initial) ** (np.arange(looks) / (looks - 1))
    chosen = [initial]
    for step in range(1, looks):
        # at least one seed more than the last look, and room for those that follow
        chosen.append(int(np.clip(np.ceil(wanted[step] - 1e-9), chosen[-1] + 1, maximum - (looks - 1 - step))))
    return tuple(chosen)


@dataclass(frozen=True, eq=False)
class Spending:
    """The error of a test at one look and the error of the same test at any planned look, each from the other."""

    single: FloatArray
    """(critical values,): the error of a test at one look alone; falling."""
    together: FloatArray
    """(critical values,): the error of the test at any of the looks, if each has that level; falling."""

    @classmethod
    def over(cls, information: tuple[float, ...]) -> Spending:
        """Work it out for looks of this `information`: 1 / variance of the estimate at each, in any unit, above 0.

        Raises ValueError if there is no look, or if a value is not above 0.
        """
        if not information or not min(information) > 0:
            raise ValueError(f"information: {information}, allowed are values above 0, at least one")
        return cls(*errors_of_looks(correlations_of(information)))

    def overall(self, level: FloatArray | float) -> FloatArray:
        """Return the error of all looks together if each is tested at this level in [0, 1]; at least the level."""
        return self._translated(level, self.single, self.together)

    def nominal(self, error: FloatArray | float) -> FloatArray:
        """Return the level of each look at which all together have this error: the inverse of `overall`."""
        return self._translated(error, self.together, self.single)

    def _translated(self, value: FloatArray | float, given: FloatArray, wanted: FloatArray) -> FloatArray:
        value = np.asarray(value, dtype=np.float64)
        if np.array_equal(given, wanted):
            return value
        with np.errstate(divide="ignore"):
            log = np.interp(np.log(value), np.log(given[::-1]), np.log(wanted[::-1]), left=-np.inf)
        return np.exp(log)


def correlations_of(information: Sequence[float]) -> tuple[float, ...]:
    """Return how closely each look is correlated with the one before, from the second on."""
    rising = np.maximum.accumulate(np.array(information))
    return tuple(safe_correlation(float(each)) for each in np.sqrt(rising[:-1] / rising[1:]))


def safe_correlation(correlation: float) -> float:
    """Return the correlation of two looks, rounded down: that is the safe side, and what is nearly the same is worked
    out once."""
    return float(np.floor(min(correlation, _MOST_CORRELATED) * 100) / 100)


# a table of plain numbers, at most some hundred of them, that takes milliseconds each and that every round looks up
@lru_cache(maxsize=512)
def errors_of_looks(correlations: tuple[float, ...]) -> tuple[FloatArray, FloatArray]:
    """Return, for each critical value, the error of one look and of all: one more than there are correlations."""
    single: FloatArray = scipy.special.ndtr(-_CRITICAL)
    if not correlations:
        return single, single
    half = (_CRITICAL - _LOWEST_Z) / 2
    z = _LOWEST_Z + half[:, None] * (1 + _NODES)
    weights = half[:, None] * _WEIGHTS
    # the density of the statistic where no look has crossed the critical value yet
    density = normal_density(z)
    together = single.copy()
    for at, correlation in enumerate(correlations):
        deviation = np.sqrt(1 - correlation**2)
        reached = density * weights
        crossed = scipy.special.ndtr((correlation * z - _CRITICAL[:, None]) / deviation)
        together = together + (reached * crossed).sum(axis=1)
        if at + 1 < len(correlations):
            kernel = normal_density((z[:, :, None] - correlation * z[:, None, :]) / deviation) / deviation
            density = np.einsum("ijk,ik->ij", kernel, reached)
    return single, np.clip(together, single, 1.0)
