"""What two arms' seeds say about signal and noise."""

from __future__ import annotations

from typing import Literal

import numpy as np

from assay.ranking.ceiling import reliability, single_seed_reliability
from assay.ranking.scores import Scores
from assay.ranking.true_correlation import NoiseEstimates

_LITTLE = 1.2
_MUCH = 1.2


def estimate_noise(
    reference: Scores, proxy: Scores, wanted: Literal["likely", "little", "much"] = "likely"
) -> NoiseEstimates:
    """Of two balanced arms with at least two seeds and two hypotheses that differ: one observation.

    By the seeds' orders (see `ceiling`). How much noise the orders show, and how much it brings two arms' orders apart,
    goes together exactly for normal scores only, so the bounds lean to the safe side, each by as much as heavy-tailed
    and skewed scores were seen to ask for. `little`, for lower bounds: no more noise than 1.2 times what the variances
    say; on normal scores both agree, and this seldom matters. By the orders alone, proxies of heavy-tailed scores
    are certified falsely more often than stated. `much`, for upper bounds: a fifth more than the orders say, which else
    refuse proxies of skewed scores falsely, the more so the more hypotheses there are.
    """
    assert reference.noise is not None
    assert proxy.noise is not None
    scale = np.sqrt(reference.noise.variance * proxy.noise.variance) * reference.noise.degrees_of_freedom
    products = float((reference.residuals * proxy.residuals).sum())
    correlation = float(np.clip(products / scale, -1.0, 1.0)) if scale > 0 else 0.0
    ratios = []
    for arm in (reference, proxy):
        ratio = _ratio(arm)
        if wanted == "little":
            ratio = _with_little_noise(arm, ratio)
        if wanted == "much":
            ratio = max(ratio / _MUCH, 1.0)
        ratios.append(np.array([ratio]))
    return NoiseEstimates(ratios[0], ratios[1], np.array([correlation]))


def noise_to_signal(arm: Scores) -> float | None:
    """Deviation of one seed's noise over that of the true scores; None if the seeds show no signal."""
    single = single_seed_reliability(arm)
    return float(np.sqrt((1 - single) / single)) if single > 0 else None


def _ratio(arm: Scores) -> float:
    """Total over noise variance of the means, at least 1; infinite without noise."""
    signal = reliability(arm)
    return 1 / (1 - signal) if signal < 1 else float("inf")


def _with_little_noise(arm: Scores, by_orders: float) -> float:
    assert arm.noise is not None
    if arm.noise.variance == 0 or not np.isfinite(by_orders):
        return by_orders
    by_variance = float(arm.means.var(ddof=1)) * len(arm.seeds) / arm.noise.variance
    return max(by_orders, by_variance / _LITTLE)
