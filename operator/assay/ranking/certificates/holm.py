"""The Holm correction: several tests at several looks, with a bound on the probability that any rejection is false.

Holm's procedure is applied to sequential p-values. Each p-value already holds for all looks together, so a rejection
stays once it is made, and the error that it frees goes to the other tests (Maurer & Bretz 2013).
"""

from __future__ import annotations

import numpy as np

from assay.ranking.arrays import FloatArray, IntArray


def holm_adjusted(p_values: FloatArray, others: int = 0) -> FloatArray:
    """Return (tests,) adjusted p-values: a test is rejected where its own is at or below the family-wise error.

    `others`: how many tests there are besides, none of which is rejected.

    Source: Holm 1979, the sequentially rejective Bonferroni test.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1) + others
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted


def first_rejections(p_values: FloatArray, error: float, others: int = 0) -> tuple[IntArray, FloatArray]:
    """Find when each test is first rejected, and its adjusted p-value at each look.

    `p_values`: (looks, tests), each valid for all looks together; 1 where a test was not looked at. `others`: as for
    `holm_adjusted`. Returns (tests,) the number of the look, from 1 on, or 0 where a test is rejected at none; and
    (looks, tests) adjusted p-values.
    """
    lowest = np.minimum.accumulate(p_values, axis=0)
    adjusted = np.array([holm_adjusted(row, others) for row in lowest]).reshape(p_values.shape)
    rejected = adjusted <= error * (1 + 1e-9)
    first = np.where(rejected.any(axis=0), rejected.argmax(axis=0) + 1, 0)
    return first.astype(np.int64), adjusted
