"""What a certificate can be about, each as a rising function of one number: the correlation of the true scores.

The true scores of a hypothesis in both arms (over all seeds) are taken to be, up to a monotone change of each arm's
scale, normal with a correlation r. Then each statistic follows from r, and a test of r is a test of all of them.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy

from assay.ranking.arrays import FloatArray
from assay.ranking.orders.concordance import rounded_means
from assay.ranking.orders.orders import average_ranks
from assay.ranking.orders.separation import separating_difference
from assay.ranking.orders.tau import expected_tau
from assay.ranking.scores import Scores


class Estimand(Hashable, Protocol):
    """A statistic of the true orders."""

    def at(self, correlation: float) -> float:
        """Its value where the true scores have this correlation in [-1, 1]; never falls as that rises."""
        ...


@dataclass(frozen=True)
class TrueTau:
    """Kendall's tau of the true scores, in the backlog that the hypotheses come from: these and later ones."""

    def at(self, correlation: float) -> float:
        return float(expected_tau(correlation))


@dataclass(frozen=True, eq=False)
class TrueDecisionAccuracy:
    """The share of pairs that the proxy's true scores order as the reference's, of those that the reference separates.

    In a backlog whose reference scores are spaced as these are.
    """

    distances: FloatArray
    """(pairs,): between the normal scores of the two hypotheses of each separated pair, above 0; at least one."""

    def at(self, correlation: float) -> float:
        rest = np.sqrt(2 * max(1 - correlation**2, 1e-12))
        return float(scipy.special.ndtr(correlation * self.distances / rest).mean())


@dataclass(frozen=True, eq=False)
class HoldsTheBest:
    """The probability that the proxy's first `promote` hold one of the `good` best by the reference.

    By the true scores of both, in backlogs of as many hypotheses, as crowded at the top as this one; from simulated
    ones.
    """

    best: FloatArray
    """(draws, good): of standard normal scores in the reference, the highest."""
    others: FloatArray
    """(draws, hypotheses - good): the rest."""
    others_rest: FloatArray
    """What of the rest's scores in the proxy the reference does not explain; standard normal."""
    promote: int

    @classmethod
    def simulate(
        cls, hypotheses: int, good: int, promote: int, generator: np.random.Generator, draws: int = 3000
    ) -> HoldsTheBest:
        """1 <= good <= hypotheses, promote >= 1; see `holds_the_best` for one that is simulated once."""
        scores = -np.sort(-generator.standard_normal((draws, hypotheses)), axis=1)
        rest = generator.standard_normal((draws, hypotheses - good))
        return cls(scores[:, :good], scores[:, good:], rest, promote)

    def at(self, correlation: float) -> float:
        others, promote = self.others, self.promote
        if promote > others.shape[1]:
            return 1.0
        unexplained = np.sqrt(max(1 - correlation**2, 1e-12))
        ahead = correlation * others + unexplained * self.others_rest
        # the good ones are all behind this one, or else one of them is among the first
        last = np.partition(ahead, -promote, axis=1)[:, -promote, None]
        behind = scipy.special.ndtr((last - correlation * self.best) / unexplained).prod(axis=1)
        return float(1 - behind.mean())


def holds_the_best(hypotheses: int, good: int, promote: int) -> HoldsTheBest:
    """Return what it is in simulated backlogs that are the same each time."""
    draws = _ELEMENTS // max(hypotheses, 100)
    return HoldsTheBest.simulate(hypotheses, good, promote, np.random.default_rng((0, 1)), draws)


_ELEMENTS = 300_000
"""Scores of an arm: at most 3 000 backlogs, fewer of more than 100 hypotheses."""


def correlation_reaching(estimand: Estimand, value: float) -> float:
    """The correlation in [-1, 1] from which on the estimand is at or above a value; 2 if it never is, -2 if always."""
    if isinstance(estimand, TrueTau):
        return float(np.sin(np.pi / 2 * value))
    if estimand.at(1.0) < value:
        return 2.0
    if estimand.at(-1.0) >= value:
        return -2.0
    # bisection in tau, which keeps its resolution near 1, where thresholds are
    low, high = -1.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if estimand.at(float(np.sin(np.pi / 2 * middle))) >= value else (middle, high)
    return float(np.sin(np.pi / 2 * high))


def separated_distances(reference: Scores) -> FloatArray:
    """(pairs,): of the pairs that the reference separates by two standard errors, how far apart in normal scores.

    `reference`: no score missing, at least two seeds and hypotheses. Where it has no noise all pairs that are not tied
    are separated.
    """
    assert reference.noise is not None
    first, second = np.triu_indices(len(reference.hypotheses), 1)
    difference = np.abs(reference.means[first] - reference.means[second])
    line = separating_difference(reference.noise.variance, len(reference.seeds))
    normal = normal_scores(rounded_means(reference))
    distances: FloatArray = np.abs(normal[first] - normal[second])[(difference > line) & (difference > 0)]
    return distances


def good_enough(scores: FloatArray, smallest_effect: float) -> tuple[int, int, int]:
    """How many of the best are within `smallest_effect` of the best: the fewest to count on, those here, and the most.

    Backlogs like this one are more and less crowded at the top, by chance. To count on the number here would trust
    proxies falsely more often than stated; its root is on the safe side for normal, heavy-tailed and skewed scores.
    Without an effect all three are those that share the first place.
    """
    # what is just within stays so, whichever way its last bit was rounded
    line = scores.max() - smallest_effect - 1e-9 * np.ptp(scores)
    here = int((scores >= line).sum())
    if smallest_effect == 0:
        return here, here, here
    root = int(np.sqrt(here) + 0.5)
    return root, here, min(here + 2 * root, len(scores))


def normal_scores(scores: FloatArray) -> FloatArray:
    """(hypotheses,): about what the ranks' standard normal scores are expected to be (Blom 1958); ties share ranks."""
    expected: FloatArray = scipy.special.ndtri((average_ranks(scores) - 0.375) / (len(scores) + 0.25))
    return expected
