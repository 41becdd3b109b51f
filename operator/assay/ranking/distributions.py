"""Tails and quantiles of distributions, by scipy's special functions.

scipy.stats has them as well, but takes half a second and 30 MB to import, and spends most of each call on checks.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike

from assay.ranking.arrays import FloatArray


def t_above(t: ArrayLike, degrees_of_freedom: ArrayLike) -> FloatArray:
    """Return the probabilities that Student's t is above these values."""
    above: FloatArray = scipy.special.stdtr(degrees_of_freedom, -np.asarray(t))
    return above


def t_exceeded_by(probability: float, degrees_of_freedom: float) -> float:
    """Return the value that Student's t exceeds with this probability, in (0, 1)."""
    return -float(scipy.special.stdtrit(degrees_of_freedom, probability))


def f_above(value: float, between: int, within: int) -> float:
    """Return the probability that F is above a value, which is 0 or more and may be infinite.

    `between`, `within`: its degrees of freedom.
    """
    return float(scipy.special.fdtrc(between, within, value))


def chi2_exceeded_by(probabilities: ArrayLike, degrees_of_freedom: float) -> FloatArray:
    """Return the values that chi-squared exceeds with these probabilities."""
    values: FloatArray = scipy.special.chdtri(degrees_of_freedom, probabilities)
    return values


def chi2_density(values: FloatArray, degrees_of_freedom: float) -> FloatArray:
    """Return the density of chi-squared at values above 0."""
    half = degrees_of_freedom / 2
    log_density = (half - 1) * np.log(values) - values / 2 - half * np.log(2) - scipy.special.gammaln(half)
    density: FloatArray = np.exp(log_density)
    return density


def expected_positive_part(means: FloatArray, deviations: FloatArray) -> FloatArray:
    """Return the mean of max(X, 0) of normal X: the expected improvement of a choice that may also be left.

    Both broadcast; deviations are 0 or more, NaN is passed on. Source: Jones, Schonlau & Welch 1998 (Journal of Global
    Optimization 13), equation 15.
    """
    certain = ~(deviations > 0)
    z = means / np.where(certain, 1.0, deviations)
    uncertain = deviations * (normal_density(z) + z * scipy.special.ndtr(z))
    positive: FloatArray = np.where(certain, np.maximum(means, 0.0), uncertain)
    return positive


def normal_density(values: FloatArray) -> FloatArray:
    """Return the density of the standard normal distribution."""
    density: FloatArray = np.exp(-(values**2) / 2) / np.sqrt(2 * np.pi)
    return density
