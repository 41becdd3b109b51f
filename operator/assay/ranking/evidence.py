"""What one look at one proxy shows: draws of the true scores' correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.ranking.concordance import concordant_pairs
from assay.ranking.look import Look
from assay.ranking.noise_estimates import estimate_noise
from assay.ranking.scores import FloatArray
from assay.ranking.tau_distribution import TauDraws
from assay.ranking.true_correlation import NoiseDraws, true_correlations


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
    at_least, at_most = concordant_pairs(*look.levels)
    low = true_correlations("low", taus, noise, little, np.array([at_least, taus.pairs]))
    high = true_correlations("high", taus, noise, much, np.array([at_most]))
    at_best = taus.correlations_reaching(np.array([taus.pairs]))
    return Evidence(np.sort(low[:, 0]), np.sort(high[:, 0]), np.sort(low[:, 1]), np.sort(at_best[:, 0]))
