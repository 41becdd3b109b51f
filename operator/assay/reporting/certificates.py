"""The result of a proxy's trust test, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from assay.api.resources import TrustDecision, TrustStatistic
from assay.planning.trust.proxy_looks import criterion_of
from assay.ranking.certificates.needed import is_affordable
from assay.reporting.figures import (
    NOTHING,
    count,
    fixed,
    hypotheses_in_words,
    interval_text,
    percent,
    seconds_text,
    unit_in_words,
    value_of,
)

if TYPE_CHECKING:
    from assay.api.resources import AgreementStatus, ArmStatus, CertificateStatus
    from assay.planning.study.study import Study

STATISTICS = {
    TrustStatistic.KENDALL_TAU: "tau",
    TrustStatistic.DECISION_ACCURACY: "decision accuracy",
    TrustStatistic.WINNER_REGRET: "finds the best",
}
"""The statistic that trust is about, as a column's heading."""

NOISE_EXPLAINED = (
    "how much of the disagreement the noise of the seeds alone would make; where it is most of it, the orders may well "
    "agree entirely, and where it is little, more seeds bring them no closer"
)


@dataclass(frozen=True)
class CertificateWords:
    """The result of one proxy's trust test as texts; a text is a dash or empty where its value is not known.

    `value` is known before the first look, too, if both orders are. `basis` (what the test rests on) and `needed` (the
    price of the cheapest way to decide) are sentences.
    """

    value: str
    interval: str
    corrected: str
    look: str
    noise_share: str
    basis: str
    needed: str


class Seen(NamedTuple):
    """The statistic that trust is about, as observed, with the interval of its own test."""

    value: float | None
    low: float | None
    high: float | None


def seen(study: Study, arm: ArmStatus) -> Seen:
    """Return the observed statistic of a proxy; it has no interval before the first look."""
    certificate = arm.certificate
    if certificate is None:
        return Seen(_observed(study.spec.trust.statistic, arm.agreement), None, None)
    return Seen(*(value_of(text) for text in (certificate.value, certificate.low, certificate.high)))


def certificate_words(study: Study, arm: ArmStatus) -> CertificateWords:
    """Return the result of a proxy's trust test as texts."""
    certificate, (value, low, high) = arm.certificate, seen(study, arm)
    if certificate is None:
        return CertificateWords(fixed(value, 2), "", NOTHING, NOTHING, NOTHING, "", "")
    return CertificateWords(
        value=fixed(value, 2),
        interval=interval_text(low, high, 2),
        corrected=fixed(value_of(certificate.corrected), 2),
        look=f"{certificate.look} of {certificate.looks}",
        noise_share=percent(certificate.noise_share_percent),
        basis=_basis(certificate),
        needed=_needed(arm, certificate),
    )


def statistic_explained(study: Study) -> str:
    """Say in a sentence what the statistic that trust is about means."""
    statistic = study.spec.trust.statistic
    if statistic is TrustStatistic.KENDALL_TAU:
        return (
            "Tau: how alike a proxy and the reference order the hypotheses; 1 the same order, 0 unrelated, -1 reversed."
        )
    if statistic is TrustStatistic.DECISION_ACCURACY:
        return "Decision accuracy: of the pairs that the reference separates, the share that the proxy orders alike."
    return f"Finds the best: {criterion_of(study).quantity}."


def in_a_sentence(study: Study, arm: ArmStatus) -> str:
    """Return `a tau of 0.83 [0.60, 1.00]`, for use in a sentence; empty if it is not known."""
    words = certificate_words(study, arm)
    if words.value == NOTHING:
        return ""
    named = {
        TrustStatistic.KENDALL_TAU: "a tau",
        TrustStatistic.DECISION_ACCURACY: "a decision accuracy",
        TrustStatistic.WINNER_REGRET: "a probability",
    }
    return f"{named[study.spec.trust.statistic]} of {words.value} {words.interval}".rstrip()


def _observed(statistic: TrustStatistic, agreement: AgreementStatus | None) -> float | None:
    """Return the statistic as it is before the first look. WinnerRegret's is None: only its test can estimate it."""
    if agreement is None or statistic is TrustStatistic.WINNER_REGRET:
        return None
    if statistic is TrustStatistic.DECISION_ACCURACY:
        return value_of(agreement.separable_decision_accuracy)
    return value_of(agreement.kendall_tau)


def _basis(certificate: CertificateStatus) -> str:
    if not certificate.hypotheses:  # it rests on nothing, such as of an arm whose trials all failed
        return ""
    look = f"look {certificate.look} of {certificate.looks}, at " if certificate.looks > 1 else ""
    rests = f"By {look}{count(certificate.seeds, 'seed')} of {hypotheses_in_words(certificate.hypotheses)}"
    corrected = value_of(certificate.corrected)
    estimate = f"; without the noise of the seeds about {fixed(corrected, 2)}" if corrected is not None else ""
    share = certificate.noise_share_percent
    noise = f"; noise alone would make {percent(share)} of the disagreement" if share is not None else ""
    return f"{rests}{estimate}{noise}."


def _needed(arm: ArmStatus, certificate: CertificateStatus) -> str:
    seconds = value_of(certificate.needed_accelerator_seconds)
    if arm.decision is not TrustDecision.UNDECIDED or seconds is None:
        return ""
    found = certificate
    if not is_affordable(found.needed_hypotheses, found.hypotheses, found.needed_seeds, found.seeds):
        return ""  # the message says so, and what could be decided instead
    unit = unit_in_words(arm.cost.unit) if arm.cost else "accelerator seconds"
    both = certificate.needed_hypotheses is not None and certificate.needed_seeds is not None
    way = "The cheaper of the two ways to decide it" if both else "To decide it so"
    return f"{way} costs about {seconds_text(seconds)} {unit} more."
