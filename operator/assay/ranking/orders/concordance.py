"""Which pairs of hypotheses two arms order alike."""

from __future__ import annotations

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.scores import Scores

_UNIT = 1e-9
"""Means are given as multiples of this part of their range."""

_EQUAL = 64 * float(np.finfo(np.float64).eps)
"""Means that differ by less than this part of their own scores are equal but for rounding."""


def rounded_means(arm: Scores) -> FloatArray:
    """Return (hypotheses,): the mean scores as whole numbers, 0 for the lowest, whatever constant is added to all.

    `arm`: no score missing. The means of equal scores may differ in their last bits if they are added up in another
    order, or with a constant added. Here they don't differ. Means that do differ stay apart, however far away another
    one is: of a run that diverged to 1e12 the others know nothing.
    """
    means = arm.means
    if len(means) == 0:
        return means
    order = np.argsort(means, kind="stable")
    ascending, size = means[order], np.abs(arm.values).max(axis=1)[order]
    apart = np.diff(ascending) > _EQUAL * np.maximum(size[1:], size[:-1])
    place = np.concatenate([[0], np.cumsum(apart)])
    lowest = ascending[np.searchsorted(place, place)] - ascending[0]  # of those that are equal
    whole = np.round(lowest / (lowest[-1] * _UNIT)) if lowest[-1] > 0 else lowest
    rounded = np.empty(len(means))
    rounded[order] = np.maximum.accumulate(whole - place) + place  # each at least one above the one before
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
