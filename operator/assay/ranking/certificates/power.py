"""How likely a proxy is to be certified, before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray, IntArray
from assay.ranking.certificates.criterion import Criterion
from assay.ranking.certificates.evidence import tied_studies
from assay.ranking.certificates.growing_backlogs import NO_BACKLOG, Backlog, Wave
from assay.ranking.certificates.needed import MOST_HYPOTHESES, hypotheses_needed
from assay.ranking.orders.ceiling import total_to_noise
from assay.ranking.orders.separation import SEPARATED
from assay.ranking.true_orders.estimands import (
    Estimand,
    HoldsTheBest,
    TrueDecisionAccuracy,
    TrueTau,
    correlation_reaching,
    normal_scores,
)
from assay.ranking.true_orders.noise_estimates import correlation_of_noise, spread_of_sharing
from assay.ranking.true_orders.observed_orders import ObservedOrders
from assay.ranking.true_orders.precision import TwoArmNoise
from assay.ranking.true_orders.simulated_studies import SimulatedStudies
from assay.ranking.true_orders.tau_draws import TauDraws, draws_for
from assay.ranking.true_orders.tau_spread import widenings
from assay.ranking.true_orders.tie_breaking import closeness, count_concordant, tie_shares
from assay.ranking.true_orders.true_correlation import NoiseBounds, NoiseDraws, NoiseEstimates, true_correlations

_AT_ONCE = 50
"""How many studies are tested at once: arrays of more, which do not fit a processor's cache, take twice as long."""

_LEVELS = 24
"""The level of a look depends on how many hypotheses there are of those that are expected. It is worked out for so many
numbers of them; between them it is interpolated."""

_MOST_SIMULATED, _FEWEST_STUDIES = 10_000_000, 60
"""The most pairs of hypotheses in all studies together, and the fewest studies all the same: with hundreds of
hypotheses power is near 0 or 1, and takes few studies to find."""


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
    backlog: Backlog = NO_BACKLOG,
) -> float:
    """Return the probability in [0, 1] that `certify` trusts a proxy of this true value of the statistic, at any look.

    `looks`: the planned numbers of seeds. `proxies`: how many are judged at once; it is not counted on that any of the
    others is trusted. `noise_to_signal`: standard deviation of one seed's noise over that of the hypotheses' true
    scores, for both arms or as (reference, proxy). `draws`: how many studies of normal scores are simulated (fewer with
    hundreds of hypotheses). The standard error of the result is at most about .5 / sqrt(draws), and the test's own
    draws add as much again where its level is low. For WinnerRegret only the best itself counts as good. `backlog`: the
    looks before these, and how large it was said to become; after others, `looks` is a single one.

    Before the second seed, and with a single hypothesis, nothing is certified.
    """
    both = noise_to_signal if isinstance(noise_to_signal, tuple) else (noise_to_signal, noise_to_signal)
    noise = TwoArmNoise((float(both[0]), float(both[1])), noise_correlation)
    if criterion.statistic == "WinnerRegret" and criterion.promote >= hypotheses >= 2:
        return 1.0
    if hypotheses < 2:
        return 0.0
    null = TauDraws.simulate(hypotheses, generator, draws_for(hypotheses), ordered=True)
    tied = tied_studies(hypotheses, generator)
    tests = []
    for seeds in looks:
        estimand = _expected_estimand(criterion, hypotheses, noise, seeds, generator)
        true = correlation_reaching(estimand, true_value) if estimand else np.inf
        if estimand is None or abs(true) > 1:
            continue
        threshold = correlation_reaching(estimand, criterion.threshold)
        wave = Wave.after(backlog.waves[-1] if backlog.waves else None, hypotheses, looks, noise, threshold)
        level = backlog.level(wave, criterion.error / proxies)
        errors = NoiseDraws.simulate((hypotheses - 1) * (seeds - 1), generator, len(null.slopes))
        observed = noise.observed(float(np.clip(threshold, -1.0, 1.0)), seeds)
        tests.append(_Test(seeds, true, threshold, level, errors, tied.at(observed) if tied else None))
    if not tests:
        return 0.0
    draws = min(draws, max(_MOST_SIMULATED // hypotheses**2, _FEWEST_STUDIES))
    at_once = max(min(_AT_ONCE, _MOST_SIMULATED // (hypotheses**2 * looks[-1])), 1)
    certified = 0
    for start in range(0, draws, at_once):
        studies = SimulatedStudies.simulate(min(at_once, draws - start), hypotheses, noise, looks[-1], generator)
        certified += _count_certified(studies, tests, null)
    return certified / draws


def hypotheses_for_power(
    power: float,
    criterion: Criterion,
    looks: Sequence[int],
    *,
    true_value: float,
    noise_to_signal: float | tuple[float, float],
    proxies: int = 1,
    noise_correlation: float = 0.0,
    expected: int | None = None,
) -> int | None:
    """Return about how many hypotheses certify a proxy of this true value with this power, by the last look.

    It is found by the normal approximation of atanh(tau), which gives rather too many where there is much noise, and
    rounded up to two digits. None if it takes too many, or if nothing would do: a true value at or below the
    threshold, a single seed. `expected`: how large the backlog was said to become, before its first look.
    """
    both = noise_to_signal if isinstance(noise_to_signal, tuple) else (noise_to_signal, noise_to_signal)
    noise, seeds = TwoArmNoise((float(both[0]), float(both[1])), noise_correlation), looks[-1]
    generator = np.random.default_rng(0)
    assumed = 36
    for _ in range(3):
        # what the statistic is, as a function of the correlation, depends a little on the number of hypotheses
        estimand = _expected_estimand(criterion, assumed, noise, seeds, generator)
        if estimand is None:
            return None
        threshold, true = (correlation_reaching(estimand, value) for value in (criterion.threshold, true_value))
        backlog, share = Backlog((), expected), criterion.error / proxies
        sizes = np.unique(np.geomspace(4, MOST_HYPOTHESES, _LEVELS if expected else 1).round().astype(np.int64))
        levels = [backlog.level(Wave.after(None, int(each), looks, noise, threshold), share) for each in sizes]
        needed = hypotheses_needed(power, threshold, true, noise, seeds, sizes, np.array(levels))
        if needed is None or criterion.statistic == "KendallTau":
            return needed
        assumed = needed
    return needed


def looked_at(
    hypotheses: int,
    criterion: Criterion,
    looks: Sequence[int],
    *,
    noise_to_signal: float,
    expected: int | None = None,
) -> Backlog:
    """Return the backlog after all first looks at so many hypotheses, at these numbers of seeds.

    `expected`: to how many hypotheses it was said to grow, before them.
    """
    noise, generator = TwoArmNoise((noise_to_signal, noise_to_signal)), np.random.default_rng(0)
    estimand = _expected_estimand(criterion, hypotheses, noise, looks[0], generator)
    near = correlation_reaching(estimand, criterion.threshold) if estimand else criterion.threshold
    wave = Wave.after(None, hypotheses, looks, noise, near)
    return Backlog((), expected).followed_by(replace(wave, taken=len(looks)))


def _expected_estimand(
    criterion: Criterion, hypotheses: int, noise: TwoArmNoise, seeds: int, generator: np.random.Generator
) -> Estimand | None:
    """Return the statistic in a study of normal scores; None where there is nothing to test."""
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


def _count_certified(studies: SimulatedStudies, tests: Sequence[_Test], null: TauDraws) -> int:
    """Count the studies that are certified at any look.

    The last look comes first: it certifies most, and the others need not be worked out for those.
    """
    certified = np.zeros(studies.signal.shape[1], dtype=bool)
    for test in reversed(tests):
        others = np.flatnonzero(~certified)
        if len(others):
            certified[others] = test.passed(studies.of(others), null)
    return int(certified.sum())


@dataclass(frozen=True, eq=False)
class _Test:
    """The test of trust at one planned look."""

    seeds: int
    correlation: float
    """The correlation of the true scores, as assumed."""
    threshold: float
    """The correlation that must be shown."""
    level: float
    errors: NoiseDraws
    """The errors of the noise estimates."""
    tied: tuple[IntArray, FloatArray] | None
    """The pairs ordered alike, and the closeness, of studies at the threshold; None where ties are not broken."""

    def passed(self, studies: SimulatedStudies, null: TauDraws) -> BoolArray:
        """Return (studies,): whether the proxy is trusted, by what `Look` would estimate from the same scores."""
        values = studies.scores(self.correlation, self.seeds)
        means = values.mean(axis=-1)
        concordant = count_concordant(means[0], means[1])
        shares = np.ones(len(concordant))
        if self.tied:
            shares = tie_shares(concordant, closeness(means[0], means[1], concordant), *self.tied)
        ratios = total_to_noise(values)
        residuals = values - means[..., None] - (values - means[..., None]).mean(axis=-2, keepdims=True)
        estimates = NoiseEstimates(
            ratios[0], ratios[1], correlation_of_noise(*residuals), spread_of_sharing(*residuals)
        )
        orders = ObservedOrders(concordant, shares, widenings(*means)[0])
        fits = true_correlations("low", null, self.errors, NoiseBounds.exactly(estimates), orders)
        rejected: BoolArray = (1 + (fits < self.threshold).sum(axis=0)) / (len(fits) + 1) <= self.level
        return rejected
