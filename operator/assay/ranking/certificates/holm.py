"""Several hypotheses tested at several looks, so that none is rejected falsely with more than a stated probability.

Holm's procedure on sequential p-values: each p-value already holds for all looks together, so a rejection, once made,
stays, and what it frees goes to the others (Maurer & Bretz 2013).
"""

from __future__ import annotations

import numpy as np

from assay.ranking.arrays import FloatArray, IntArray


def holm_adjusted(p_values: FloatArray) -> FloatArray:
    """(tests,): a test is rejected at a family-wise error if its adjusted p-value is at or below that (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted


def first_rejections(p_values: FloatArray, error: float) -> tuple[IntArray, FloatArray]:
    """When each test is first rejected, and its adjusted p-values up to each look.

    `p_values`: (looks, tests), each valid for all looks together; 1 where a test was not looked at. Returns
    (tests,): the number of the look, from 1 on, 0 if at none; and (looks, tests).
    """
    lowest = np.minimum.accumulate(p_values, axis=0)
    adjusted = np.array([holm_adjusted(row) for row in lowest]).reshape(p_values.shape)
    rejected = adjusted <= error * (1 + 1e-9)
    first = np.where(rejected.any(axis=0), rejected.argmax(axis=0) + 1, 0)
    return first.astype(np.int64), adjusted
