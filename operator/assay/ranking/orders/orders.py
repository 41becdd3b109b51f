"""Ranks and rank correlations of vectors of finite scores, which may have ties.

They compare every pair, which is quicker than to sort for as many hypotheses as a study has. `distributions` says why
scipy.stats is not used.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from assay.ranking.arrays import FloatArray, IntArray

_PAIRS_AT_A_TIME = 1_000_000


def average_ranks(scores: FloatArray) -> FloatArray:
    """Return (hypotheses,) ranks: 1 is the lowest, and equal scores share the mean of their places."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def lowest_ranks(scores: FloatArray) -> IntArray:
    """Return (hypotheses,) ranks: 1 is the lowest, and equal scores share the first of their places."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - counts + 1)[inverse]


def tau_b(first: FloatArray, second: FloatArray) -> float:
    """Return Kendall's tau-b of two vectors, neither of them constant."""
    return _tau(first, second, None)


def weighted_tau_b(first: FloatArray, second: FloatArray) -> float:
    """Return Vigna's weighted tau, with the additive hyperbolic weights 1 / rank; neither vector is constant.

    It is the mean of two: in one the ranks are those of `first`, with ties broken by `second`; in the other the other
    way round (Vigna 2015).
    """
    return (_tau(first, second, _weights(first, second)) + _tau(first, second, _weights(second, first))) / 2


def _tau(first: FloatArray, second: FloatArray, weights: FloatArray | None) -> float:
    """Return concordant less discordant pairs over untied ones, where a pair counts with its two weights added."""
    both = in_one = in_other = 0.0
    for rows in blocks_of_rows(len(first)):
        one, other = (np.sign(scores[rows, None] - scores[None, :]) for scores in (first, second))
        # of each pair both rows come by, so that either may bring its own weight
        counts = 1.0 if weights is None else weights[rows]
        both += float((counts * np.einsum("ij,ij->i", one, other)).sum())
        in_one += float((counts * np.einsum("ij,ij->i", one, one)).sum())
        in_other += float((counts * np.einsum("ij,ij->i", other, other)).sum())
    return float(np.clip(both / np.sqrt(in_one * in_other), -1.0, 1.0))


def blocks_of_rows(rows: int) -> Iterator[slice]:
    """Cut a table of all pairs into blocks of so many rows that one takes little memory."""
    step = max(1, _PAIRS_AT_A_TIME // max(1, rows))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _weights(by: FloatArray, then_by: FloatArray) -> FloatArray:
    """Return 1 / place of each, where the highest has place 1."""
    places = np.empty(len(by))
    places[np.lexsort((then_by, by))[::-1]] = np.arange(1, len(by) + 1)
    return 1 / places
