"""Estimates of the signal and the noise of two arms, from their seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.orders.ceiling import total_to_noise
from assay.ranking.scores import Scores
from assay.ranking.true_orders.true_correlation import NoiseEstimates

LITTLE = 1.4
MUCH = 1.1
SLACK = 0.002
"""`estimate_noise` says what these are for, and benchmarks/trust_choices.py what other values do."""


def estimate_noise(
    reference: Scores, proxy: Scores, wanted: Literal["likely", "little", "much"] = "likely"
) -> NoiseEstimates:
    """Estimate the noise of two balanced arms with at least two seeds and two hypotheses that differ: one observation.

    The estimate is made of the seeds' orders (see `ceiling`). Only for normal scores and noise does the noise that the
    orders show match exactly the noise that brings the two arms' orders apart. So the bounds lean to the safe side,
    each by as much as scores of other shapes were seen to need:

    - `little`, for lower bounds: no more noise than `LITTLE` times what the variances say. On normal scores both agree,
      and this seldom matters. By the orders alone, proxies of heavy-tailed scores would be certified falsely more often
      than stated.
    - `much`, for upper bounds: `MUCH` times what the orders say, and `SLACK` of the variance more; otherwise proxies of
      skewed scores would be refused falsely. And no less than the variances say, which matters where some hypotheses
      are noisier than others.
    """
    assert reference.noise is not None
    assert proxy.noise is not None
    noisy = reference.noise.variance > 0 and proxy.noise.variance > 0
    correlation = float(correlation_of_noise(reference.residuals, proxy.residuals)) if noisy else 0.0
    ratios = [np.array([_RATIOS[wanted](arm)]) for arm in (reference, proxy)]
    return NoiseEstimates(ratios[0], ratios[1], np.array([correlation]))


def correlation_of_noise(reference: FloatArray, proxy: FloatArray) -> FloatArray:
    """Return (...,): the correlation g in [-1, 1] of two arms' residuals; 0 where an arm has none.

    `reference`, `proxy`: (..., hypotheses, seeds).
    """
    products = (reference * proxy).sum(axis=(-2, -1))
    scale = np.sqrt((reference**2).sum(axis=(-2, -1)) * (proxy**2).sum(axis=(-2, -1)))
    correlation: FloatArray = np.clip(products / np.where(scale > 0, scale, np.inf), -1.0, 1.0)
    return correlation


def _by_orders(arm: Scores) -> float:
    return float(total_to_noise(arm.values))


def _by_variances(arm: Scores) -> float:
    """Return what `total_to_noise` does, by variances; it may be below 1."""
    assert arm.noise is not None
    of_mean = arm.noise.variance / len(arm.seeds)
    return float(arm.means.var(ddof=1)) / of_mean if of_mean > 0 else float("inf")


def _with_little_noise(arm: Scores) -> float:
    by_orders = _by_orders(arm)
    # scores that no seed changes show no noise in either way
    return max(by_orders, _by_variances(arm) / LITTLE) if np.isfinite(by_orders) else by_orders


def _with_much_noise(arm: Scores) -> float:
    by_orders = _by_orders(arm)
    share = max(MUCH / by_orders + SLACK, 1 / max(_by_variances(arm), 1.0)) if np.isfinite(by_orders) else 0.0
    return 1 / min(share, 1.0) if share > 0 else float("inf")


_RATIOS: dict[str, Callable[[Scores], float]] = {
    "likely": _by_orders,
    "little": _with_little_noise,
    "much": _with_much_noise,
}
