"""Kendall's tau of normal pairs: what it is expected to be at a correlation, and how much it varies."""

from __future__ import annotations

import numpy as np

from assay.ranking.arrays import FloatArray, IntArray


def expected_tau(correlation: FloatArray | float) -> FloatArray:
    """Return Kendall's tau of a normal pair with correlation r: 2 / pi * asin(r) (Greiner 1909)."""
    return 2 / np.pi * np.arcsin(correlation)


def correlation_of(tau: FloatArray | float) -> FloatArray:
    """Return the correlation of a normal pair with this tau, sin(pi * tau / 2): the inverse of `expected_tau`."""
    return np.sin(np.pi / 2 * np.asarray(tau))


def tau_variance(hypotheses: IntArray, correlation: FloatArray | float) -> FloatArray:
    """Return the exact variance of the sample tau of so many normal pairs.

    Source: Esscher 1924; Kendall & Gibbons 1990, Rank Correlation Methods, chapter 10.
    """
    asin, asin_half = expected_tau(correlation), expected_tau(correlation / 2)
    pairs = hypotheses * (hypotheses - 1) / 2
    return (1 - asin**2 + 2 * (hypotheses - 2) * (1 / 9 - asin_half**2)) / pairs
