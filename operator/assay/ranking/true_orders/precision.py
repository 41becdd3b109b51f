"""How exactly so many hypotheses and seeds show a proxy's true correlation: approximations, for what is to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.orders.tau import expected_tau, tau_variance
from assay.ranking.true_orders.true_correlation import NoiseEstimates, attenuated

_MOST_NOISE = 1e3
_CLOSEST = 0.9999
_OF_NOISE = 0.25
"""Looks are less alike than the variances of their estimates tell, and with noise alone they are least alike; the
geometric mean with this weight is on the safe side."""


@dataclass(frozen=True)
class TwoArmNoise:
    """Seed noise of two arms."""

    to_signal: tuple[float, float]
    """(reference, proxy): deviation of one seed's noise over that of the true scores, at least 0."""
    correlation: float = 0.0
    """Between the arms, in (-1, 1)."""

    @classmethod
    def estimated(cls, estimates: NoiseEstimates, seeds: int) -> TwoArmNoise:
        """Of one observation, over so many seeds."""
        both = [
            float(np.sqrt(seeds / max(ratio[0] - 1, seeds / _MOST_NOISE**2)))
            for ratio in (estimates.reference_ratio, estimates.proxy_ratio)
        ]
        return cls((both[0], both[1]), float(np.clip(estimates.noise_correlation[0], -_CLOSEST, _CLOSEST)))

    def signals(self, seeds: int) -> tuple[float, float]:
        """(reference, proxy): share of signal in (0, 1] in the variance of the means over these seeds."""
        return 1 / (1 + self.to_signal[0] ** 2 / seeds), 1 / (1 + self.to_signal[1] ** 2 / seeds)

    def observed(self, correlation: float, seeds: int) -> float:
        """Correlation of the means over these seeds, from that of the true scores."""
        return attenuated(correlation, *self.signals(seeds), self.correlation)

    def information(self, correlation: float, hypotheses: int, seeds: int) -> float:
        """1 / variance of the noise-corrected estimate of the true correlation, near this one; delta method."""
        correlation = float(np.clip(correlation, -_CLOSEST, _CLOSEST))
        reference, proxy = self.signals(seeds)
        observed = float(np.clip(self.observed(correlation, seeds), -_CLOSEST, _CLOSEST))
        slope = np.pi / 2 * np.cos(np.pi / 2 * float(expected_tau(observed))) / np.sqrt(reference * proxy)
        of_order = float(tau_variance(np.array([hypotheses]), observed)[0]) * slope**2
        degrees_of_freedom = max((hypotheses - 1) * (seeds - 1), 1)
        shares = [(1 - signal) / signal for signal in (reference, proxy)]
        of_noise = correlation**2 / 4 * 2 / degrees_of_freedom * (shares[0] ** 2 + shares[1] ** 2)
        of_shared = (1 - self.correlation**2) ** 2 * shares[0] * shares[1] / max(degrees_of_freedom - 1, 1)
        return float(1 / max(of_order + of_noise + of_shared, 1e-12))

    def over_looks(self, correlation: float, hypotheses: int, looks: Sequence[int]) -> tuple[float, ...]:
        """The information at looks at so many seeds, for what they cost; to some part as if all were noise."""
        return tuple(
            self.information(correlation, hypotheses, max(seeds, 2)) ** (1 - _OF_NOISE) * seeds**_OF_NOISE
            for seeds in looks
        )

    def power(self, threshold: float, true: float, hypotheses: IntArray, seeds: int, level: float) -> FloatArray:
        """(counts,): about how likely so many hypotheses, 4 or more, certify; the first two are correlations.

        By the normal approximation of atanh(tau), at this level in (0, 1) of the one-sided test.
        """
        centre, spread = [], []
        for correlation in (threshold, true):
            observed = self.observed(correlation, seeds)
            expected = np.minimum(expected_tau(observed), 1 - 1e-9)
            variance = tau_variance(hypotheses, observed)
            centre.append(np.arctanh(expected) + expected * variance / (1 - expected**2) ** 2)
            spread.append(np.sqrt(variance) / (1 - expected**2))
        critical = centre[0] - scipy.special.ndtri(level) * spread[0]
        likely: FloatArray = scipy.special.ndtr((centre[1] - critical) / spread[1])
        return likely
