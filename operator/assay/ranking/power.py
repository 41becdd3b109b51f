"""How likely a proxy is to be certified, before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.ranking.agreement import SEPARATED
from assay.ranking.criterion import Criterion
from assay.ranking.estimands import (
    Estimand,
    HoldsTheBest,
    TrueDecisionAccuracy,
    TrueTau,
    correlation_reaching,
    normal_scores,
)
from assay.ranking.looks import Spending
from assay.ranking.needed import hypotheses_needed
from assay.ranking.observed_orders import ObservedOrders
from assay.ranking.precision import Noise
from assay.ranking.scores import FloatArray
from assay.ranking.tau_distribution import TauDraws, draws_for
from assay.ranking.tie_breaking import MOST_HYPOTHESES, closeness, count_concordant, tie_shares
from assay.ranking.true_correlation import OF_ORDERS, NoiseDraws, NoiseEstimates, true_correlations

_AT_ONCE = 50
"""Studies tested at once: more arrays of them than fit a processor's cache take twice as long."""


def certification_power(
    hypotheses: int,
    criterion: Criterion,
    looks: Sequence[int],
    *,
    true_value: float,
    noise_to_signal: float | tuple[float, float],
    generator: np.random.Generator,
    proxies: int = 1,
    draws: int = 800,
    noise_correlation: float = 0.0,
) -> float:
    """Probability in [0, 1] that `certify` calls a proxy of this true value of the statistic Trusted, at any look.

    `looks`: the planned numbers of seeds. `proxies`: how many are judged at once; none of the others is counted on to
    be trusted. `noise_to_signal`: standard deviation of one seed's noise over that of the hypotheses' true scores, for
    both arms or as (reference, proxy). `draws` studies of normal scores are simulated: the standard error of the result
    is at most about .5 / sqrt(draws). With several looks it promises a little too much (the
    column `promised` of benchmarks/trust.py). For WinnerRegret only the best itself counts as good.
    Before the second seed, and with a single hypothesis, nothing is certified.
    """
    both = noise_to_signal if isinstance(noise_to_signal, tuple) else (noise_to_signal, noise_to_signal)
    noise = Noise((float(both[0]), float(both[1])), noise_correlation)
    if criterion.statistic == "WinnerRegret" and criterion.promote >= hypotheses >= 2:
        return 1.0
    estimands = [_expected_estimand(criterion, hypotheses, noise, seeds, generator) for seeds in looks]
    true = [correlation_reaching(each, true_value) if each else 0.0 for each in estimands]
    certified = np.zeros(draws, dtype=bool)
    if hypotheses < 2 or all(each is None for each in estimands):
        return 0.0
    # more than there are studies: few of them make the test's level uncertain for all studies at once
    of_test = min(draws_for(hypotheses), 2 * draws)
    null = TauDraws.simulate(hypotheses, generator, of_test, ordered=True)
    course = _Course.simulate(hypotheses, noise, looks, generator, draws)
    for at, (seeds, estimand) in enumerate(zip(looks, estimands, strict=True)):
        if estimand is None or abs(true[at]) > 1:
            continue
        threshold = correlation_reaching(estimand, criterion.threshold)
        spending = Spending.over(noise.over_looks(threshold, hypotheses, looks))
        level = float(spending.nominal(criterion.error / proxies))
        errors = NoiseDraws.simulate((hypotheses - 1) * (seeds - 1), generator, of_test)
        estimates, orders = course.at(at, true[at], threshold)
        allowed = int(level * (of_test + 1) * (1 + 1e-9)) - 1
        for some in np.array_split(np.arange(draws), max(draws // _AT_ONCE, 1)):
            fits = true_correlations("low", null, errors, estimates.of(some), orders.of(some))
            certified[some] |= (fits < threshold).sum(axis=0) <= allowed
    return float(certified.mean())


def hypotheses_for_power(
    power: float,
    criterion: Criterion,
    looks: Sequence[int],
    *,
    true_value: float,
    noise_to_signal: float | tuple[float, float],
    proxies: int = 1,
    noise_correlation: float = 0.0,
) -> int | None:
    """About how many hypotheses it takes to certify a proxy of this true value, by the last look, with this power.

    By the normal approximation of atanh(tau), rather too many where there is much noise; rounded up to two digits. None
    if it takes too many, or can't be had: a true value at or below the threshold, a single seed.
    """
    both = noise_to_signal if isinstance(noise_to_signal, tuple) else (noise_to_signal, noise_to_signal)
    noise, seeds = Noise((float(both[0]), float(both[1])), noise_correlation), looks[-1]
    generator = np.random.default_rng(0)
    assumed = 36
    for _ in range(3):
        # what the statistic is, as a function of the correlation, depends a little on the number of hypotheses
        estimand = _expected_estimand(criterion, assumed, noise, seeds, generator)
        if estimand is None:
            return None
        threshold, true = (correlation_reaching(estimand, value) for value in (criterion.threshold, true_value))
        spending = Spending.over(noise.over_looks(threshold, assumed, looks))
        level = float(spending.nominal(criterion.error / proxies))
        needed = hypotheses_needed(power, threshold, true, noise, seeds, level)
        if needed is None or criterion.statistic == "KendallTau":
            return needed
        assumed = needed
    return needed


def _expected_estimand(
    criterion: Criterion, hypotheses: int, noise: Noise, seeds: int, generator: np.random.Generator
) -> Estimand | None:
    """The statistic in a study of normal scores; None where there is nothing to test."""
    if seeds < 2 or hypotheses < 2:
        return None
    if criterion.statistic == "KendallTau":
        return TrueTau()
    if criterion.statistic == "WinnerRegret":
        if criterion.promote >= hypotheses:
            return None
        return HoldsTheBest.simulate(hypotheses, 1, criterion.promote, generator)
    first, second = np.triu_indices(hypotheses, 1)
    normal = normal_scores(np.arange(hypotheses, dtype=np.float64))
    distances = np.abs(normal[first] - normal[second])
    signal, _ = noise.signals(seeds)
    separated = distances[distances > SEPARATED * np.sqrt(2 * (1 - signal))]
    return TrueDecisionAccuracy(separated) if len(separated) else None


@dataclass(frozen=True, eq=False)
class _Course:
    """Simulated studies over the looks, not yet at any correlation of the true scores."""

    signal: FloatArray
    """(2, draws, hypotheses): the reference's true scores, and what of the proxy's they don't explain."""
    errors: FloatArray
    """(looks, 2, draws, hypotheses): noise of both arms' means."""
    noise_ratio: FloatArray
    """(looks, 2, draws): estimated over true noise variance."""
    correlation_error: FloatArray
    """(looks, draws): error of atanh(noise correlation)."""
    noise: Noise
    looks: tuple[int, ...]

    @classmethod
    def simulate(
        cls, hypotheses: int, noise: Noise, looks: Sequence[int], generator: np.random.Generator, draws: int
    ) -> _Course:
        signal = generator.standard_normal((2, draws, hypotheses))
        total, squares, drift = np.zeros((2, draws, hypotheses)), np.zeros((2, draws)), np.zeros(draws)
        errors, ratios, shared = [], [], []
        seen = 0
        for seeds in looks:
            new = generator.standard_normal((2, draws, hypotheses)) * np.sqrt(seeds - seen)
            new[1] = noise.correlation * new[0] + np.sqrt(1 - noise.correlation**2) * new[1]
            total = total + new * np.array(noise.to_signal)[:, None, None]
            # what the first seed's noise is can't be told from the hypotheses themselves
            freedom = (hypotheses - 1) * (seeds - max(seen, 1))
            if freedom:
                squares = squares + generator.chisquare(OF_ORDERS * freedom, (2, draws))
                drift = drift + generator.standard_normal(draws) * np.sqrt(freedom)
            known = max((hypotheses - 1) * (seeds - 1), 1)
            errors.append(total / seeds)
            ratios.append(squares / (OF_ORDERS * known))
            shared.append(drift / known * np.sqrt(known / max(known - 1, 1)))
            seen = seeds
        return cls(signal, np.array(errors), np.array(ratios), np.array(shared), noise, tuple(looks))

    def at(self, look: int, correlation: float, threshold: float) -> tuple[NoiseEstimates, ObservedOrders]:
        """What is estimated at a look, and what the orders show, (draws,) each; ties are broken at the threshold."""
        means = self._means(look, correlation)
        concordant = count_concordant(means[0], means[1])
        shares = np.ones(len(concordant))
        if means.shape[2] <= MOST_HYPOTHESES:
            null = self._means(look, threshold)
            of_null = count_concordant(null[0], null[1])
            shares = tie_shares(
                concordant, closeness(means[0], means[1], concordant), of_null, closeness(null[0], null[1], of_null)
            )
        orders = ObservedOrders(concordant, shares, np.ones(len(concordant)))
        ratios = []
        for arm in range(2):
            variance = self.noise.to_signal[arm] ** 2 / self.looks[look]
            if variance == 0:
                ratios.append(np.full(len(concordant), np.inf))
                continue
            total = means[arm].var(axis=1, ddof=1)
            ratios.append(np.maximum(total / np.maximum(self.noise_ratio[look, arm] * variance, 1e-300), 1.0))
        shared = np.tanh(np.arctanh(self.noise.correlation) + self.correlation_error[look])
        return NoiseEstimates(ratios[0], ratios[1], shared), orders

    def _means(self, look: int, correlation: float) -> FloatArray:
        """(2, draws, hypotheses): mean scores of both arms where the true ones have this correlation."""
        true, rest = self.signal
        of_proxy = correlation * true + np.sqrt(max(1 - correlation**2, 0.0)) * rest
        means: FloatArray = np.array([true, of_proxy]) + self.errors[look]
        return means
