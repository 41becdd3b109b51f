"""Critical values of simultaneous comparisons with a common, estimated variance.

scipy's studentized range is slow, and Dunnett's value is not in its public interface. Both are double integrals: over
one normal variable, and over the estimated standard deviation (Hsu 1996, Multiple Comparisons, chapters 3 and 5).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import scipy

from assay.ranking.arrays import FloatArray
from assay.ranking.distributions import chi2_density, chi2_exceeded_by, normal_density

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)

# The caches below are tables of plain numbers, as in a book of statistical tables: a value takes milliseconds, and
# every round of every study asks for the same few.


@lru_cache(maxsize=1024)
def dunnett_critical_value(comparisons: int, degrees_of_freedom: int, confidence: float) -> float:
    """Return the value that all |t| of `comparisons` groups with one control stay below with probability `confidence`.

    The groups are of equal size, so the correlation of two comparisons is 1/2 (Dunnett 1955).
    """

    def within(bounds: FloatArray, z: FloatArray) -> FloatArray:
        half = np.sqrt(2) * bounds
        inside: FloatArray = (scipy.special.ndtr(z + half) - scipy.special.ndtr(z - half)) ** comparisons
        return inside

    return _solve(within, degrees_of_freedom, confidence)


@lru_cache(maxsize=1024)
def one_sided_dunnett_critical_value(comparisons: int, degrees_of_freedom: int, confidence: float) -> float:
    """Return the value that all t (not |t|) of `comparisons` groups with one control stay below with probability
    `confidence`."""

    def within(bounds: FloatArray, z: FloatArray) -> FloatArray:
        inside: FloatArray = scipy.special.ndtr(z + np.sqrt(2) * bounds) ** comparisons
        return inside

    return _solve(within, degrees_of_freedom, confidence)


@lru_cache(maxsize=1024)
def tukey_critical_value(groups: int, degrees_of_freedom: int, confidence: float) -> float:
    """Return the value that all pairwise |t| of `groups` of equal size stay below with probability `confidence`.

    It is the quantile of the studentized range (Tukey) over sqrt(2), since it is compared with a difference over its
    own standard error.
    """

    def within(bounds: FloatArray, z: FloatArray) -> FloatArray:
        one = scipy.special.ndtr(z) - scipy.special.ndtr(z - np.sqrt(2) * bounds)
        inside: FloatArray = groups * one ** (groups - 1)
        return inside

    return _solve(within, degrees_of_freedom, confidence)


def _solve(within: Callable[[FloatArray, FloatArray], FloatArray], degrees_of_freedom: int, confidence: float) -> float:
    """Return the c at which the mean of within(c * s, z), over s ~ sqrt(chi2 / df) and z ~ N(0, 1), is `confidence`."""
    z, z_weights = 8.5 * _NODES, 8.5 * _WEIGHTS * normal_density(8.5 * _NODES)
    # log s: smooth for every number of degrees of freedom
    least, most = np.log(chi2_exceeded_by([1 - 1e-12, 1e-12], degrees_of_freedom) / degrees_of_freedom) / 2
    log_s = (most + least) / 2 + (most - least) / 2 * _NODES
    density = chi2_density(degrees_of_freedom * np.exp(2 * log_s), degrees_of_freedom)
    s_weights = density * 2 * degrees_of_freedom * np.exp(2 * log_s) * (most - least) / 2 * _WEIGHTS

    def excess(critical: float) -> float:
        return float(s_weights @ within(critical * np.exp(log_s)[:, None], z) @ z_weights) - confidence

    highest = 4.0
    while excess(highest) < 0:
        highest *= 2
    return float(scipy.optimize.brentq(excess, 0.0, highest, xtol=1e-6))
