"""What certificates are compared with: the percentile bootstrap, no correction, and what no test can surpass."""

from __future__ import annotations

import numpy as np
from trust_studies import Cell, observed

from assay.ranking import Criterion, certify
from assay.ranking.evidence import Look
from assay.ranking.scores import FloatArray
from assay.ranking.tau_distribution import correlation_of

RESAMPLES = 300


def percentile_bootstrap(
    reference: FloatArray, proxy: FloatArray, error: float, generator: np.random.Generator
) -> float:
    """The lower end for tau: this quantile over resampled hypotheses (a hypothesis is not paired with itself)."""
    alike = np.sign(np.subtract.outer(reference, reference) * np.subtract.outer(proxy, proxy))
    times = generator.multinomial(len(reference), np.full(len(reference), 1 / len(reference)), size=RESAMPLES)
    pairs = times.sum(axis=1) ** 2 - (times**2).sum(axis=1)
    taus = ((times @ alike) * times).sum(axis=1) / np.maximum(pairs, 1)
    return float(np.quantile(taus, error))


def bootstrap_rate(looks: list[Look], criterion: Criterion, generator: np.random.Generator) -> float:
    """How often the bootstrap would certify."""
    lows = [percentile_bootstrap(look.reference.means, look.proxy.means, criterion.error, generator) for look in looks]
    return float(np.mean(np.array(lows) >= criterion.threshold))


def bound_on_power(
    cell: Cell, criterion: Criterion, true_tau: float, generator: np.random.Generator, studies: int = 20_000
) -> float:
    """Of the likelihood ratio test of the threshold against the true tau that knows all else (Neyman and Pearson)."""
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
    """Share of studies in which one of three proxies whose tau is the threshold is trusted at any look.

    Each is tested at each look at the full error: what looking again and at several adds up to without correction.
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
