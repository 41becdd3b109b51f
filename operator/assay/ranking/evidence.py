"""What one look at one proxy shows: draws of the true correlation, or why there is no test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assay.ranking.agreement import decision_accuracy, kendall_tau_b
from assay.ranking.certificate import Decision
from assay.ranking.criterion import Criterion
from assay.ranking.distributions import f_above
from assay.ranking.estimands import (
    Estimand,
    HoldsTheBest,
    TrueDecisionAccuracy,
    TrueTau,
    correlation_reaching,
    good_enough,
    separated_distances,
)
from assay.ranking.noise_estimates import estimate_noise
from assay.ranking.precision import Noise
from assay.ranking.scores import FloatArray, Scores, balanced
from assay.ranking.tau_distribution import TauDraws, correlation_of
from assay.ranking.true_correlation import NoiseDraws, NoiseEstimates, disattenuated, true_correlations


@dataclass(frozen=True)
class Untested:
    """Why there is no test, and what follows from that."""

    decision: Decision
    reason: str
    message: str
    more_seeds_help: bool = False


@dataclass(frozen=True, eq=False)
class Look:
    """Two balanced arms at one look."""

    reference: Scores
    proxy: Scores
    criterion: Criterion
    seed: int
    """Of the simulations."""

    @classmethod
    def at(cls, reference: Scores, proxy: Scores, seeds: Sequence[int], criterion: Criterion, seed: int) -> Look:
        """The balanced block of both arms at these seeds of the reference."""
        run = set(proxy.seeds)
        common = [each for each in seeds if each in run]
        used, of_proxy = balanced(
            reference.restricted(reference.hypotheses, common), proxy.restricted(proxy.hypotheses, common)
        )
        return cls(used, of_proxy, criterion, seed)

    @property
    def hypotheses(self) -> int:
        """In the block; as are the seeds."""
        return len(self.reference.hypotheses)

    @property
    def seeds(self) -> int:
        """In the block."""
        return len(self.reference.seeds)

    @cached_property
    def tau(self) -> float | None:
        """Observed tau-b."""
        return kendall_tau_b(self.reference.means, self.proxy.means)

    @cached_property
    def untested(self) -> Untested | None:
        """None if a test is possible."""
        if self.hypotheses < 2:
            count = "a single hypothesis" if self.hypotheses else "no hypothesis"
            return Untested(
                "Undecided",
                f"{count} with scores in both arms: there is nothing to order",
                "At least two hypotheses need scores in both arms, at the same seeds.",
            )
        if self.criterion.statistic == "WinnerRegret" and self.criterion.promote >= self.hypotheses:
            return Untested("Trusted", f"the proxy's first {self.criterion.promote} are all hypotheses there are", "")
        if self.seeds < 2:
            return Untested(
                "Undecided",
                "a single seed does not show how much the scores vary from seed to seed",
                "It takes at least two seeds, with the same hypotheses in both arms.",
                more_seeds_help=True,
            )
        if np.ptp(self.reference.means) == 0:
            return Untested(
                "Undecided",
                "the hypotheses can't be told apart: the reference gives all of them the same score",
                "It takes hypotheses that differ.",
            )
        if self.tau is None:
            return Untested(
                "NotTrusted",
                "the proxy gives all hypotheses the same score, so it puts them in no order",
                "More hypotheses can't help: it takes a proxy that tells them apart.",
            )
        if self.criterion.statistic == "DecisionAccuracy" and not len(separated_distances(self.reference)):
            return Untested(
                "Undecided",
                "the reference separates no pair of hypotheses: none differ by over two standard errors",
                "It takes more seeds, or hypotheses that differ more.",
                more_seeds_help=True,
            )
        return None

    @cached_property
    def estimand(self) -> Estimand:
        """The statistic, as a function of the true correlation."""
        return self._estimands[1]

    @cached_property
    def lower_estimand(self) -> Estimand:
        """What may be said of it at least, where it depends on more than the correlation; for lower bounds."""
        return self._estimands[0]

    @cached_property
    def upper_estimand(self) -> Estimand:
        """What may be said of it at most."""
        return self._estimands[2]

    @cached_property
    def _estimands(self) -> tuple[Estimand, Estimand, Estimand]:
        criterion = self.criterion
        if criterion.statistic != "WinnerRegret":
            distances = separated_distances(self.reference) if criterion.statistic == "DecisionAccuracy" else None
            only = TrueTau() if distances is None else TrueDecisionAccuracy(distances)
            return only, only, only
        fewest, likely, most = good_enough(self.reference.means, criterion.smallest_effect)
        best = {
            good: HoldsTheBest.simulate(self.hypotheses, good, criterion.promote, np.random.default_rng((self.seed, 1)))
            for good in {fewest, likely, most}
        }
        return best[fewest], best[likely], best[most]

    @cached_property
    def trusted_from(self) -> float:
        """The true correlation from which on the statistic surely reaches the criterion's threshold."""
        return correlation_reaching(self.lower_estimand, self.criterion.threshold)

    @cached_property
    def refused_below(self) -> float:
        """The one below which it surely does not."""
        if self.upper_estimand is self.lower_estimand:
            return self.trusted_from
        return correlation_reaching(self.upper_estimand, self.criterion.threshold)

    @cached_property
    def estimates(self) -> NoiseEstimates:
        """Of both arms' noise, by the seeds' orders."""
        return estimate_noise(self.reference, self.proxy)

    @cached_property
    def noise(self) -> Noise:
        """The same, for what is to come."""
        return Noise.estimated(self.estimates, self.seeds)

    @cached_property
    def value(self) -> float | None:
        """The statistic as observed; see `Certificate.value`."""
        if self.tau is None:
            return None
        if self.criterion.statistic == "DecisionAccuracy":
            return decision_accuracy(self.reference, self.proxy).separable
        if self.untested and self.untested.decision != "Trusted":
            return self.tau if self.criterion.statistic == "KendallTau" else None
        return self.estimand.at(float(correlation_of(self.tau)))

    @cached_property
    def corrected(self) -> float | None:
        """The statistic, corrected for noise; None if an arm shows no signal."""
        if self.untested or self.tau is None:
            return None
        signals = [float(1 - 1 / ratio[0]) for ratio in (self.estimates.reference_ratio, self.estimates.proxy_ratio)]
        if min(signals) <= 0:
            return None
        shared = float(self.estimates.noise_correlation[0])
        return self.estimand.at(float(disattenuated(float(correlation_of(self.tau)), signals[0], signals[1], shared)))

    def indistinct(self) -> str:
        """Which arm's scores may be noise alone (F test), in words; empty if neither's."""
        between, within = self.hypotheses - 1, (self.hypotheses - 1) * (self.seeds - 1)
        reference, proxy = (
            f_above(ratio[0], between, within) > self.criterion.error
            for ratio in (self.estimates.reference_ratio, self.estimates.proxy_ratio)
        )
        if reference:
            return "the hypotheses can't be told apart: in the reference they differ no more than the seeds of one do"
        return (
            "the proxy can't tell the hypotheses apart: they differ no more than the seeds of one do" if proxy else ""
        )


@dataclass(frozen=True, eq=False)
class Evidence:
    """Sorted draws of what the true correlation may be, given one look."""

    low: FloatArray
    """(draws,): for lower bounds."""
    high: FloatArray
    """(draws,): for upper bounds."""
    low_if_perfect: FloatArray
    """(draws,): what the same noise would let perfect agreement prove."""
    at_best: FloatArray
    """(draws,): what perfect agreement without noise would."""

    def p_trusted(self, threshold: float) -> float:
        """Of the test that the true correlation is below the threshold."""
        return float(1 + np.searchsorted(self.low, threshold, side="left")) / (len(self.low) + 1)

    def p_refused(self, threshold: float) -> float:
        """Of the test that it is at or above."""
        return float(1 + len(self.high) - np.searchsorted(self.high, threshold, side="left")) / (len(self.high) + 1)

    @staticmethod
    def lower(draws: FloatArray, level: float) -> float:
        """The bound below which the true correlation is with this probability.

        It is the k-th smallest draw, k the largest with k / (draws + 1) <= level: simulating so few draws never makes
        the bound bolder on average. With too few draws for any k it says nothing, -1.
        """
        rejected = int(level * (len(draws) + 1) * (1 + 1e-9))
        return float(draws[rejected - 1]) if rejected >= 1 else -1.0

    def upper(self, level: float) -> float:
        """The bound above which the true correlation is with this probability; 1 if there are too few draws."""
        rejected = int(level * (len(self.high) + 1) * (1 + 1e-9))
        return float(self.high[-rejected]) if rejected >= 1 else 1.0


def evidence_of(looks: Sequence[Look], seed: int, draws: int | None = None) -> list[Evidence]:
    """Of looks that can be tested. Those with equally many hypotheses share their simulated studies."""
    found: dict[int, Evidence] = {}
    for hypotheses in {look.hypotheses for look in looks}:
        alike = [at for at, look in enumerate(looks) if look.hypotheses == hypotheses]
        count = draws or int(np.clip(16_000_000 // (hypotheses * (hypotheses - 1)), 1500, 4000))
        taus = TauDraws.simulate(
            hypotheses, np.random.default_rng((seed, hypotheses)), count, ordered=len(alike) > _ORDERED_FROM
        )
        for at in alike:
            found[at] = _evidence(looks[at], taus, np.random.default_rng((seed, hypotheses, looks[at].seeds)), count)
    return [found[at] for at in range(len(looks))]


_ORDERED_FROM = 2
"""Looks from which on sorting all simulated slopes is quicker than to find those asked for."""


def _evidence(look: Look, taus: TauDraws, generator: np.random.Generator, draws: int) -> Evidence:
    noise = NoiseDraws.simulate((look.hypotheses - 1) * (look.seeds - 1), generator, draws)
    little, much = (estimate_noise(look.reference, look.proxy, wanted) for wanted in ("little", "much"))
    at_least, at_most = concordant_pairs(look.reference.means, look.proxy.means)
    low = true_correlations("low", taus, noise, little, np.array([at_least, taus.pairs]))
    high = true_correlations("high", taus, noise, much, np.array([at_most]))
    at_best = taus.correlations_reaching(np.array([taus.pairs]))
    return Evidence(np.sort(low[:, 0]), np.sort(high[:, 0]), np.sort(low[:, 1]), np.sort(at_best[:, 0]))


def concordant_pairs(reference: FloatArray, proxy: FloatArray) -> tuple[int, int]:
    """Pairs that two vectors of scores order alike: for the lower end, where ties count one half, and the upper one.

    For the upper end it is the share that gives tau-b, of all pairs. The vectors are not constant.
    """
    first, second = np.triu_indices(len(reference), 1)
    of_reference, of_proxy = np.sign(reference[first] - reference[second]), np.sign(proxy[first] - proxy[second])
    net, pairs = float(of_reference @ of_proxy), len(first)
    tau_b = net / np.sqrt((of_reference @ of_reference) * (of_proxy @ of_proxy))
    low, high = (net + pairs) / 2, (tau_b + 1) / 2 * pairs
    return int(np.floor(min(low, high) + 1e-9)), int(np.ceil(max(low, high) - 1e-9))
