"""The answer to the question which cheap comparison may be trusted, in a few sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.api.resources import REFERENCE, ConditionType, TrustDecision, TrustStatistic
from assay.planning.status.arm_status import BUDGET_TOO_SMALL
from assay.reporting.certificates import in_a_sentence
from assay.reporting.figures import count, hypotheses_in_words, listed, percent, sentence, value_of
from assay.reporting.rows import is_revoked

if TYPE_CHECKING:
    from assay.api.resources import ArmStatus, ProxyStudyStatus
    from assay.planning.study.study import Study


LEAST_SAVING_PERCENT = 10
"""A trusted proxy that saves less than this is not worth the trouble."""

MOST_TIMES_TO_PAY = 10
"""A trusted proxy is not worth it, either, if it pays off only after more than this many times the study's
hypotheses."""


def is_worth_it(study: Study, arm: ArmStatus) -> bool:
    """Return whether a trusted proxy saves enough for people to change over to it; true while that is not known."""
    saving, pays = arm.saving_percent, arm.break_even_hypotheses
    if saving is not None and saving < LEAST_SAVING_PERCENT:
        return False
    return pays is None or pays <= MOST_TIMES_TO_PAY * len(study.hypotheses)


def best_trusted(study: Study, status: ProxyStudyStatus) -> ArmStatus | None:
    """Return the recommended proxy, or another trusted one that is worth it if the recommended one is not."""
    trusted = [arm for arm in status.arms if arm.name != REFERENCE and arm.decision is TrustDecision.TRUSTED]
    ordered = sorted(trusted, key=lambda arm: (not is_worth_it(study, arm), arm.name != status.recommended_proxy))
    return ordered[0] if ordered else None


def trust_answer(study: Study, status: ProxyStudyStatus) -> str:
    """Say which proxy may stand for the reference and what that saves, or why none may and what it would take."""
    proxies = [arm for arm in status.arms if arm.name != REFERENCE]
    if not proxies:
        return "The study has no proxies: it only compares the hypotheses, on the reference."
    best = best_trusted(study, status)
    if best is not None:
        trusted = [arm.name for arm in proxies if arm.decision is TrustDecision.TRUSTED and arm is not best]
        also = f" Also trusted: {listed(trusted)}." if trusted else ""
        if not is_worth_it(study, best):
            little = f"{best.name} may be trusted, but is not worth it: {_saves_little(study, best)}"
            return _warned(status, f"{little} It {_alike(study, best)}.{also}{_screens(study, best)}")
        return _warned(
            status, f"Trust {best.name}: it {_alike(study, best)}.{_saves(best)}{also}{_screens(study, best)}"
        )
    revoked = [arm for arm in proxies if is_revoked(arm)]
    if revoked:
        return _warned(status, f"No proxy may be trusted any more. {sentence(revoked[0].message or '')}")
    if all(arm.reason == BUDGET_TOO_SMALL for arm in proxies):
        return f"No proxy is judged. {sentence(proxies[0].message or '')}"
    if any(arm.decision in (TrustDecision.PENDING, None) for arm in proxies):
        return _not_yet(study, status)
    undecided = [arm for arm in proxies if arm.decision is TrustDecision.UNDECIDED]
    refused = [arm.name for arm in proxies if arm.decision is TrustDecision.NOT_TRUSTED]
    if not undecided:
        return _warned(status, f"No proxy may be trusted: none of them {_does(study)}.")
    closest = max(undecided, key=_closeness)
    why = sentence(closest.message or "its agreement with the reference is not known")
    if _closeness(closest) < -1:
        return _warned(status, f"No proxy may be trusted yet. {why}")
    rest = f" Not trusted: {listed(refused)}." if refused else ""
    return _warned(status, f"No proxy may be trusted yet. The closest is {closest.name}: {why}{rest}")


def _not_yet(study: Study, status: ProxyStudyStatus) -> str:
    done, planned = status.trials.succeeded + status.trials.failed, status.trials.planned
    seeds = study.design.initial_seeds
    return (
        f"No proxy is judged yet: trust is first decided when all hypotheses have {count(seeds, 'seed')} on all arms "
        f"({done} of {count(planned, 'trial')} have ended)."
    )


def _closeness(arm: ArmStatus) -> float:
    """Return the observed statistic that trust is about, or else tau; if neither is known, a number below all of their
    values."""
    certificate, agreement = arm.certificate, arm.agreement
    known = value_of(certificate.value) if certificate else None
    known = value_of(agreement.kendall_tau) if known is None and agreement else known
    return -2.0 if known is None else known


def _alike(study: Study, arm: ArmStatus) -> str:
    trust, seen = study.spec.trust, in_a_sentence(study, arm)
    if not seen:
        return f"{_does(study)}; how surely is not known"
    return f"{_does(study)}, with {seen}, {trust.threshold} or more at {trust.confidence_percent} % confidence"


def _does(study: Study) -> str:
    """Say what a proxy is trusted to do."""
    if study.spec.trust.statistic is TrustStatistic.WINNER_REGRET:
        return "finds the best surely enough"
    return "orders the hypotheses as the reference does"


def _screens(study: Study, best: ArmStatus) -> str:
    """Say what happens to hypotheses that are added from now on."""
    screening = study.spec.screening
    if screening is None:
        return ""
    return (
        f" What is added from now on is screened on {best.name} alone; the best {screening.promote} of it, and some "
        "drawn by lot to audit the proxy, go on to the reference."
    )


def _saves_little(study: Study, arm: ArmStatus) -> str:
    """Say why it is not worth changing over to a proxy that may be trusted."""
    saving = arm.saving_percent
    if saving is not None and saving <= 0:
        return f"a study on it alone costs {percent(100 - saving)} of one on the reference, so it saves nothing."
    if saving is not None and saving < LEAST_SAVING_PERCENT:
        return f"a study on it alone saves almost nothing, {percent(saving)}."
    pays = arm.break_even_hypotheses or 0
    return (
        f"it would have paid for what it took to find out only after {hypotheses_in_words(pays)}, "
        f"{pays / max(1, len(study.hypotheses)):.0f} times as many as the study has."
    )


def _saves(arm: ArmStatus) -> str:
    saving = arm.saving_percent
    if saving is None:
        return ""
    costs = f" A study on it alone costs {percent(saving)} less"
    if arm.break_even_hypotheses is None:
        return f"{costs}."
    pays = count(arm.break_even_hypotheses, "further hypothesis", "further hypotheses")
    return f"{costs}; the cost of finding that out is back after {pays}{_range(arm)}."


def _range(arm: ArmStatus) -> str:
    """Return the range of the break-even number in brackets; empty if it is known exactly."""
    low, high = arm.break_even_low, arm.break_even_high
    if low is None or low == high:
        return ""
    return f" ({low:,} to {high:,})" if high is not None else f" ({low:,} or more)"


def _warned(status: ProxyStudyStatus, answer: str) -> str:
    trusted = status.condition(ConditionType.PROXY_TRUSTED)
    if trusted is not None and trusted.reason == "EditedAfterLooking":
        return f"{answer} But the criteria were edited after results were seen, so the confidence does not hold."
    return answer
