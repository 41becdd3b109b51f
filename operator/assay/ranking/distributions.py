"""Tails and quantiles, by scipy's special functions.

scipy.stats has them as well, but takes half a second and 30 MB to import, and most of each call for checks.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike

from assay.ranking.arrays import FloatArray


def t_above(t: ArrayLike, degrees_of_freedom: float) -> FloatArray:
    """Probability that Student's t is above these values."""
    above: FloatArray = scipy.special.stdtr(degrees_of_freedom, -np.asarray(t))
    return above


def t_exceeded_by(probability: float, degrees_of_freedom: float) -> float:
    """The value that Student's t exceeds with this probability, in (0, 1)."""
    return -float(scipy.special.stdtrit(degrees_of_freedom, probability))


def f_above(value: float, between: int, within: int) -> float:
    """Probability that F of so many degrees of freedom is above a value of 0 or more; it may be infinite."""
    return float(scipy.special.fdtrc(between, within, value))


def chi2_exceeded_by(probabilities: ArrayLike, degrees_of_freedom: float) -> FloatArray:
    """The values that chi-squared exceeds with these probabilities."""
    values: FloatArray = scipy.special.chdtri(degrees_of_freedom, probabilities)
    return values


def chi2_density(values: FloatArray, degrees_of_freedom: float) -> FloatArray:
    """Density of chi-squared at values above 0."""
    half = degrees_of_freedom / 2
    log_density = (half - 1) * np.log(values) - values / 2 - half * np.log(2) - scipy.special.gammaln(half)
    density: FloatArray = np.exp(log_density)
    return density


def normal_density(values: FloatArray) -> FloatArray:
    """Density of the standard normal."""
    density: FloatArray = np.exp(-(values**2) / 2) / np.sqrt(2 * np.pi)
    return density
