"""What two arms' seeds say about signal and noise."""

from __future__ import annotations

import numpy as np

from assay.ranking.ceiling import reliability, single_seed_reliability
from assay.ranking.scores import Scores
from assay.ranking.true_correlation import NoiseEstimates

_CAUTION = 0.9


def estimate_noise(reference: Scores, proxy: Scores, *, cautious: bool) -> NoiseEstimates:
    """Of two balanced arms with at least two seeds and two hypotheses that differ: one observation.

    By the seeds' orders (see `ceiling`). `cautious`: but no more noise than nine tenths of the geometric mean of that
    and the pooled variance's share. On normal scores both agree and this hardly ever matters; where a few hypotheses
    are far ahead of the others, or behind them, the orders show more noise than the variance does, and a correction by
    them alone would certify proxies of heavy-tailed scores too often, .06 to .07 where .05 is stated.
    """
    assert reference.noise is not None
    assert proxy.noise is not None
    scale = np.sqrt(reference.noise.variance * proxy.noise.variance) * reference.noise.degrees_of_freedom
    products = float((reference.residuals * proxy.residuals).sum())
    correlation = float(np.clip(products / scale, -1.0, 1.0)) if scale > 0 else 0.0
    ratios = [_ratio(arm, cautious) for arm in (reference, proxy)]
    return NoiseEstimates(np.array(ratios[:1]), np.array(ratios[1:]), np.array([correlation]))


def _ratio(arm: Scores, cautious: bool) -> float:
    """Total over noise variance of the means, at least 1; infinite without noise."""
    signal = reliability(arm)
    by_orders = 1 / (1 - signal) if signal < 1 else np.inf
    assert arm.noise is not None
    if not cautious or arm.noise.variance == 0 or not np.isfinite(by_orders):
        return float(by_orders)
    by_variance = float(arm.means.var(ddof=1)) * len(arm.seeds) / arm.noise.variance
    return float(max(by_orders, _CAUTION * np.sqrt(by_orders * by_variance)))


def noise_to_signal(arm: Scores) -> float | None:
    """Deviation of one seed's noise over that of the true scores; None if the seeds show no signal."""
    single = single_seed_reliability(arm)
    return float(np.sqrt((1 - single) / single)) if single > 0 else None
