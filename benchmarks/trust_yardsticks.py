"""Yardsticks for `trust.py`: the percentile bootstrap, no correction, and the bound that no test can surpass."""

from __future__ import annotations

import numpy as np
from trust_studies import Cell, observed

from assay.ranking import Criterion, certify
from assay.ranking.arrays import FloatArray
from assay.ranking.certificates.look import Look
from assay.ranking.orders.concordance import concordant_pairs
from assay.ranking.orders.tau import correlation_of
from assay.ranking.true_orders.observed_orders import ObservedOrders
from assay.ranking.true_orders.tau_draws import TauDraws
from assay.ranking.true_orders.true_correlation import NoiseBounds, NoiseDraws, NoiseEstimates, true_correlations

RESAMPLES = 300


def percentile_bootstrap(
    reference: FloatArray, proxy: FloatArray, error: float, generator: np.random.Generator
) -> float:
    """Return the lower end for tau: this quantile over resampled hypotheses (a hypothesis is not paired with
    itself)."""
    alike = np.sign(np.subtract.outer(reference, reference) * np.subtract.outer(proxy, proxy))
    times = generator.multinomial(len(reference), np.full(len(reference), 1 / len(reference)), size=RESAMPLES)
    pairs = times.sum(axis=1) ** 2 - (times**2).sum(axis=1)
    taus = ((times @ alike) * times).sum(axis=1) / np.maximum(pairs, 1)
    return float(np.quantile(taus, error))


def bootstrap_rate(looks: list[Look], criterion: Criterion, generator: np.random.Generator) -> float:
    """Return how often the bootstrap would certify."""
    lows = [percentile_bootstrap(look.reference.means, look.proxy.means, criterion.error, generator) for look in looks]
    return float(np.mean(np.array(lows) >= criterion.threshold))


def plug_in_rate(looks: list[Look], criterion: Criterion, generator: np.random.Generator, draws: int = 2000) -> float:
    """Return how often a test would certify that takes the noise estimated by variances for the true noise."""
    hypotheses, each = looks[0].hypotheses, [_by_variances(look) for look in looks]
    exact = NoiseDraws.none(draws)
    certified = 0
    for part in np.array_split(np.arange(len(looks)), 10):
        taus = TauDraws.simulate(hypotheses, generator, draws, ordered=True)
        pairs = np.array([concordant_pairs(*looks[at].rounded_means)[0] for at in part])
        ratios = np.array([each[at] for at in part])
        none = np.zeros(len(part))
        bounds = NoiseBounds.exactly(NoiseEstimates(ratios[:, 0], ratios[:, 1], none, none))
        # as for an upper bound, the total variance then counts as known
        fits = true_correlations("high", taus, exact, bounds, ObservedOrders.plain(pairs - 1))
        low = (fits < float(correlation_of(criterion.threshold))).sum(axis=0)
        enough = (1 + low) / (draws + 1) <= criterion.error
        certified += int((enough & (ratios.min(axis=1) > 1)).sum())
    return certified / len(looks)


def _by_variances(look: Look) -> list[float]:
    """Return total over noise variance of the means for (reference, proxy), at least 1."""
    ratios = []
    for arm in (look.reference, look.proxy):
        assert arm.noise is not None
        ratios.append(max(float(arm.means.var(ddof=1)) * len(arm.seeds) / arm.noise.variance, 1.0))
    return ratios


def bound_on_power(
    cell: Cell, criterion: Criterion, true_tau: float, generator: np.random.Generator, studies: int = 20_000
) -> float:
    """Return the power of the likelihood ratio test of the threshold against the true tau that knows all else. By the
    Neyman-Pearson lemma no test has more."""
    signal = 1 / (1 + cell.noise**2 / cell.seeds)
    null, good = (float(correlation_of(tau)) * signal for tau in (criterion.threshold, true_tau))

    def statistic(correlation: float) -> FloatArray:
        ratios = np.empty(studies)
        for part in np.array_split(np.arange(studies), 10):
            own, other = generator.standard_normal((2, len(part), cell.hypotheses))
            proxy = correlation * own + np.sqrt(1 - correlation**2) * other
            squares, products = (own**2 + proxy**2).sum(axis=1), (own * proxy).sum(axis=1)
            each = [
                -cell.hypotheses / 2 * np.log(1 - r**2) - (squares - 2 * r * products) / (2 * (1 - r**2))
                for r in (good, null)
            ]
            ratios[part] = each[0] - each[1]
        return ratios

    return float((statistic(good) > np.quantile(statistic(null), criterion.confidence)).mean())


def naive(
    cell: Cell, criterion: Criterion, looks: tuple[int, ...], draws: int, studies: int, generator: np.random.Generator
) -> float:
    """Return the share of studies in which one of three proxies, whose tau is the threshold, is trusted at any look.

    Each is tested at each look at the full error: the result shows how errors add up over looks and proxies without
    correction.
    """
    false = 0
    for _ in range(studies):
        own = generator.standard_normal(cell.hypotheses)
        correlation = float(correlation_of(criterion.threshold))
        any_false = False
        for _ in range(3):
            rest = generator.standard_normal(cell.hypotheses)
            scores = np.array([own, correlation * own + np.sqrt(1 - correlation**2) * rest])
            reference, proxy = observed(cell, scores, looks[-1], generator)
            for seeds in looks:
                found = certify(reference, {"": proxy}, criterion, (seeds,), 1, generator=generator, draws=draws)
                any_false |= found[""].decision == "Trusted"
        false += any_false
    return false / studies
