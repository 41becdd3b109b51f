"""One look at one proxy: what is compared, by which statistic, and why there may be no test.

The reasons for which there is no test are listed at the end, one check each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy

from assay.ranking.arrays import FloatArray
from assay.ranking.certificates.certificate import Decision
from assay.ranking.certificates.criterion import Criterion
from assay.ranking.distributions import f_above
from assay.ranking.families import Families
from assay.ranking.memory import NO_MEMORY, Memory
from assay.ranking.orders.agreement import decision_accuracy, kendall_tau_b
from assay.ranking.orders.concordance import rounded_means
from assay.ranking.orders.tau import correlation_of
from assay.ranking.scores import Scores, balanced
from assay.ranking.true_orders.disagreement import observed_disagreement, standing_apart
from assay.ranking.true_orders.estimands import (
    Estimand,
    TrueDecisionAccuracy,
    TrueTau,
    correlation_holding_the_best,
    correlation_reaching,
    good_enough,
    holds_the_best,
    separated_distances,
)
from assay.ranking.true_orders.kin import Kin, families_among
from assay.ranking.true_orders.noise_estimates import estimate_noise, noise_bounds
from assay.ranking.true_orders.one_direction import has_one_direction
from assay.ranking.true_orders.precision import TwoArmNoise
from assay.ranking.true_orders.shared_noise import independent_hypotheses
from assay.ranking.true_orders.true_correlation import OF_ORDERS, NoiseBounds, NoiseEstimates, disattenuated


@dataclass(frozen=True)
class Untested:
    """Why there is no test, and the decision that follows."""

    decision: Decision
    reason: str
    message: str
    """What it would take, in a sentence; empty if the decision is Trusted."""
    more_seeds_help: bool = False


@dataclass(frozen=True, eq=False)
class Look:
    """The balanced block of two arms at one look, and what follows from it for one criterion."""

    reference: Scores
    proxy: Scores
    criterion: Criterion
    memory: Memory = NO_MEMORY
    """For what other looks at equally many hypotheses need as well."""
    kin: tuple[Kin, ...] = ()
    """The ways in which the hypotheses may be kin."""

    @classmethod
    def at(
        cls,
        reference: Scores,
        proxy: Scores,
        seeds: Sequence[int],
        criterion: Criterion,
        memory: Memory = NO_MEMORY,
        kin: tuple[Kin, ...] = (),
    ) -> Look:
        """Take the balanced block of both arms at these seeds of the reference."""
        run = set(proxy.seeds)
        common = [each for each in seeds if each in run]
        used, of_proxy = balanced(
            reference.restricted(reference.hypotheses, common), proxy.restricted(proxy.hypotheses, common)
        )
        return cls(used, of_proxy, criterion, memory, kin)

    @property
    def hypotheses(self) -> int:
        """The number of hypotheses in the block."""
        return len(self.reference.hypotheses)

    @property
    def seeds(self) -> int:
        """The number of seeds in the block."""
        return len(self.reference.seeds)

    @cached_property
    def tau(self) -> float | None:
        """The observed tau-b; None where an arm gives no order."""
        return kendall_tau_b(*self.rounded_means)

    @cached_property
    def rounded_means(self) -> tuple[FloatArray, FloatArray]:
        """The rounded means of the reference and of the proxy; see `concordance.rounded_means`."""
        return rounded_means(self.reference), rounded_means(self.proxy)

    @cached_property
    def families(self) -> Families | None:
        """The families that the hypotheses are in, if they are declared or plain to see; None if none are kin."""
        if not self.kin or self.hypotheses < 2 or self.tau is None:
            return None
        found = families_among(self.kin, self.reference, self.proxy, self.disagreement)
        return found if found is not None and found.count < self.hypotheses else None

    @cached_property
    def effective_hypotheses(self) -> float:
        """About how many unrelated hypotheses these are worth."""
        return self.families.effective_hypotheses(self.disagreement) if self.families else float(self.hypotheses)

    @cached_property
    def disagreement(self) -> FloatArray:
        """(hypotheses,): see `observed_disagreement`."""
        return observed_disagreement(*self.rounded_means)

    @cached_property
    def standing_apart(self) -> tuple[str, ...]:
        """The hypotheses that stand apart, the farthest first."""
        if self.tau is None or self.seeds < 2:
            return ()
        return tuple(self.reference.hypotheses[row] for row in standing_apart(self.reference, self.proxy))

    @cached_property
    def independent_noise(self) -> tuple[float, float]:
        """How many independent hypotheses the noise of the reference and of the proxy are worth; see `shared_noise`."""
        reference, proxy = (
            independent_hypotheses(arm.residuals, self.families) for arm in (self.reference, self.proxy)
        )
        return reference, proxy

    @cached_property
    def noise_has_one_direction(self) -> bool:
        """Whether in both arms each hypothesis feels a seed in its own measure, and little else is noise."""
        return has_one_direction(self.reference) and has_one_direction(self.proxy)

    @cached_property
    def untested(self) -> Untested | None:
        """Why no test is possible; None if one is."""
        return next((found for check in _CHECKS if (found := check(self))), None)

    @cached_property
    def estimand(self) -> Estimand:
        """The statistic, as a function of the true correlation."""
        return self._estimands[1]

    @cached_property
    def lower_estimand(self) -> Estimand:
        """The least that it may be at a correlation, where that is not all it depends on; for lower bounds."""
        return self._estimands[0]

    @cached_property
    def upper_estimand(self) -> Estimand:
        """The most that it may be; for upper bounds."""
        return self._estimands[2]

    @cached_property
    def _estimands(self) -> tuple[Estimand, Estimand, Estimand]:
        criterion = self.criterion
        if self._good is None:
            distances = separated_distances(self.reference) if criterion.statistic == "DecisionAccuracy" else None
            only = TrueTau() if distances is None else TrueDecisionAccuracy(distances)
            return only, only, only
        best = [self.memory.of(holds_the_best, self.hypotheses, good, criterion.promote) for good in self._good]
        return best[0], best[1], best[2]

    def correlation_reaching(self, value: float) -> float:
        """Return the true correlation from which on the statistic is surely at or above a value."""
        return self._reaching(0, value)

    @cached_property
    def trusted_from(self) -> float:
        """The true correlation from which on the statistic surely reaches the threshold of the criterion."""
        return self.correlation_reaching(self.criterion.threshold)

    @cached_property
    def refused_below(self) -> float:
        """The true correlation below which the statistic surely does not reach the threshold."""
        if self._good is None:
            return self.trusted_from
        return self._reaching(2, self.criterion.threshold)

    def _reaching(self, which: int, value: float) -> float:
        """Return the correlation from which on one of `_estimands` is at or above a value."""
        if self._good:
            return correlation_holding_the_best(self.hypotheses, self._good[which], self.criterion.promote, value)
        return self.memory.of(correlation_reaching, self._estimands[which], value)

    @cached_property
    def _good(self) -> tuple[int, int, int] | None:
        """How many hypotheses count as good for each of `_estimands`; None where the statistic is not WinnerRegret."""
        if self.criterion.statistic != "WinnerRegret":
            return None
        return good_enough(self.reference.means, self.criterion.smallest_effect)

    @cached_property
    def estimates(self) -> NoiseEstimates:
        """The likely noise of both arms, estimated from the orders that their seeds give."""
        return estimate_noise(self.reference, self.proxy)

    @cached_property
    def noise_bounds(self) -> NoiseBounds:
        """As little noise as there may be, and as much."""
        return noise_bounds(self.reference, self.proxy, self.estimates)

    @cached_property
    def may_share_mostly_noise(self) -> bool:
        """Whether most of the two orders' correlation may be noise that both share, by as much noise as there may be.

        That is the noise which the seeds exclude with a probability of .95.
        """
        if self.untested or self.tau is None:
            return False
        much = self.noise_bounds.much
        degrees_of_freedom = OF_ORDERS * (self.hypotheses - 1) * (self.seeds - 1)
        underrated = scipy.special.chdtri(degrees_of_freedom, 0.95) / degrees_of_freedom
        shares = [min(1 / float(ratio[0]) / underrated, 1.0) for ratio in (much.reference_ratio, much.proxy_ratio)]
        shared = float(much.noise_correlation[0]) * float(np.sqrt(shares[0] * shares[1]))
        return shared > max(float(correlation_of(self.tau)), 0.0) / 2

    @cached_property
    def noise(self) -> TwoArmNoise:
        """The likely noise of both arms per seed, to tell what more seeds would bring."""
        return TwoArmNoise.estimated(self.estimates, self.seeds)

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
        """An estimate of the true statistic, corrected for noise; None if an arm shows no signal."""
        if self.untested or self.tau is None:
            return None
        signals = [float(1 - 1 / ratio[0]) for ratio in (self.estimates.reference_ratio, self.estimates.proxy_ratio)]
        if min(signals) <= 0:
            return None
        shared = float(self.estimates.noise_correlation[0])
        return self.estimand.at(float(disattenuated(float(correlation_of(self.tau)), signals[0], signals[1], shared)))

    def indistinct(self) -> str:
        """Say which arm's scores may be noise alone, by an F test; empty if neither's may."""
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


def _fewer_than_two_hypotheses(look: Look) -> Untested | None:
    if look.hypotheses >= 2:
        return None
    count = "a single hypothesis" if look.hypotheses else "no hypothesis"
    return Untested(
        "Undecided",
        f"{count} with scores in both arms: there is nothing to order",
        "At least two hypotheses need scores in both arms, at the same seeds.",
    )


def _a_single_family(look: Look) -> Untested | None:
    if look.families is None or look.families.count > 1:
        return None
    return Untested(
        "Undecided",
        f"all hypotheses are of one family by {look.families.name}: nothing independent is left to compare",
        "It takes hypotheses of other families, or a label that tells families apart.",
    )


def _all_are_promoted(look: Look) -> Untested | None:
    if look.criterion.statistic != "WinnerRegret" or look.criterion.promote < look.hypotheses:
        return None
    return Untested("Trusted", f"the proxy's first {look.criterion.promote} are all hypotheses there are", "")


def _single_seed(look: Look) -> Untested | None:
    if look.seeds >= 2:
        return None
    return Untested(
        "Undecided",
        "a single seed does not show how much the scores vary from seed to seed",
        "It takes at least two seeds, with the same hypotheses in both arms.",
        more_seeds_help=True,
    )


def _reference_gives_no_order(look: Look) -> Untested | None:
    if np.ptp(look.rounded_means[0]) > 0:
        return None
    return Untested(
        "Undecided",
        "the hypotheses can't be told apart: the reference gives all of them the same score",
        "It takes hypotheses that differ.",
    )


def _proxy_gives_no_order(look: Look) -> Untested | None:
    if look.tau is not None:
        return None
    return Untested(
        "NotTrusted",
        "the proxy gives all hypotheses the same score, so it puts them in no order",
        "More hypotheses can't help: it takes a proxy that tells them apart.",
    )


def _no_separated_pair(look: Look) -> Untested | None:
    if look.criterion.statistic != "DecisionAccuracy" or len(separated_distances(look.reference)):
        return None
    return Untested(
        "Undecided",
        "the reference separates no pair of hypotheses: none differ by over two standard errors",
        "It takes more seeds, or hypotheses that differ more.",
        more_seeds_help=True,
    )


_CHECKS: tuple[Callable[[Look], Untested | None], ...] = (
    _fewer_than_two_hypotheses,
    _all_are_promoted,
    _single_seed,
    _reference_gives_no_order,
    _proxy_gives_no_order,
    _no_separated_pair,
    _a_single_family,
)
"""The first that applies says why there is no test; each may rely on those before it not to apply."""
