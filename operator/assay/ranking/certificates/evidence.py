"""The evidence that one look at one proxy gives: draws of the correlation of the true scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.certificates.look import Look
from assay.ranking.orders.concordance import concordant_pairs
from assay.ranking.true_orders.clustered_draws import clustered_draws
from assay.ranking.true_orders.observed_orders import ObservedOrders
from assay.ranking.true_orders.one_direction import noise_of_means
from assay.ranking.true_orders.tau_draws import TauDraws, draws_for
from assay.ranking.true_orders.tau_spread import widenings
from assay.ranking.true_orders.tie_breaking import LEAST_SHARE, MOST_TIED_HYPOTHESES, TiedStudies
from assay.ranking.true_orders.true_correlation import NoiseBounds, NoiseDraws, true_correlations


@dataclass(frozen=True, eq=False)
class Evidence:
    """Sorted draws of the true correlation, given one look."""

    low: FloatArray
    """(draws,): for lower bounds."""
    high: FloatArray
    """(draws,): for upper bounds."""
    low_if_perfect: FloatArray
    """(draws,): for lower bounds, if the observed agreement were perfect, with the same noise."""
    at_best: FloatArray
    """(draws,): for lower bounds, if it were perfect and there were no noise."""

    def p_trusted(self, threshold: float) -> float:
        """Return the p-value of the hypothesis that the true correlation is below the threshold."""
        return float(1 + np.searchsorted(self.low, threshold, side="left")) / (len(self.low) + 1)

    def p_refused(self, threshold: float) -> float:
        """Return the p-value of the hypothesis that the true correlation is at or above the threshold."""
        return float(1 + len(self.high) - np.searchsorted(self.high, threshold, side="left")) / (len(self.high) + 1)

    @staticmethod
    def lower(draws: FloatArray, level: float) -> float:
        """Return the bound below which the true correlation lies with this probability.

        It is the k-th smallest draw, with the largest k for which k / (draws + 1) <= level. So a small number of draws
        never makes the bound bolder on average. With too few draws for any k it is -1, which says nothing.
        """
        rejected = int(level * (len(draws) + 1) * (1 + 1e-9))
        return float(draws[rejected - 1]) if rejected >= 1 else -1.0

    def upper(self, level: float) -> float:
        """Return the bound above which the true correlation lies with this probability; 1 with too few draws."""
        rejected = int(level * (len(self.high) + 1) * (1 + 1e-9))
        return float(self.high[-rejected]) if rejected >= 1 else 1.0


def evidence_of(looks: Sequence[Look], seed: int, draws: int | None = None) -> list[Evidence]:
    """Return the evidence of each look, all of which can be tested.

    Looks with equally many hypotheses share their simulated studies. `draws`: how many studies are simulated; None:
    `draws_for` the number of hypotheses.
    """
    found: dict[int, Evidence] = {}
    for hypotheses in {look.hypotheses for look in looks}:
        alike = [at for at, look in enumerate(looks) if look.hypotheses == hypotheses]
        count = draws or draws_for(hypotheses)
        taus = TauDraws.simulate(
            hypotheses, np.random.default_rng((seed, hypotheses)), count, ordered=len(alike) > _ORDERED_FROM
        )
        ties = tied_studies(hypotheses, np.random.default_rng((seed, hypotheses, 1)))
        for at in alike:
            seeds = looks[at].seeds
            noise = NoiseDraws.simulate(
                (hypotheses - 1) * (seeds - 1), np.random.default_rng((seed, hypotheses, seeds)), count
            )
            found[at] = _evidence(looks[at], *draws_of_kin(looks[at], taus, ties, noise))
    return [found[at] for at in range(len(looks))]


def draws_of_kin(
    look: Look, taus: TauDraws, ties: TiedStudies | None, noise: NoiseDraws
) -> tuple[TauDraws, TiedStudies | None, NoiseDraws]:
    """Return these draws, or those of a look's own where its hypotheses are kin or share noise."""
    draws, families = len(noise.tie), look.families
    generator = np.random.default_rng((look.hypotheses, look.seeds))
    in_families = families is not None and families.tell_apart
    if families is not None and in_families:
        # ties are broken by studies of unrelated hypotheses
        taus, _ = clustered_draws(look.rounded_means[0], look.disagreement, families, generator, draws)
        ties = None
    if look.noise_has_one_direction:
        noise = replace(noise, of_means=noise_of_means(look.reference, look.proxy, generator, draws))
    elif min(look.independent_noise) < look.hypotheses - 1:
        noise = NoiseDraws.shared(look.independent_noise, look.hypotheses, look.seeds, generator, draws)
        # studies that are simulated in families have the noise that these share in their scores
        noise = replace(noise, realised=None) if in_families else noise
    return taus, ties, noise


_ORDERED_FROM = 2
"""With more looks than this, to sort all simulated slopes is quicker than to find only those that are asked for."""


def _evidence(look: Look, taus: TauDraws, ties: TiedStudies | None, noise: NoiseDraws) -> Evidence:
    low, high = bounding_correlations([look], taus, ties, noise)
    perfect = np.array([taus.pairs])
    closest = ObservedOrders(perfect, np.array([LEAST_SHARE]), np.ones(1))
    low_if_perfect = true_correlations("low", taus, noise, look.noise_bounds, closest)
    at_best = np.where(noise.tie >= LEAST_SHARE, 1.0, taus.correlations_reaching(perfect)[:, 0])
    return Evidence(np.sort(low[:, 0]), np.sort(high[:, 0]), np.sort(low_if_perfect[:, 0]), np.sort(at_best))


def bounding_correlations(
    looks: Sequence[Look], taus: TauDraws, ties: TiedStudies | None, noise: NoiseDraws
) -> tuple[FloatArray, FloatArray]:
    """Return draws of the true correlations, (draws, looks) each, for lower and for upper bounds.

    All looks have equally many hypotheses, and equally many seeds. `ties`: the studies by which ties are broken; None
    leaves ties unbroken.
    """
    bounds = NoiseBounds.all(look.noise_bounds for look in looks)
    pairs = np.array([concordant_pairs(*look.rounded_means) for look in looks])
    widening = np.array([widenings(*look.rounded_means, apart=bool(look.standing_apart)) for look in looks])
    shares = np.array([_tie_share(look, int(count), ties) for look, count in zip(looks, pairs[:, 0], strict=True)])
    if taus.hypotheses != looks[0].hypotheses:  # only some of the hypotheses are simulated
        there = looks[0].hypotheses * (looks[0].hypotheses - 1) // 2
        pairs = np.rint(pairs * (taus.pairs / there)).astype(np.int64)
    of_low = ObservedOrders(pairs[:, 0], shares, widening[:, 0])
    of_high = ObservedOrders(pairs[:, 1], np.ones(len(looks)), widening[:, 1])
    return (
        true_correlations("low", taus, noise, bounds, of_low),
        true_correlations("high", taus, noise, bounds, of_high),
    )


def _tie_share(look: Look, concordant: int, ties: TiedStudies | None) -> float:
    """Return `TiedStudies.share`, by studies whose true correlation is just good enough."""
    if ties is None or not -1 <= look.trusted_from <= 1:
        return 1.0
    observed = look.noise.observed(look.trusted_from, look.seeds)
    return ties.share(look.reference, look.proxy, concordant, observed)


def tied_studies(hypotheses: int, generator: np.random.Generator) -> TiedStudies | None:
    """Simulate studies that break ties; None where there are so many hypotheses that a tie is worth too little."""
    return TiedStudies.simulate(hypotheses, generator) if hypotheses <= MOST_TIED_HYPOTHESES else None
