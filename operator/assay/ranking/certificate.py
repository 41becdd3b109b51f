"""May the proxy be trusted? The statement that its tau is at or above a threshold, with its error probability.

**What is claimed.** Tau between the hypotheses' true scores (over all seeds) in both arms, in the backlog that the
hypotheses come from: these and later ones.

**How.** By inversion of the tau test: K pairs of scores are simulated, normal with correlation sin(pi * tau / 2),
with the seed noise of both arms (and what of it they share); the interval holds every tau at which an observed tau
this high, or this low, is not rare. Each end errs with probability 1 - confidence, so the interval covers with
2 * confidence - 1, and the decision is the interval's: Trusted if it begins at or above the threshold, NotTrusted if
it ends below, otherwise Undecided.

**Ties** between means count one half for the lower end and are left out (tau-b) for the upper one, so that neither
decision profits. **Missing scores**: see `scores.balanced`.

`benchmarks/certificate.py` measures the error rates and the power. False certificates stay at or below
1 - confidence for heavy-tailed and skewed scores too; for skewed ones NotTrusted is false in up to .07, where .05 is
stated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from assay.ranking.agreement import kendall_tau_b
from assay.ranking.ceiling import reliability, single_seed_reliability
from assay.ranking.distributions import f_above
from assay.ranking.power import MOST_HYPOTHESES, hypotheses_for_power
from assay.ranking.scores import FloatArray, Scores, balanced
from assay.ranking.tau_distribution import TauDraws, correlation_of, expected_tau
from assay.ranking.true_tau import NoiseDraws, NoiseEstimates, bound, bound_true_tau, disattenuated

Decision = Literal["Trusted", "NotTrusted", "Undecided"]

WANTED_POWER = 0.8
"""`needed_hypotheses` is the number with which a certificate is had with this probability."""
ASSUMED_NOISE = 0.5
"""Noise to signal of a seed where too few hypotheses show none."""


@dataclass(frozen=True)
class Certificate:
    """Whether a proxy may be trusted, and why."""

    decision: Decision
    hypotheses: int
    """How many were used; as are the seeds."""
    seeds: int
    tau: float | None
    """Observed tau-b of the mean scores."""
    low: float | None
    """The interval of the true tau; each end errs with probability 1 - confidence. None where no test was possible."""
    high: float | None
    p_value: float | None
    """Of the test that the true tau is below the threshold: Trusted if and only if it is at most 1 - confidence."""
    noise_to_signal: tuple[float | None, float | None]
    """(reference, proxy): deviation of one seed's noise over that of the true scores; None if no signal is seen."""
    noise_correlation: float | None
    """Between the two arms' scores of the same hypothesis and seed, apart from hypothesis and seed effects."""
    corrected_tau: float | None
    """Estimate of the true tau: the observed one, corrected for the noise of both arms."""
    reason: str
    needed_hypotheses: int | None
    """About how many would certify with probability .8; None if it is decided, or if more can't be counted on."""
    needed_message: str
    """What it would take, in a sentence; empty if Trusted."""


def certify(
    reference: Scores,
    proxy: Scores,
    *,
    threshold: float,
    confidence: float,
    generator: np.random.Generator,
    draws: int | None = None,
) -> Certificate:
    """Decides whether the proxy's tau with the reference is at least `threshold` (in (-1, 1)).

    `confidence` in (.5, 1). `draws`: simulated studies; None: 4 000, fewer from 64 hypotheses on. The same state of
    the generator gives the same certificate. Raises ValueError on a threshold or confidence out of range.
    """
    if not -1 < threshold < 1:
        raise ValueError(f"threshold: {threshold}, allowed are values between -1 and 1, both excluded")
    if not 0.5 < confidence < 1:
        raise ValueError(f"confidence: {confidence}, allowed are values between 0.5 and 1, both excluded")
    reference, proxy = balanced(reference, proxy)
    untested = _without_test(reference, proxy)
    if untested.reason:
        return untested
    hypotheses, seeds = untested.hypotheses, untested.seeds
    assert untested.tau is not None

    estimates = estimate_noise(reference, proxy)
    degrees_of_freedom = (hypotheses - 1) * (seeds - 1)
    draws = draws or int(np.clip(16_000_000 // (hypotheses * (hypotheses - 1)), 1500, 4000))
    taus = TauDraws.simulate(hypotheses, generator, draws)
    noise = NoiseDraws.simulate(degrees_of_freedom, generator, draws)
    at_least, at_most = concordant_pairs(reference.means, proxy.means)
    # the second column is what the same noise would let perfect agreement prove
    low_draws = bound_true_tau("low", taus, noise, estimates, np.array([at_least, taus.pairs]))
    high_draws = bound_true_tau("high", taus, noise, estimates, np.array([at_most]))
    low, low_if_perfect = (float(end) for end in bound("low", low_draws, confidence))
    high = max(float(bound("high", high_draws, confidence)[0]), low)

    certificate = replace(
        untested,
        decision="Trusted" if low >= threshold else "NotTrusted" if high < threshold else "Undecided",
        low=low,
        high=high,
        p_value=float((1 + (low_draws[:, 0] < threshold).sum()) / (draws + 1)),
        noise_to_signal=(_noise_to_signal(reference), _noise_to_signal(proxy)),
        noise_correlation=float(estimates.noise_correlation[0]),
        corrected_tau=_corrected(untested.tau, estimates),
    )
    indistinct = _indistinct(estimates, hypotheses - 1, degrees_of_freedom, confidence)
    # what perfect agreement would prove, without noise and with this one
    at_best = expected_tau(taus.correlations_reaching(np.array([taus.pairs])))
    too_noisy = low_if_perfect < threshold
    too_few = too_noisy and float(bound("low", at_best, confidence)[0]) < threshold
    needed, message = _what_it_takes(certificate, threshold, confidence, too_few, too_noisy)
    return replace(
        certificate,
        reason=_reason(certificate, threshold, confidence, indistinct),
        needed_hypotheses=needed,
        needed_message=message,
    )


def _without_test(reference: Scores, proxy: Scores) -> Certificate:
    """What there is to say without a test; its reason is empty if a test is possible. The arms are balanced."""
    hypotheses, seeds = len(reference.hypotheses), len(reference.seeds)
    tau = kendall_tau_b(reference.means, proxy.means)
    decision: Decision = "Undecided"
    reason = message = ""
    if hypotheses < 2:
        reason = f"{_count(hypotheses, 'hypothesis', 'hypotheses')} with scores in both arms: there is nothing to order"
        message = "At least two hypotheses need scores in both arms, at the same seeds."
    elif seeds < 2:
        reason = "a single seed does not show how much the scores vary from seed to seed"
        message = "It takes at least two seeds, with the same hypotheses in both arms."
    elif np.ptp(reference.means) == 0:
        reason = "the hypotheses can't be told apart: the reference gives all of them the same score"
        message = "It takes hypotheses that differ."
    elif tau is None:
        decision = "NotTrusted"
        reason = "the proxy gives all hypotheses the same score, so it puts them in no order"
        message = "More hypotheses can't help: it takes a proxy that tells them apart."
    return Certificate(
        decision=decision,
        hypotheses=hypotheses,
        seeds=seeds,
        tau=tau,
        low=None,
        high=None,
        p_value=None,
        noise_to_signal=(None, None),
        noise_correlation=None,
        corrected_tau=None,
        reason=reason,
        needed_hypotheses=None,
        needed_message=message,
    )


def _reason(certificate: Certificate, threshold: float, confidence: float, indistinct: str) -> str:
    sure = f"with {100 * confidence:g} % confidence"
    if certificate.decision == "Trusted":
        return f"the true tau is at least {threshold:g} {sure}"
    if certificate.decision == "NotTrusted":
        return f"the true tau is below {threshold:g} {sure}"
    interval = f"{certificate.low:.2f} to {certificate.high:.2f}"
    return indistinct or f"the true tau may be anything from {interval}, so {threshold:g} or not"


def _what_it_takes(
    certificate: Certificate, threshold: float, confidence: float, too_few: bool, too_noisy: bool
) -> tuple[int | None, str]:
    """How many hypotheses would do, and the sentence that says so.

    `too_noisy`: with this noise even perfect agreement would not be certified; `too_few`: nor would it without noise.
    """
    if certificate.decision == "Trusted":
        return None, ""
    if certificate.decision == "NotTrusted":
        return None, "More hypotheses can't help: it takes a proxy that is closer to the reference."
    begin = ""
    if too_few or too_noisy:
        begin = (
            f"{certificate.hypotheses} hypotheses{'' if too_few else ' of this noise'} can't certify a tau of "
            f"{threshold:g}, even if the proxy orders every pair as the reference does. "
        )
    corrected = certificate.corrected_tau
    reference_noise, proxy_noise = certificate.noise_to_signal
    known = reference_noise is not None and proxy_noise is not None
    if not known and not too_few:
        return None, f"{begin}It takes more seeds, or hypotheses that differ more."
    if corrected is not None and corrected <= threshold and not too_few:
        return None, (
            f"{begin}The estimate itself, {corrected:.2f} after correction for noise, is not above the threshold "
            f"of {threshold:g}: more hypotheses help only if the proxy orders them better than these."
        )
    # an estimate of 1 promises too much: no more than half way from the threshold to 1 is counted on, and where there
    # are too few hypotheses for any certificate, their estimate counts for nothing
    half_way = (1 + threshold) / 2
    assumed = half_way if too_few or corrected is None else min(corrected, half_way)
    if reference_noise is None or proxy_noise is None:
        noise, of_noise = (ASSUMED_NOISE, ASSUMED_NOISE), f", noise {ASSUMED_NOISE:g} of their spread,"
    else:
        noise, of_noise = (reference_noise, proxy_noise), " of this noise"
    needed = hypotheses_for_power(
        WANTED_POWER,
        threshold=threshold,
        confidence=confidence,
        true_tau=assumed,
        noise_to_signal=noise,
        seeds=certificate.seeds,
        noise_correlation=max(certificate.noise_correlation or 0.0, 0.0),
    )
    if needed is None:
        return None, (
            f"{begin}Even {MOST_HYPOTHESES} hypotheses{of_noise} would not certify a true tau of {assumed:.2f} with "
            f"probability {WANTED_POWER:g}: it takes more seeds, or a proxy that is closer to the reference."
        )
    return needed, (
        f"{begin}With about {needed} hypotheses{of_noise} a true tau of {assumed:.2f} "
        f"would be certified with probability {WANTED_POWER:g}."
    )


def _indistinct(estimates: NoiseEstimates, between: int, within: int, confidence: float) -> str:
    """Which arm's scores may be noise alone (F test), in words; empty if neither's."""
    reference, proxy = (
        f_above(ratio[0], between, within) > 1 - confidence
        for ratio in (estimates.reference_ratio, estimates.proxy_ratio)
    )
    if reference:
        return "the hypotheses can't be told apart: in the reference they differ no more than the seeds of one do"
    return "the proxy can't tell the hypotheses apart: they differ no more than the seeds of one do" if proxy else ""


def estimate_noise(reference: Scores, proxy: Scores) -> NoiseEstimates:
    """Of two balanced arms with at least two seeds: one observation."""
    assert reference.noise is not None
    assert proxy.noise is not None
    scale = np.sqrt(reference.noise.variance * proxy.noise.variance) * reference.noise.degrees_of_freedom
    products = float((reference.residuals * proxy.residuals).sum())
    correlation = float(np.clip(products / scale, -1.0, 1.0)) if scale > 0 else 0.0
    with np.errstate(divide="ignore"):
        ratios = 1 / (1 - np.array([[reliability(reference)], [reliability(proxy)]]))
    return NoiseEstimates(ratios[0], ratios[1], np.array([correlation]))


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


def _corrected(tau: float, estimates: NoiseEstimates) -> float | None:
    signals = [float(1 - 1 / ratio[0]) for ratio in (estimates.reference_ratio, estimates.proxy_ratio)]
    if min(signals) <= 0:
        return None
    shared = max(float(estimates.noise_correlation[0]), 0.0)
    return float(expected_tau(disattenuated(float(correlation_of(tau)), signals[0], signals[1], shared)))


def _noise_to_signal(arm: Scores) -> float | None:
    single = single_seed_reliability(arm)
    return float(np.sqrt((1 - single) / single)) if single > 0 else None


def _count(number: int, one: str, many: str) -> str:
    return f"{number or 'no'} {one if number == 1 else many}"
