"""Disattenuation: from the correlation of noisy mean scores to the correlation r of the true scores.

Both arms' means are signal plus the mean noise of n seeds. Let w be the signal's share of the variance of an arm's
means, and g the correlation of the two arms' noise (a seed may start both from the same weights). Then the observed
correlation is r sqrt(w1 w2) + g sqrt((1 - w1)(1 - w2)). Without shared noise that is Spearman's correction for
attenuation (1904).

Some hypotheses may share more of their noise than others, with a variance V of g over them. The correlation of two
hypotheses' differences then has the variance (1 - w1)(1 - w2) V / 2 over the pairs. Tau is a convex function of it, so
that orders agree more closely than by the mean g: to second order, as if g were larger by
V / 4 * sqrt((1 - w1)(1 - w2)) * rho / (1 - rho^2), with rho the correlation of the means. Lower bounds count on it.

w and g are estimates, so they are drawn too: the ratio 1 / (1 - w) of total to noise variance of the means is estimated
with the relative error of an F variable, which is much the same in both arms where they share their noise. So each draw
is a generalised pivotal quantity (Weerahandi 1993), whose quantiles bound r. Where a draw finds no signal, nothing is
known about r.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.true_orders.observed_orders import ObservedOrders
from assay.ranking.true_orders.one_direction import NoiseOfMeans
from assay.ranking.true_orders.realised_noise import RealisedNoise
from assay.ranking.true_orders.tau_draws import TauDraws

OF_ORDERS = 0.8
"""The degrees of freedom of a noise variance that is estimated from orders, per degree of freedom of the residuals."""


HIGHER = 1.5
"""Where hypotheses differ in how much of their noise they share, orders agree more closely by about so many times what
the second order says; benchmarks/trust_choices.py shows what other values do."""


@dataclass(frozen=True, eq=False)
class NoiseDraws:
    """Draws of the errors of the noise estimates."""

    estimated: RealisedNoise
    """Estimated over true noise variances: the more closely the noise of both arms is correlated, the more alike."""
    correlation_error: FloatArray
    """(draws,): the error of atanh(g)."""
    tie: FloatArray
    """(draws,): the place of a tied study among those that it is tied with, uniform in (0, 1)."""
    realised: RealisedNoise | None = None
    """How much noise the means happen to have, where few independent hypotheses share it; None: about as much as is
    expected, and simulated studies have it in their scores."""
    of_means: NoiseOfMeans | None = None
    """The noise of the means where it can be drawn from them; None: it is the estimate's, with the errors above."""

    @classmethod
    def simulate(cls, degrees_of_freedom: int, generator: np.random.Generator, draws: int) -> NoiseDraws:
        """Simulate the errors of noise that is estimated from orders.

        `degrees_of_freedom`: those of the two-way residuals in each arm, at least 1. Orders say less than variances:
        about as much as variances with four fifths of the degrees of freedom.
        """
        known = OF_ORDERS * degrees_of_freedom
        reference, proxy = generator.chisquare(known, (2, draws)) / known
        error = generator.standard_normal(draws) / np.sqrt(max(degrees_of_freedom - 1, 1))
        tie = generator.random(draws)
        return cls(RealisedNoise.with_variances(reference, proxy, known, generator), error, tie)

    @classmethod
    def shared(
        cls,
        independent: tuple[float, float],
        hypotheses: int,
        seeds: int,
        generator: np.random.Generator,
        draws: int,
    ) -> NoiseDraws:
        """Simulate the errors where hypotheses share noise.

        `independent`: how many independent hypotheses the noise of each arm is worth (see `shared_noise`).
        """
        known = [OF_ORDERS * each * (seeds - 1) for each in independent]
        reference, proxy = (generator.chisquare(each, draws) / each for each in known)
        mean = float(np.sqrt(independent[0] * independent[1]))
        error = generator.standard_normal(draws) / np.sqrt(max(mean * (seeds - 1) - 1, 1))
        realised = RealisedNoise.simulate(1 / max(1 / mean - 1 / (hypotheses - 1), 1e-9), generator, draws)
        tie = generator.random(draws)
        return cls(RealisedNoise.with_variances(reference, proxy, known[1], generator), error, tie, realised)

    @classmethod
    def none(cls, draws: int) -> NoiseDraws:
        """Take estimates without an error."""
        return cls(RealisedNoise(np.ones(draws), np.zeros(draws), np.ones(draws)), np.zeros(draws), np.zeros(draws))


@dataclass(frozen=True, eq=False)
class NoiseEstimates:
    """Estimates of signal and noise from the seeds; (observations,) each."""

    reference_ratio: FloatArray
    """Total over noise variance of the means, 1 / (1 - w); at least 1, infinite without noise."""
    proxy_ratio: FloatArray
    noise_correlation: FloatArray
    """g, the correlation of the two arms' residuals; in [-1, 1]."""
    spread_of_sharing: FloatArray
    """V, how much that differs between the hypotheses: its variance over them; at least 0."""

    @classmethod
    def all(cls, each: Iterable[NoiseEstimates]) -> NoiseEstimates:
        """Put the observations of several one after the other."""
        several = list(each)
        return cls(
            np.concatenate([one.reference_ratio for one in several]),
            np.concatenate([one.proxy_ratio for one in several]),
            np.concatenate([one.noise_correlation for one in several]),
            np.concatenate([one.spread_of_sharing for one in several]),
        )


@dataclass(frozen=True, eq=False)
class NoiseBounds:
    """As little noise as there may be in some observations, and as much."""

    little: NoiseEstimates
    much: NoiseEstimates

    @classmethod
    def exactly(cls, estimates: NoiseEstimates) -> NoiseBounds:
        """Take estimates that lean to neither side."""
        return cls(estimates, estimates)

    @classmethod
    def all(cls, each: Iterable[NoiseBounds]) -> NoiseBounds:
        """Put the observations of several one after the other."""
        several = list(each)
        little, much = ([getattr(one, name) for one in several] for name in ("little", "much"))
        return cls(NoiseEstimates.all(little), NoiseEstimates.all(much))


def true_correlations(
    side: Literal["low", "high"],
    taus: TauDraws,
    noise: NoiseDraws,
    bounds: NoiseBounds,
    observed: ObservedOrders,
) -> FloatArray:
    """Return (draws, observations): draws of the true correlation r in [-1, 1] that fit what was observed.

    Their quantiles bound r. A lower bound needs the correlation at which the simulated tau reaches the observed one (or
    exceeds it, in those draws in which a tied study would agree less closely); an upper bound needs the correlation at
    which it exceeds the observed one. A draw without signal gives -1 for the lower bound and 1 for the upper one.

    Noise of each arm's own brings the orders apart, so that the less of it there is, the lower is r. Noise that both
    share brings them together: where it agrees more closely than the means do, r is the lower the more of it there is.
    So each draw is worked out for little noise and for much, and the bound takes the one that is safe.

    The lower bound takes the total variance from the same simulated study as the tau. They vary together where the
    pairs are normal, so this sharpens the bound. The upper bound does without, as it would err too often on skewed
    scores. It also takes the errors of both arms' noise for independent, which errs on its safe side: arms that seem to
    be unequally noisy seem to share less.
    """
    if side == "low":
        reached = _reaching(taus, observed, noise.tie)
        reference_variance, proxy_variance = taus.sample_variances(reached)
    else:
        reached = taus.correlations_reaching(observed.concordant + 1, observed.widening)
        reference_variance = proxy_variance = np.ones((1, 1))
    usual, other = (bounds.little, bounds.much) if side == "low" else (bounds.much, bounds.little)
    noise1, noise2, shared = _noise_of_means(side, usual, noise, reached, reference_variance, proxy_variance)
    known = (noise1 < 1) & (noise2 < 1)
    signal1, signal2 = np.where(known, 1 - noise1, 1.0), np.where(known, 1 - noise2, 1.0)
    found = disattenuated(reached, signal1, signal2, shared)
    if other is not usual and noise.of_means is None:
        noise1, noise2, shared = _noise_of_means(side, other, noise, reached, reference_variance, proxy_variance)
        signal1, signal2 = np.maximum(1 - noise1, _LEAST_SIGNAL), np.maximum(1 - noise2, _LEAST_SIGNAL)
        safe = np.minimum if side == "low" else np.maximum
        found = safe(found, disattenuated(reached, signal1, signal2, shared))
    return np.where(known, found, -1.0 if side == "low" else 1.0)


_LEAST_SIGNAL = 1e-3


def _noise_of_means(
    side: Literal["low", "high"],
    estimates: NoiseEstimates,
    noise: NoiseDraws,
    reached: FloatArray,
    reference_variance: FloatArray,
    proxy_variance: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (draws, observations) each: the noise's share of the variance of both arms' means, and its correlation."""
    if noise.of_means is not None:
        noise1, noise2, shared = (np.broadcast_to(each[:, None], reached.shape) for each in noise.of_means)
        return noise1, noise2, shared
    # tanh(atanh(estimate) + error), by the sum formula, which is quicker
    centre = np.clip(estimates.noise_correlation, -1 + 1e-9, 1 - 1e-9)
    error = np.tanh(noise.correlation_error)[:, None]
    shared = (centre + error) / (1 + centre * error)
    estimated1, estimated2, _ = noise.estimated.of(shared if side == "low" else np.zeros((1, 1)))
    noise1 = reference_variance / estimated1 / estimates.reference_ratio
    noise2 = proxy_variance / estimated2 / estimates.proxy_ratio
    if noise.realised is not None:
        more1, more2, shared = noise.realised.of(shared)
        noise1, noise2 = noise1 * more1, noise2 * more2
    if side == "low":
        steepness = np.maximum(reached, 0.0) / np.maximum(1 - reached**2, _LEAST_SIGNAL)
        second_order = estimates.spread_of_sharing / 4 * np.sqrt(noise1 * noise2) * steepness
        shared = np.minimum(shared + HIGHER * second_order, 1.0)
    return noise1, noise2, shared


def _reaching(taus: TauDraws, observed: ObservedOrders, tie: FloatArray) -> FloatArray:
    """Return (draws, observations): where each simulated study comes to agree as closely as the observed one."""
    tied = tie[:, None] >= observed.tie_share
    if not tied.any():
        return taus.correlations_reaching(observed.concordant, observed.widening)
    # all at once, since it is finding the slopes of given ranks that takes the time
    asked = np.concatenate([observed.concordant, observed.concordant + 1])
    as_many, more = np.split(taus.correlations_reaching(asked, np.tile(observed.widening, 2)), 2, axis=1)
    return np.where(tied, more, as_many)


def disattenuated(
    correlation: FloatArray | float,
    reference_signal: FloatArray | float,
    proxy_signal: FloatArray | float,
    noise_correlation: FloatArray | float,
) -> FloatArray:
    """Return the signals' correlation r, in [-1, 1], from that of the means; both signals' shares are in (0, 1]."""
    from_noise = noise_correlation * np.sqrt((1 - reference_signal) * (1 - proxy_signal))
    return np.clip((correlation - from_noise) / np.sqrt(reference_signal * proxy_signal), -1.0, 1.0)


def attenuated(correlation: float, reference_signal: float, proxy_signal: float, noise_correlation: float) -> float:
    """Return the correlation of the means from that of the signals: the inverse of `disattenuated`."""
    from_noise = noise_correlation * np.sqrt((1 - reference_signal) * (1 - proxy_signal))
    return float(correlation * np.sqrt(reference_signal * proxy_signal) + from_noise)
