"""From the correlation of noisy mean scores to that of the hypotheses themselves.

Both arms' means are signal plus the mean of n seeds' noise. With w the signal's share of an arm's variance and g the
correlation of the two arms' noise (a seed may start both from the same weights), the observed correlation is
r sqrt(w1 w2) + g sqrt((1 - w1)(1 - w2)), where r is that of the signals.

w and g are estimates, so they are drawn too: the ratio 1 / (1 - w), of total to noise variance of the means, is
estimated with the relative error of an F variable. So each draw is a generalised pivotal quantity (Weerahandi 1993):
its quantiles bound r. Where a draw finds no signal, nothing is known about r.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.true_orders.observed_orders import ObservedOrders
from assay.ranking.true_orders.tau_draws import TauDraws

OF_ORDERS = 0.8
"""Degrees of freedom of noise variances estimated by orders, per degree of freedom of the residuals."""


@dataclass(frozen=True, eq=False)
class NoiseDraws:
    """Draws of what the noise estimates may be off by."""

    reference_noise: FloatArray
    """(draws,): estimated over true noise variance."""
    proxy_noise: FloatArray
    correlation_error: FloatArray
    """(draws,): error of atanh(noise correlation)."""
    tie: FloatArray
    """(draws,): where a tied study stands among its like, uniform in (0, 1)."""

    @classmethod
    def simulate(cls, degrees_of_freedom: int, generator: np.random.Generator, draws: int) -> NoiseDraws:
        """For noise estimated by orders, of two-way residuals with so many degrees of freedom, at least 1, in each arm.

        Orders say less than variances: about as much as these would with four fifths of the degrees of freedom.
        """
        known = OF_ORDERS * degrees_of_freedom
        reference, proxy = generator.chisquare(known, (2, draws)) / known
        error = generator.standard_normal(draws) / np.sqrt(max(degrees_of_freedom - 1, 1))
        return cls(reference, proxy, error, generator.random(draws))

    @classmethod
    def none(cls, draws: int) -> NoiseDraws:
        """Estimates that are exact."""
        return cls(np.ones(draws), np.ones(draws), np.zeros(draws), np.zeros(draws))


@dataclass(frozen=True, eq=False)
class NoiseEstimates:
    """What the seeds say about signal and noise; (observations,) each."""

    reference_ratio: FloatArray
    """Total over noise variance of the means, 1 / (1 - w), at least 1; inf without noise."""
    proxy_ratio: FloatArray
    noise_correlation: FloatArray
    """Of the two arms' residuals, in [-1, 1]."""

    @classmethod
    def all(cls, each: Iterable[NoiseEstimates]) -> NoiseEstimates:
        """Put the observations of several one after the other."""
        several = list(each)
        return cls(
            np.concatenate([one.reference_ratio for one in several]),
            np.concatenate([one.proxy_ratio for one in several]),
            np.concatenate([one.noise_correlation for one in several]),
        )


def true_correlations(
    side: Literal["low", "high"],
    taus: TauDraws,
    noise: NoiseDraws,
    estimates: NoiseEstimates,
    observed: ObservedOrders,
) -> FloatArray:
    """(draws, observations): draws of the true correlation in [-1, 1] that fit what was observed.

    Their quantiles bound it. A lower bound asks where the simulated tau reaches the observed one (or exceeds it, in
    those draws in which a tied study would agree less closely), an upper bound where it exceeds it. A draw without
    signal says -1 for the one and 1 for the other.

    The lower bound takes the total variance from the same simulated study as the tau, which sharpens it, since they
    vary together where the pairs are normal. The upper bound does without: on skewed scores it would err too often.
    """
    if side == "low":
        reached = _reaching(taus, observed, noise.tie)
        reference_variance, proxy_variance = taus.sample_variances(reached)
    else:
        reached = taus.correlations_reaching(observed.concordant + 1, observed.widening)
        reference_variance = proxy_variance = np.ones((1, 1))
    noise1 = reference_variance / noise.reference_noise[:, None] / estimates.reference_ratio
    noise2 = proxy_variance / noise.proxy_noise[:, None] / estimates.proxy_ratio
    # tanh(atanh(estimate) + error), by the sum formula, which is quicker
    centre = np.clip(estimates.noise_correlation, -1 + 1e-9, 1 - 1e-9)
    error = np.tanh(noise.correlation_error)[:, None]
    shared = (centre + error) / (1 + centre * error)
    known = (noise1 < 1) & (noise2 < 1)
    signal1, signal2 = np.where(known, 1 - noise1, 1.0), np.where(known, 1 - noise2, 1.0)
    return np.where(known, disattenuated(reached, signal1, signal2, shared), -1.0 if side == "low" else 1.0)


def _reaching(taus: TauDraws, observed: ObservedOrders, tie: FloatArray) -> FloatArray:
    """(draws, observations): the correlation at which each simulated study agrees as closely as the observed one."""
    tied = tie[:, None] >= observed.tie_share
    if not tied.any():
        return taus.correlations_reaching(observed.concordant, observed.widening)
    # all at once, since what takes the time is to find the slopes of given ranks
    asked = np.concatenate([observed.concordant, observed.concordant + 1])
    as_many, more = np.split(taus.correlations_reaching(asked, np.tile(observed.widening, 2)), 2, axis=1)
    return np.where(tied, more, as_many)


def disattenuated(
    correlation: FloatArray | float,
    reference_signal: FloatArray | float,
    proxy_signal: FloatArray | float,
    noise_correlation: FloatArray | float,
) -> FloatArray:
    """The signals' correlation in [-1, 1] from that of the means; the signals' shares are in (0, 1]."""
    from_noise = noise_correlation * np.sqrt((1 - reference_signal) * (1 - proxy_signal))
    return np.clip((correlation - from_noise) / np.sqrt(reference_signal * proxy_signal), -1.0, 1.0)


def attenuated(correlation: float, reference_signal: float, proxy_signal: float, noise_correlation: float) -> float:
    """The means' correlation from that of the signals: inverse of `disattenuated`."""
    from_noise = noise_correlation * np.sqrt((1 - reference_signal) * (1 - proxy_signal))
    return float(correlation * np.sqrt(reference_signal * proxy_signal) + from_noise)
