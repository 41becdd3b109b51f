"""How precisely K hypotheses with n seeds show a proxy's true correlation: approximations, to look ahead."""

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
"""Looks are less closely correlated than the variances of their estimates tell, and least closely where all is noise.
The geometric mean of the two, with this weight, is on the safe side."""


@dataclass(frozen=True)
class TwoArmNoise:
    """The seed noise of two arms."""

    to_signal: tuple[float, float]
    """(reference, proxy): s, the deviation of one seed's noise over that of the true scores; at least 0."""
    correlation: float = 0.0
    """g, the correlation of the two arms' noise; in (-1, 1)."""

    @classmethod
    def estimated(cls, estimates: NoiseEstimates, seeds: int) -> TwoArmNoise:
        """Take the noise of one observation, which is over so many seeds."""
        both = [
            float(np.sqrt(seeds / max(ratio[0] - 1, seeds / _MOST_NOISE**2)))
            for ratio in (estimates.reference_ratio, estimates.proxy_ratio)
        ]
        return cls((both[0], both[1]), float(np.clip(estimates.noise_correlation[0], -_CLOSEST, _CLOSEST)))

    def signals(self, seeds: int) -> tuple[float, float]:
        """Return (reference, proxy): w = 1 / (1 + s^2 / n), the signal's share in (0, 1] of the means' variance."""
        return 1 / (1 + self.to_signal[0] ** 2 / seeds), 1 / (1 + self.to_signal[1] ** 2 / seeds)

    def observed(self, correlation: float, seeds: int) -> float:
        """Return the correlation of the means over these seeds, from that of the true scores."""
        return attenuated(correlation, *self.signals(seeds), self.correlation)

    def information(self, correlation: float, hypotheses: int, seeds: int) -> float:
        """Return 1 / variance of the noise-corrected estimate of r, where r is near this correlation.

        By the delta method (Casella and Berger, Statistical Inference, 2nd ed. 2002, section 5.5.4): the variances of
        tau, of both noise estimates and of g are carried over to r and added up.
        """
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
        """Return the information at looks with so many seeds, which says how closely they are correlated."""
        return tuple(
            self.information(correlation, hypotheses, max(seeds, 2)) ** (1 - _OF_NOISE) * seeds**_OF_NOISE
            for seeds in looks
        )

    def power(
        self, threshold: float, true: float, hypotheses: IntArray, seeds: int, level: float | FloatArray
    ) -> FloatArray:
        """Return (counts,): about how likely a proxy is certified with so many hypotheses, (counts,), 4 or more each.

        `threshold`, `true`: correlations of the true scores. `level`: of the one-sided test, in (0, 1), for all of them
        or for each. It is found by the normal approximation of atanh(tau).
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
