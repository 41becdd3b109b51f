"""The statistics that a certificate can be about, each as a rising function of the true scores' correlation r.

The true scores of a hypothesis in both arms, over all seeds, are assumed to be normal with correlation r, up to a
monotone change of each arm's scale. Then each statistic follows from r, and a test of r is a test of all of them.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
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
        """Return its value where the true scores have this correlation in [-1, 1]; it never falls as that rises."""
        ...


@dataclass(frozen=True)
class TrueTau:
    """Kendall's tau of the true scores, in the backlog of these and later hypotheses."""

    def at(self, correlation: float) -> float:
        return float(expected_tau(correlation))


@dataclass(frozen=True, eq=False)
class TrueDecisionAccuracy:
    """The share of separated pairs that the proxy's true scores order as the reference's do.

    It is that of a backlog whose reference scores are spaced as these are.
    """

    distances: FloatArray
    """(pairs,): the distance, above 0, between the normal scores of each separated pair; at least one."""

    def at(self, correlation: float) -> float:
        rest = np.sqrt(2 * max(1 - correlation**2, 1e-12))
        return float(scipy.special.ndtr(correlation * self.distances / rest).mean())


@dataclass(frozen=True, eq=False)
class HoldsTheBest:
    """The probability that the proxy's first `promote` include one of the reference's `good` best.

    It is that of the true scores of both arms, in simulated backlogs of as many hypotheses as this one has, and as
    crowded at the top.
    """

    best: FloatArray
    """(draws, good): the highest of standard normal scores in the reference."""
    others: FloatArray
    """(draws, hypotheses - good): the other scores in the reference."""
    others_rest: FloatArray
    """(draws, hypotheses - good): the part of their scores in the proxy that the reference does not explain; standard
    normal."""
    promote: int

    @classmethod
    def simulate(
        cls, hypotheses: int, good: int, promote: int, generator: np.random.Generator, draws: int = 3000
    ) -> HoldsTheBest:
        """Simulate backlogs; 1 <= good <= hypotheses, promote >= 1."""
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
    """Return the estimand of simulated backlogs that are the same each time."""
    draws = _ELEMENTS // max(hypotheses, 100)
    return HoldsTheBest.simulate(hypotheses, good, promote, np.random.default_rng((0, 1)), draws)


_ELEMENTS = 300_000
"""The scores of an arm in all backlogs: at most 3 000 of them, fewer with more than 100 hypotheses."""


def correlation_reaching(estimand: Estimand, value: float) -> float:
    """Return the correlation in [-1, 1] from which on the estimand is at or above a value.

    It is 2 if the estimand never is, -2 if it always is.
    """
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


# a table of plain numbers: a value takes a tenth of a second, and each look at every proxy asks for the same few
@lru_cache(maxsize=1024)
def correlation_holding_the_best(hypotheses: int, good: int, promote: int, value: float) -> float:
    """Return `correlation_reaching` a value of `holds_the_best`."""
    return correlation_reaching(holds_the_best(hypotheses, good, promote), value)


def separated_distances(reference: Scores) -> FloatArray:
    """Return (pairs,): how far apart in normal scores each pair is that the reference separates.

    `reference`: no score missing, at least two seeds and hypotheses. Where it has no noise, it separates all pairs that
    are not tied.
    """
    assert reference.noise is not None
    first, second = np.triu_indices(len(reference.hypotheses), 1)
    difference = np.abs(reference.means[first] - reference.means[second])
    line = separating_difference(reference.noise.variance, len(reference.seeds))
    normal = normal_scores(rounded_means(reference))
    return np.abs(normal[first] - normal[second])[(difference > line) & (difference > 0)]


def good_enough(scores: FloatArray, smallest_effect: float) -> tuple[int, int, int]:
    """Return how many hypotheses are within `smallest_effect` of the best: the fewest, the likely number, the most.

    By chance, backlogs like this one are more or less crowded at the top. To count on the number here would trust
    proxies falsely more often than stated; its root is on the safe side for normal, heavy-tailed and skewed scores.
    With an effect of 0 all three are the number of those that share the first place.
    """
    # a score that is just within stays so, whichever way its last bit was rounded
    line = scores.max() - smallest_effect - 1e-9 * np.ptp(scores)
    here = int((scores >= line).sum())
    if smallest_effect == 0:
        return here, here, here
    root = int(np.sqrt(here) + 0.5)
    return root, here, min(here + 2 * root, len(scores))


def normal_scores(scores: FloatArray) -> FloatArray:
    """Return (hypotheses,): about the expected normal scores of the ranks, (rank - 3/8) / (K + 1/4) (Blom 1958).

    Ties share ranks.
    """
    expected: FloatArray = scipy.special.ndtri((average_ranks(scores) - 0.375) / (len(scores) + 0.25))
    return expected
