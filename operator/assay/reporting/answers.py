"""The two questions of a study, answered in a few sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.api.resources import REFERENCE, ConditionType, TrustDecision, Verdict
from assay.reporting.figures import (
    count,
    fixed,
    interval,
    listed,
    percent,
    seconds_text,
    sentence,
    unit_in_words,
    value_of,
)

if TYPE_CHECKING:
    from assay.api.resources import ArmStatus, Condition, ProxyStudyStatus
    from assay.planning.study import Study


def condition(status: ProxyStudyStatus, kind: ConditionType) -> Condition | None:
    """The status' condition of a type."""
    return next((each for each in status.conditions if each.type == kind), None)


def is_finished(status: ProxyStudyStatus) -> bool:
    """Whether nothing more will run until something changes."""
    reconciling = condition(status, ConditionType.RECONCILING)
    return reconciling is not None and reconciling.status == "False"


def trust_answer(study: Study, status: ProxyStudyStatus) -> str:
    """Which proxy may stand for the reference, and what that saves; or why none may, and what it would take."""
    proxies = [arm for arm in status.arms if arm.name != REFERENCE]
    if not proxies:
        return "The study has no proxies: it only compares the hypotheses, on the reference."
    trusted = [arm for arm in proxies if arm.decision is TrustDecision.TRUSTED]
    if trusted:
        best = next((arm for arm in trusted if arm.name == status.recommended_proxy), trusted[0])
        others = [arm.name for arm in trusted if arm is not best]
        also = f" Also trusted: {listed(others)}." if others else ""
        return _warned(status, f"Trust {best.name}: {_alike(study, best)}.{_saves(best)}{also}")
    if any(arm.decision in (TrustDecision.PENDING, None) for arm in proxies):
        done, planned = status.trials.succeeded + status.trials.failed, status.trials.planned
        return f"No proxy is judged yet: trust is decided once, when all trials have ended ({done} of {planned} have)."
    undecided = [arm for arm in proxies if arm.decision is TrustDecision.UNDECIDED]
    refused = [arm.name for arm in proxies if arm.decision is TrustDecision.NOT_TRUSTED]
    if not undecided:
        return _warned(status, "No proxy may be trusted: none of them orders the hypotheses as the reference does.")
    closest = max(undecided, key=_tau)
    why = sentence(closest.message or _alike(study, closest))
    if _tau(closest) < -1:
        return _warned(status, f"No proxy may be trusted yet. {why}")
    rest = f" Not trusted: {listed(refused)}." if refused else ""
    return _warned(status, f"No proxy may be trusted yet. The closest is {closest.name}: {why}{rest}")


def _tau(arm: ArmStatus) -> float:
    tau = value_of(arm.agreement.kendall_tau) if arm.agreement else None
    return -2.0 if tau is None else tau


def _alike(study: Study, arm: ArmStatus) -> str:
    trust, agreement = study.spec.trust, arm.agreement
    tau = value_of(agreement.kendall_tau) if agreement else None
    if agreement is None or tau is None:
        return "its agreement with the reference is not known"
    between = interval(value_of(agreement.low), value_of(agreement.high), 2)
    return (
        f"it orders the hypotheses as the reference does, with a tau of {fixed(tau, 2)} {between}".rstrip()
        + f", {trust.threshold} or more at {trust.confidence_percent} % confidence"
    )


def _saves(arm: ArmStatus) -> str:
    saving = arm.saving_percent
    if saving is None:
        return ""
    if saving <= 0:
        return f" But it saves nothing: a study on it alone costs {percent(100 - saving)} of one on the reference."
    pays = arm.break_even_hypotheses
    return f" A study on it alone costs {percent(saving)} less" + (
        f"; the cost of finding that out is back after {count(pays, 'further hypothesis', 'further hypotheses')}."
        if pays is not None
        else "."
    )


def _warned(status: ProxyStudyStatus, answer: str) -> str:
    trusted = condition(status, ConditionType.PROXY_TRUSTED)
    if trusted is not None and trusted.reason == "EditedAfterLooking":
        return f"{answer} But the criteria were edited after results were seen, so the confidence does not hold."
    return answer


def verdict_answer(study: Study, status: ProxyStudyStatus) -> str:
    """Which hypotheses beat the baseline. Reads the status' ranking alone."""
    others = [row for row in status.ranking if row.verdict is not Verdict.BASELINE]
    if not any(row.score is not None for row in status.ranking):
        return (
            "No hypothesis has a score on the reference yet."
            if not is_finished(status)
            else ("No hypothesis has a score on the reference: nothing can be compared.")
        )
    if not others:
        return "There is nothing to compare the baseline with."
    if is_finished(status) and all(row.score is None for row in status.ranking if row.verdict is Verdict.BASELINE):
        return f"The baseline {study.baseline} has no score: nothing can be compared with it."
    names = {verdict: [row.name for row in others if row.verdict is verdict] for verdict in Verdict}
    better, named = names[Verdict.BETTER], f" {study.baseline}" if study.baseline != "baseline" else ""
    text = (
        f"Better than the baseline{named}: {listed(better)}."
        if better
        else f"No hypothesis is shown to be better than the baseline{named}."
    )
    counted = [
        f"{len(names[verdict])} {word}"
        for verdict, word in (
            (Verdict.WORSE, "worse"),
            (Verdict.EQUIVALENT, "equivalent"),
            (Verdict.INCONCLUSIVE, "undecided"),
            (Verdict.FAILED, "failed"),
        )
        if names[verdict]
    ]
    if _indistinct(status):
        text = "The hypotheses can't be told apart: their differences are within the noise of the seeds."
    rest = f" {'The others' if better else 'Against the baseline'}: {', '.join(counted)}." if counted else ""
    if not is_finished(status):
        return f"So far, and not final: {text[0].lower()}{text[1:]}{rest}"
    return f"{text}{rest} All verdicts together hold at {study.spec.verdicts.confidence_percent} % confidence."


def _indistinct(status: ProxyStudyStatus) -> bool:
    """Whether every rank may be any other."""
    scored = [row for row in status.ranking if row.score is not None]
    return len(scored) > 1 and len({(row.rank_low, row.rank_high) for row in scored}) == 1 and scored[0].rank_low == 1


def cost_answer(status: ProxyStudyStatus) -> str:
    """What the study has cost, and on what."""
    cost = status.cost
    total = value_of(cost.accelerator_seconds) or 0.0
    named = (
        ("the reference", cost.reference_accelerator_seconds),
        ("proxies", cost.proxies_accelerator_seconds),
        ("preparations", cost.preparations_accelerator_seconds),
        ("failed attempts", cost.failures_accelerator_seconds),
    )
    parts = [f"{name} {seconds_text(value)}" for name, text in named if (value := value_of(text))]
    if total <= 0:
        return "Nothing has been spent yet."
    return f"Spent: {seconds_text(total)} {unit_in_words(cost.unit)} ({', '.join(parts)})."
