"""Which pairs of hypotheses two arms order alike."""

from __future__ import annotations

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.scores import Scores

_ROUNDING = 1e-9
"""Means that differ by less than this part of their range are equal but for rounding."""


def rounded_means(arm: Scores) -> FloatArray:
    """Return (hypotheses,): the mean scores as whole numbers, 0 for the lowest, whatever constant is added to all.

    `arm`: no score missing. The means of equal scores may differ in their last bits if they are added up in another
    order, or with a constant added. Here they don't differ.
    """
    means = arm.means
    if len(means) == 0:
        return means
    above = means - means.min()
    spread = float(above.max())
    if spread <= 64 * np.finfo(np.float64).eps * float(np.abs(arm.values).max()):
        return np.zeros(len(means))
    rounded: FloatArray = np.round(above / (spread * _ROUNDING))
    return rounded


def concordant_pairs(reference: FloatArray, proxy: FloatArray) -> tuple[int, int]:
    """Return how many pairs two vectors of scores order alike: for the interval's lower end, and for its upper end.

    For the lower end a tie counts one half. For the upper end it is as many of all pairs as gives tau-b. Neither vector
    is constant.
    """
    first, second = np.triu_indices(len(reference), 1)
    of_reference, of_proxy = np.sign(reference[first] - reference[second]), np.sign(proxy[first] - proxy[second])
    net, pairs = float(of_reference @ of_proxy), len(first)
    tau_b = net / np.sqrt((of_reference @ of_reference) * (of_proxy @ of_proxy))
    low, high = (net + pairs) / 2, (tau_b + 1) / 2 * pairs
    return int(np.floor(min(low, high) + 1e-9)), int(np.ceil(max(low, high) - 1e-9))
