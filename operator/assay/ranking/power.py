"""How likely a proxy is to be certified, before anything runs."""

from __future__ import annotations

import math

import numpy as np
import scipy

from assay.ranking.scores import FloatArray
from assay.ranking.tau_distribution import TauDraws, correlation_of, expected_tau, tau_variance
from assay.ranking.true_tau import NoiseDraws, NoiseEstimates, attenuated, bound, bound_true_tau

MOST_HYPOTHESES = 2000
"""More than these `hypotheses_for_power` does not ask for."""


def certification_power(
    hypotheses: int,
    *,
    threshold: float,
    confidence: float,
    true_tau: float,
    noise_to_signal: float | tuple[float, float],
    seeds: int,
    generator: np.random.Generator,
    draws: int = 800,
    noise_correlation: float = 0.0,
) -> float:
    """Probability in [0, 1] that `certify` calls a proxy of this true tau Trusted.

    `noise_to_signal`: standard deviation of one seed's noise over that of the hypotheses' true scores, for both arms
    or as (reference, proxy). `draws` studies of normal scores are simulated, each tested with as many draws: the
    standard error of the result is at most .5 / sqrt(draws). With one seed, or one hypothesis, nothing is certified.
    """
    if hypotheses < 2 or seeds < 2:
        return 0.0
    reference_signal, proxy_signal = _signals(noise_to_signal, seeds)
    observed = attenuated(float(correlation_of(true_tau)), reference_signal, proxy_signal, noise_correlation)
    degrees_of_freedom = (hypotheses - 1) * (seeds - 1)

    studies = TauDraws.simulate(hypotheses, generator, draws)
    errors = NoiseDraws.simulate(degrees_of_freedom, generator, draws)
    of_reference, of_proxy = studies.sample_variances(np.full((draws, 1), observed))
    estimates = NoiseEstimates(
        _ratio(of_reference[:, 0], errors.reference_noise, reference_signal),
        _ratio(of_proxy[:, 0], errors.proxy_noise, proxy_signal),
        np.tanh(math.atanh(noise_correlation) + errors.correlation_error),
    )
    null = TauDraws.simulate(hypotheses, generator, draws, ordered=True)
    noise = NoiseDraws.simulate(degrees_of_freedom, generator, draws)
    low = bound("low", bound_true_tau("low", null, noise, estimates, studies.concordant_at(observed)), confidence)
    return float((low >= threshold).mean())


def hypotheses_for_power(
    power: float,
    *,
    threshold: float,
    confidence: float,
    true_tau: float,
    noise_to_signal: float | tuple[float, float],
    seeds: int,
    noise_correlation: float = 0.0,
) -> int | None:
    """About how many hypotheses it takes to certify a proxy of this true tau with this probability.

    By the normal approximation of atanh(tau), within a tenth of what `certification_power` says where the noise is .2
    of the spread, and a quarter too many where it is .5; rounded up to two digits. None if it takes over
    `MOST_HYPOTHESES`, or can't be had: a true tau at or below the threshold, a single seed.
    """
    if true_tau <= threshold or seeds < 2:
        return None
    reference_signal, proxy_signal = _signals(noise_to_signal, seeds)
    counts = np.arange(4, MOST_HYPOTHESES + 1)
    centre, spread = {}, {}
    for tau in (threshold, true_tau):
        correlation = attenuated(float(correlation_of(tau)), reference_signal, proxy_signal, noise_correlation)
        expected = np.minimum(expected_tau(correlation), 1 - 1e-9)
        variance = tau_variance(counts, correlation)
        centre[tau] = np.arctanh(expected) + expected * variance / (1 - expected**2) ** 2
        spread[tau] = np.sqrt(variance) / (1 - expected**2)
    critical = centre[threshold] + scipy.special.ndtri(confidence) * spread[threshold]
    enough = scipy.special.ndtr((centre[true_tau] - critical) / spread[true_tau]) >= power
    if not enough.any():
        return None
    count = int(counts[np.argmax(enough)])
    unit = 10 ** max(len(str(count)) - 2, 0)
    return int(-(-count // unit) * unit)


def _signals(noise_to_signal: float | tuple[float, float], seeds: int) -> tuple[float, float]:
    """Share of signal in the variance of the means over these seeds, in (0, 1]."""
    both = noise_to_signal if isinstance(noise_to_signal, tuple) else (noise_to_signal, noise_to_signal)
    return 1 / (1 + both[0] ** 2 / seeds), 1 / (1 + both[1] ** 2 / seeds)


def _ratio(variance: FloatArray, noise: FloatArray, signal: float) -> FloatArray:
    """Estimated total over noise variance."""
    if signal == 1:
        return np.full(variance.shape, np.inf)
    return np.maximum(variance / noise / (1 - signal), 1.0)
