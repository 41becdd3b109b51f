"""The questions of a study, answered in a few sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.api.conditions import Reason
from assay.api.resources import REFERENCE, ConditionType, TrustDecision, Verdict
from assay.planning.arm_status import BUDGET_TOO_SMALL
from assay.reporting.certificates import in_a_sentence
from assay.reporting.figures import (
    count,
    listed,
    percent,
    seconds_text,
    sentence,
    unit_in_words,
    value_of,
)
from assay.reporting.rows import MAY_BE_BEST, is_revoked, may_be_best

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.api.resources import ArmStatus, Condition, CostLedger, ProxyStudyStatus, RankedHypothesis
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
        return _warned(status, f"Trust {best.name}: {_alike(study, best)}.{_saves(best)}{also}{_screens(study, best)}")
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
        return _warned(status, "No proxy may be trusted: none of them orders the hypotheses as the reference does.")
    closest = max(undecided, key=_closeness)
    why = sentence(closest.message or _alike(study, closest))
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
    """By the statistic that trust is about, else by tau; below all that they can be if neither is known."""
    certificate, agreement = arm.certificate, arm.agreement
    known = value_of(certificate.value) if certificate else None
    known = value_of(agreement.kendall_tau) if known is None and agreement else known
    return -2.0 if known is None else known


def _alike(study: Study, arm: ArmStatus) -> str:
    trust, seen = study.spec.trust, in_a_sentence(study, arm)
    if not seen:
        return "its agreement with the reference is not known"
    return (
        f"it orders the hypotheses as the reference does, with {seen}, {trust.threshold} or more at "
        f"{trust.confidence_percent} % confidence"
    )


def _screens(study: Study, best: ArmStatus) -> str:
    """What becomes of hypotheses that are added now."""
    screening = study.spec.screening
    if screening is None:
        return ""
    return (
        f" What is added from now on is screened on {best.name} alone; the best {screening.promote} of it, and some "
        "drawn by lot to audit the proxy, go on to the reference."
    )


def _saves(arm: ArmStatus) -> str:
    saving = arm.saving_percent
    if saving is None:
        return ""
    if saving <= 0:
        return f" But it saves nothing: a study on it alone costs {percent(100 - saving)} of one on the reference."
    costs = f" A study on it alone costs {percent(saving)} less"
    if arm.break_even_hypotheses is None:
        return f"{costs}."
    pays = count(arm.break_even_hypotheses, "further hypothesis", "further hypotheses")
    return f"{costs}; the cost of finding that out is back after {pays}{_range(arm)}."


def _range(arm: ArmStatus) -> str:
    """How sure the number is; empty if it is one number."""
    low, high = arm.break_even_low, arm.break_even_high
    if low is None or low == high:
        return ""
    return f" ({low:,} to {high:,})" if high is not None else f" ({low:,} or more)"


def _warned(status: ProxyStudyStatus, answer: str) -> str:
    trusted = condition(status, ConditionType.PROXY_TRUSTED)
    if trusted is not None and trusted.reason == "EditedAfterLooking":
        return f"{answer} But the criteria were edited after results were seen, so the confidence does not hold."
    return answer


def _baseline_failed(status: ProxyStudyStatus) -> bool:
    """Whether it has no score. Its row may be among those that are not shown."""
    succeeded = condition(status, ConditionType.SUCCEEDED)
    shown = [row for row in status.ranking if row.verdict is Verdict.BASELINE]
    if shown:
        return shown[0].score is None
    return succeeded is not None and succeeded.reason == Reason.BASELINE_FAILED


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
    if is_finished(status) and _baseline_failed(status):
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
    if (not_shown := len(study.hypotheses) - len(status.ranking)) > 0:
        counted.append(f"{not_shown} that are not in the table")
    if _indistinct(status):
        text = "The hypotheses can't be told apart: their differences are within the noise of the seeds."
    rest = f" {'The others' if better else 'Against the baseline'}: {', '.join(counted)}." if counted else ""
    if not is_finished(status):
        return f"So far, and not final: {text[0].lower()}{text[1:]}{rest}"
    return f"{text}{rest} All verdicts together hold at {study.spec.verdicts.confidence_percent} % confidence."


def best_answer(study: Study, status: ProxyStudyStatus) -> str:
    """Which hypothesis may be the best, and how much of the order is expected to be right; empty while there is no
    order."""
    scored = [row for row in status.ranking if row.rank is not None]
    if len(scored) < 2:
        return ""
    confidence, found = study.spec.verdicts.confidence_percent, may_be_best(status.ranking)
    sure = f"at {confidence} % confidence"
    if not found:
        text = f"Any of the {len(scored)} may be the best: none is told from all others yet."
    elif len(found) == 1:
        text = f"The best is {found[0].name}, {sure}."
    else:
        text = f"The best is one of {listed([row.name for row in found], 8)} ({MAY_BE_BEST}), {sure}."
    accuracy = value_of(status.ranking_accuracy)
    if accuracy is None:
        return text
    right = f"Of all pairs of hypotheses, about {percent(100 * accuracy)} are expected to be in the right order."
    return f"{text} {right}"


def scores_in_words(study: Study, ranking: Sequence[RankedHypothesis]) -> str:
    """What the ranking is by."""
    metric = study.spec.metric.name
    if any(row.arm is not None and row.score is not None for row in ranking):
        return f"By {metric} as it is expected on the reference, from the highest arm that each has a score on"
    return f"By {metric} on the reference, the mean over seeds"


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
    if total <= 0:
        return "Nothing has been spent yet."
    return f"Spent: {seconds_text(total)} {unit_in_words(cost.unit)} ({_listed(named)}).{_purposes(cost)}{_saved(cost)}"


def _purposes(cost: CostLedger) -> str:
    """Of a study that screens: what its trials were for."""
    named = (
        ("calibration", cost.calibration_accelerator_seconds),
        ("screening", cost.screening_accelerator_seconds),
        ("confirmation", cost.confirmation_accelerator_seconds),
        ("audits", cost.audits_accelerator_seconds),
        ("earlier specs", cost.stale_accelerator_seconds),
    )
    return f" Of its trials: {_listed(named)}." if cost.screening_accelerator_seconds else ""


def _saved(cost: CostLedger) -> str:
    saved = value_of(cost.saved_accelerator_seconds)
    if saved is None or not cost.screening_accelerator_seconds:
        return ""
    compared = "less than" if saved >= 0 else "more than"
    return f" That is {seconds_text(abs(saved))} {compared} all hypotheses at the reference would have cost."


def _listed(named: Sequence[tuple[str, str | None]]) -> str:
    return ", ".join(f"{name} {seconds_text(value)}" for name, text in named if (value := value_of(text)))
