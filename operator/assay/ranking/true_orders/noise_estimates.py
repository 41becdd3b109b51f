"""What two arms' seeds say about signal and noise."""

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
"""What they are for: `estimate_noise`. What other values do: benchmarks/trust_choices.py."""


def estimate_noise(
    reference: Scores, proxy: Scores, wanted: Literal["likely", "little", "much"] = "likely"
) -> NoiseEstimates:
    """Of two balanced arms with at least two seeds and two hypotheses that differ: one observation.

    By the seeds' orders (see `ceiling`). How much noise the orders show, and how much it brings two arms' orders apart,
    goes together exactly for normal scores and noise only, so the bounds lean to the safe side, each by as much as
    scores of other shapes were seen to ask for.

    `little`, for lower bounds: no more noise than `LITTLE` times what the variances say; on normal scores both agree,
    and this seldom matters. By the orders alone, proxies of heavy-tailed scores are certified falsely more often than
    stated. `much`, for upper bounds: `MUCH` times what the orders say, and `SLACK` of the variance more, else proxies
    of skewed scores are refused falsely; and no less than the variances say, which matters where some hypotheses are
    noisier than others.
    """
    assert reference.noise is not None
    assert proxy.noise is not None
    noisy = reference.noise.variance > 0 and proxy.noise.variance > 0
    correlation = float(correlation_of_noise(reference.residuals, proxy.residuals)) if noisy else 0.0
    ratios = [np.array([_RATIOS[wanted](arm)]) for arm in (reference, proxy)]
    return NoiseEstimates(ratios[0], ratios[1], np.array([correlation]))


def correlation_of_noise(reference: FloatArray, proxy: FloatArray) -> FloatArray:
    """(...,): of two arms' residuals (..., hypotheses, seeds), in [-1, 1]; 0 where an arm has none."""
    products = (reference * proxy).sum(axis=(-2, -1))
    scale = np.sqrt((reference**2).sum(axis=(-2, -1)) * (proxy**2).sum(axis=(-2, -1)))
    correlation: FloatArray = np.clip(products / np.where(scale > 0, scale, np.inf), -1.0, 1.0)
    return correlation


def _by_orders(arm: Scores) -> float:
    return float(total_to_noise(arm.values))


def _by_variances(arm: Scores) -> float:
    """The same as `total_to_noise`, but may be below 1."""
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
