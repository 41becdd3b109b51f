"""The part of the status that one arm has: agreement, cost, saving, trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.api.bounds import first_of, shortened
from assay.api.conditions import Reason
from assay.api.decimals import decimal_string
from assay.api.resources import (
    REFERENCE,
    AgreementStatus,
    ArmCost,
    ArmStatus,
    CertificateStatus,
    TrialCounts,
    TrustDecision,
    TrustStatistic,
)
from assay.planning.status.break_even import break_even
from assay.planning.status.certificate_words import MOST_APART_SHOWN, apart_in_words, kin_in_words
from assay.ranking import look_seeds
from assay_trainer.contract import FailureReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.planning.assessment.assessment import Assessment, ProxyAssessment
    from assay.planning.results.costs import Costs
    from assay.planning.results.unread import Unread
    from assay.planning.study.study import Study
    from assay.ranking import Certificate

BUDGET_TOO_SMALL = "BudgetTooSmall"
PREPARATION_FAILED = "PreparationFailed"

_DIGITS = 6
"""Significant digits of agreements. Tables show two: of only three, rounding again would give another number than the
message has."""


def arm_status(study: Study, arm: str, trials: TrialCounts, costs: Costs, assessment: Assessment) -> ArmStatus:
    """Return what is known about an arm."""
    cost = _cost(study, arm, costs)
    if arm == REFERENCE:
        return ArmStatus(name=arm, trials=trials, noise_ceiling=_text(assessment.ceiling), cost=cost)
    judged = assessment.proxies[arm]
    certificate = judged.certificate
    looks = len(look_seeds(study.spec.seeds.initial, study.spec.seeds.maximum))
    decision, reason, message = _decision(arm, assessment, certificate, looks)
    if judged.fails_on_one and certificate is not None:
        message = shortened(f"{message or ''} {_fails_on_one(judged.fails_on_one)}".strip(), 512)
    pays = break_even(study, arm, costs)
    return ArmStatus(
        name=arm,
        trials=trials,
        agreement=_agreement(judged),
        noise_ceiling=_text(assessment.ceiling),
        cost=cost,
        saving_percent=_saving_percent(study, arm, costs),
        break_even_hypotheses=pays.hypotheses,
        break_even_low=pays.low,
        break_even_high=pays.high,
        certificate=_certificate(study, certificate, looks, arm, costs) if certificate else None,
        decision=decision,
        reason=reason,
        message=message,
    )


def _decision(
    arm: str, assessment: Assessment, certificate: Certificate | None, looks: int
) -> tuple[TrustDecision, str, str | None]:
    if assessment.estimates:
        message = "The budget does not pay for all hypotheses on all arms: it buys an order, and no certificate."
        return TrustDecision.UNDECIDED, BUDGET_TOO_SMALL, message
    if assessment.revocation is not None and arm in assessment.in_force:
        return TrustDecision.NOT_TRUSTED, Reason.REVOKED, assessment.revocation.message
    if arm in assessment.in_force:
        return TrustDecision.TRUSTED, TrustDecision.TRUSTED, _why(certificate, looks) if certificate else None
    if (failure := assessment.proxies[arm].unprepared) is not None and not (certificate and certificate.hypotheses):
        message = f"What its trials wait for failed. {failure.reason}: {failure.message}"
        return TrustDecision.UNDECIDED, PREPARATION_FAILED, shortened(message, 512)
    if certificate is None and (unread := assessment.proxies[arm].unread) is not None:
        return TrustDecision.UNDECIDED, FailureReason.CURVE_NOT_REPORTED.value, _unread(unread)
    if certificate is None:
        return TrustDecision.PENDING, TrustDecision.PENDING.value, None
    return TrustDecision(certificate.decision), certificate.decision, _why(certificate, looks)


def _unread(unread: Unread) -> str:
    """Return why an arm can't be judged whose scores can't be read, and for how many hypotheses."""
    names = first_of(unread.hypotheses, 3)
    return shortened(f"Not all scores can be read, so it is not judged: of {names}, {unread.message}.", 512)


def _fails_on_one(names: Sequence[str]) -> str:
    """Return who fails on one of the two arms only, as a sentence."""
    fail = f"{names[0]} fails" if len(names) == 1 else f"{first_of(names, 3)} fail"
    return f"{fail} on one of the two arms only, and {'counts' if len(names) == 1 else 'count'} as last there."


def _certificate(study: Study, certificate: Certificate, looks: int, arm: str, costs: Costs) -> CertificateStatus:
    needed = _needed_seconds(study, certificate, arm, costs)
    return CertificateStatus(
        statistic=TrustStatistic(certificate.statistic),
        value=_text(certificate.value),
        low=_text(certificate.low),
        high=_text(certificate.high),
        corrected=_text(certificate.corrected),
        hypotheses=certificate.hypotheses,
        seeds=certificate.seeds,
        look=certificate.look,
        looks=looks,
        noise_share_percent=round(100 * certificate.noise_share) if certificate.noise_share is not None else None,
        needed_hypotheses=certificate.needed_hypotheses,
        needed_seeds=certificate.needed_seeds,
        needed_accelerator_seconds=decimal_string(needed, 3) if needed is not None else None,
        kin=certificate.kin or None,
        families=certificate.families,
        effective_hypotheses=certificate.effective_hypotheses,
        standing_apart=certificate.standing_apart[:MOST_APART_SHOWN],
        standing_apart_count=len(certificate.standing_apart) or None,
        next_hypotheses=certificate.next_hypotheses,
    )


def _needed_seconds(study: Study, certificate: Certificate, arm: str, costs: Costs) -> float | None:
    """Return the price of the further trials, on both arms, that would decide about the proxy: of more hypotheses or
    more seeds, whichever is cheaper. None: that is not known, or an arm has no measured cost."""
    reference, proxy = costs.arms[REFERENCE].trial_seconds, costs.arms[arm].trial_seconds
    if arm in study.design.free:
        runs_on = study.design.wanted[arm].runs_on
        proxy = 0.0 if runs_on == REFERENCE else costs.arms[runs_on].trial_seconds
    if reference is None or proxy is None:
        return None
    trials = []
    if certificate.needed_hypotheses is not None:
        trials.append(max(0, certificate.needed_hypotheses - certificate.hypotheses) * certificate.seeds)
    if certificate.needed_seeds is not None:
        trials.append(max(0, certificate.needed_seeds - certificate.seeds) * certificate.hypotheses)
    return min(trials) * (reference + proxy) if trials else None


def _why(certificate: Certificate, looks: int) -> str:
    """Return the certificate's reason as a sentence, what it would take to decide, why a look that was left is not
    taken, and when the next one is."""
    reason = certificate.reason[:1].upper() + certificate.reason[1:]
    undecided = certificate.decision == TrustDecision.UNDECIDED.value
    dropped = undecided and not certificate.may_change and certificate.look < looks
    no_further = "No later look is likely to decide it, so it gets no more seeds." if dropped else ""
    again = ""
    if undecided and not certificate.may_change and certificate.next_hypotheses is not None:
        again = f" It rests on {certificate.hypotheses}; the next look is at {certificate.next_hypotheses} hypotheses."
    apart = certificate.standing_apart
    beside = " ".join(each for each in (kin_in_words(certificate), apart_in_words(apart, len(apart))) if each)
    said = f"{reason}. {certificate.needed_message} {no_further}".rstrip() + again
    return f"{shortened(said, 511 - len(beside))} {beside}".rstrip()


def _saving_percent(study: Study, arm: str, costs: Costs) -> int | None:
    reference, proxy = costs.arms[REFERENCE], costs.arms[arm]
    relative = costs.relative(arm)
    if not reference.trial_seconds or relative is None:
        return None
    full = reference.trial_seconds * len(study.hypotheses) * study.design.initial_seeds
    return round(100 * (1 - relative - proxy.preparation_seconds / full))


def _cost(study: Study, arm: str, costs: Costs) -> ArmCost:
    own, relative = costs.arms[arm], costs.relative(arm)
    models = costs.device_models
    mixed = f"{costs.device_model} (the study also ran on {', '.join(m for m in models if m != costs.device_model)})"
    return ArmCost(
        trial_accelerator_seconds=decimal_string(own.trial_seconds) if own.trial_seconds is not None else None,
        preparation_accelerator_seconds=decimal_string(own.preparation_seconds),
        total_accelerator_seconds=decimal_string(own.total_seconds),
        relative_percent=round(100 * relative) if relative is not None else None,
        free=arm in study.design.free or None,
        saved_accelerator_seconds=decimal_string(own.saved_seconds) if own.saved_seconds else None,
        unit=costs.unit or "accelerator",
        device_model=shortened(mixed if len(models) > 1 else costs.device_model or "", 128),
    )


def _agreement(judged: ProxyAssessment) -> AgreementStatus | None:
    found, certificate = judged.agreement, judged.certificate
    if found is None:
        return None
    about_tau = certificate if certificate and certificate.statistic == TrustStatistic.KENDALL_TAU.value else None
    return AgreementStatus(
        hypotheses=found.hypotheses,
        seeds=found.seeds,
        kendall_tau=_text(found.kendall_tau),
        low=_text(about_tau.low) if about_tau else None,
        high=_text(about_tau.high) if about_tau else None,
        weighted_tau=_text(found.weighted_tau),
        spearman_rho=_text(found.spearman_rho),
        decision_accuracy=_text(found.decision_accuracy),
        separable_decision_accuracy=_text(found.separable_decision_accuracy),
        separable_pairs=found.separable_pairs,
        top_k=found.top_k,
        top_k_overlap=_text(found.top_k_overlap),
        winner_regret=_text(found.winner_regret),
    )


def _text(value: float | None) -> str | None:
    return decimal_string(value, _DIGITS) if value is not None else None
