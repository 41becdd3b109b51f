"""How often simulated studies are decided, rightly and falsely, for `trust.py`: at one look, and over all looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from trust_studies import Cell, observed

from assay.ranking import Criterion, Decision, certify
from assay.ranking.certificates.error_spending import Spending
from assay.ranking.certificates.evidence import Evidence, bounding_correlations, draws_of_kin, tied_studies
from assay.ranking.certificates.interval import BEYOND, EndErrors, interval
from assay.ranking.certificates.look import Look
from assay.ranking.orders.tau import correlation_of
from assay.ranking.true_orders.tau_draws import TauDraws
from assay.ranking.true_orders.true_correlation import NoiseDraws

CONFIDENCE, GOOD, DRAWS = 0.95, 0.9, 2000
TAU = Criterion("KendallTau", 0.8, CONFIDENCE)


def bounds(looks: list[Look], generator: np.random.Generator, blocks: int = 10) -> Iterator[tuple[Look, Evidence]]:
    """Return what each look shows. Does as `evidence_of`, but each set of draws serves a tenth of the looks."""
    for part in np.array_split(np.arange(len(looks)), blocks):
        # copies, so that what a look keeps for itself doesn't pile up
        some = [replace(looks[at]) for at in part if looks[at].untested is None]
        if not some:
            continue
        hypotheses, seeds = some[0].hypotheses, some[0].seeds
        taus = TauDraws.simulate(hypotheses, generator, DRAWS, ordered=True)
        noise = NoiseDraws.simulate((hypotheses - 1) * (seeds - 1), generator, DRAWS)
        ties, nothing = tied_studies(hypotheses, generator), np.empty(0)
        low, high = bounding_correlations(some, taus, ties, noise)
        for at, look in enumerate(some):
            own = draws_of_kin(look, taus, ties, noise)
            if own[2] is not noise:
                low[:, at : at + 1], high[:, at : at + 1] = bounding_correlations([look], *own)
            yield look, Evidence(np.sort(low[:, at]), np.sort(high[:, at]), nothing, nothing)


def decision_rates(looks: list[Look], value: float, generator: np.random.Generator) -> tuple[float, float, float]:
    """Return the shares Trusted and NotTrusted, and the share of intervals that hold the true value, over all
    studies."""
    trusted = refused = missed = 0
    error, one_look = 1 - CONFIDENCE, Spending.over((1.0,))
    for look, found in bounds(looks, generator):
        is_trusted = found.p_trusted(look.trusted_from) <= error
        is_refused = found.p_refused(look.refused_below) <= error
        decision: Decision = "Trusted" if is_trusted else "NotTrusted" if is_refused else "Undecided"
        low, high = interval(look, found, one_look, decision, EndErrors(error, error, BEYOND * error))
        trusted, refused = trusted + is_trusted, refused + is_refused
        missed += not low <= value <= high
    return trusted / len(looks), refused / len(looks), 1 - missed / len(looks)


@dataclass(frozen=True)
class Sequence:
    """What `certify` decides over all looks at studies of three proxies."""

    false: float
    """The share of studies in which any proxy whose true tau is .8 is Trusted."""
    power: float
    """The share of studies in which the first proxy is Trusted."""
    first: float
    """The share of studies in which the first proxy is Trusted at the first look."""
    seeds: float
    """The mean number of seeds at which the first proxy is Trusted, where it is."""


def sequence(
    cell: Cell, taus: tuple[float, ...], looks: tuple[int, ...], studies: int, generator: np.random.Generator
) -> Sequence:
    """Simulate proxies of these true taus with one reference, judged as `certify` does."""
    false = power = first = 0
    seeds = []
    for _ in range(studies):
        own = generator.standard_normal(cell.hypotheses)
        arms = {}
        for at, tau in enumerate(taus):
            correlation = float(correlation_of(tau))
            rest = generator.standard_normal(cell.hypotheses)
            scores = np.array([own, correlation * own + np.sqrt(1 - correlation**2) * rest])
            reference, arms[str(at)] = observed(cell, scores, looks[-1], generator)
        # all proxies have the same reference: that of the last
        found = certify(reference, arms, TAU, looks, len(looks), generator=generator)
        false += any(found[str(at)].decision == "Trusted" for at, tau in enumerate(taus) if tau <= TAU.threshold)
        if found["0"].decision == "Trusted":
            power, first = power + 1, first + (found["0"].look == 1)
            seeds.append(found["0"].seeds)
    return Sequence(false / studies, power / studies, first / studies, float(np.mean(seeds)) if seeds else np.nan)
