"""Estimates of the signal and the noise of two arms, from their seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.orders.ceiling import total_to_noise
from assay.ranking.scores import Scores
from assay.ranking.true_orders.true_correlation import NoiseBounds, NoiseEstimates

LITTLE = 1.4
MUCH = 1.1
SLACK = 0.002
"""`noise_bounds` says what these are for, and benchmarks/trust_choices.py what other values do."""


def estimate_noise(reference: Scores, proxy: Scores) -> NoiseEstimates:
    """Estimate the noise of two balanced arms with at least two seeds and two hypotheses that differ: one observation.

    How much there is, is estimated from the seeds' orders (see `ceiling`); what is shared, from the residuals.
    """
    assert reference.noise is not None
    assert proxy.noise is not None
    ratios = [np.array([float(total_to_noise(arm.values))]) for arm in (reference, proxy)]
    shared, spread = 0.0, 0.0
    if reference.noise.variance > 0 and proxy.noise.variance > 0:
        residuals = reference.residuals, proxy.residuals
        shared, spread = float(correlation_of_noise(*residuals)), float(spread_of_sharing(*residuals))
    return NoiseEstimates(ratios[0], ratios[1], np.array([shared]), np.array([spread]))


def noise_bounds(reference: Scores, proxy: Scores, likely: NoiseEstimates) -> NoiseBounds:
    """Return how little and how much noise two arms may have, by their `estimate_noise`.

    Only for normal scores and noise does the noise that the orders show match exactly the noise that brings the two
    arms' orders apart, or together. So the bounds lean to the safe side, each by as much as scores of other shapes were
    seen to need:

    - `little`: no more noise than `LITTLE` times what the variances say. On normal scores both agree, and this seldom
      matters. By the orders alone, proxies of heavy-tailed scores would be certified falsely more often than stated.
    - `much`: `MUCH` times what the orders say, and `SLACK` of the variance more; otherwise proxies of skewed scores
      would be refused falsely. And no less than the variances say, which matters where some hypotheses are noisier than
      others.
    """
    by_orders = float(likely.reference_ratio[0]), float(likely.proxy_ratio[0])
    little, much = (
        replace(
            likely,
            reference_ratio=np.array([bound(reference, by_orders[0])]),
            proxy_ratio=np.array([bound(proxy, by_orders[1])]),
        )
        for bound in (_little_noise, _much_noise)
    )
    return NoiseBounds(little, much)


def correlation_of_noise(reference: FloatArray, proxy: FloatArray) -> FloatArray:
    """Return (...,): the correlation g in [-1, 1] of two arms' residuals; 0 where an arm has none.

    `reference`, `proxy`: (..., hypotheses, seeds).
    """
    products = (reference * proxy).sum(axis=(-2, -1))
    scale = np.sqrt((reference**2).sum(axis=(-2, -1)) * (proxy**2).sum(axis=(-2, -1)))
    correlation: FloatArray = np.clip(products / np.where(scale > 0, scale, np.inf), -1.0, 1.0)
    return correlation


def spread_of_sharing(reference: FloatArray, proxy: FloatArray) -> FloatArray:
    """Return (...,): the variance V of the noise correlation over the hypotheses, beyond chance; at least 0.

    `reference`, `proxy`: (..., hypotheses, seeds) residuals. With x and y those of a hypothesis over the deviations of
    all, and g the correlation of all, x y - g (x^2 + y^2) / 2 is on average how far its own correlation is above g. The
    mean over the seeds, of m degrees of freedom, has a square of V + ((1 - g^2)^2 + (1 + g^2) V) / m on average where
    noise is normal.
    """
    hypotheses, degrees = reference.shape[-2], reference.shape[-1] - 1
    g = correlation_of_noise(reference, proxy)
    scale = [np.sqrt((arm**2).sum(axis=(-2, -1)) / (hypotheses * degrees)) for arm in (reference, proxy)]
    x, y = (
        arm / np.where(each > 0, each, np.inf)[..., None, None]
        for arm, each in zip((reference, proxy), scale, strict=True)
    )
    apart = (x * y - g[..., None, None] / 2 * (x**2 + y**2)).sum(axis=-1) / degrees
    beyond: FloatArray = (apart**2).sum(axis=-1) / (hypotheses - 1) - (1 - g**2) ** 2 / degrees
    spread: FloatArray = np.maximum(beyond, 0.0) / (1 + (1 + g**2) / degrees)
    return spread


def _by_variances(arm: Scores) -> float:
    """Return what `total_to_noise` does, by variances; it may be below 1."""
    assert arm.noise is not None
    of_mean = arm.noise.variance / len(arm.seeds)
    return float(arm.means.var(ddof=1)) / of_mean if of_mean > 0 else float("inf")


def _little_noise(arm: Scores, by_orders: float) -> float:
    # scores that no seed changes show no noise in either way
    return max(by_orders, _by_variances(arm) / LITTLE) if np.isfinite(by_orders) else by_orders


def _much_noise(arm: Scores, by_orders: float) -> float:
    share = max(MUCH / by_orders + SLACK, 1 / max(_by_variances(arm), 1.0)) if np.isfinite(by_orders) else 0.0
    return 1 / min(share, 1.0) if share > 0 else float("inf")
