"""The advice on what to do next, in a few sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.api.conditions import Reason
from assay.api.resources import REFERENCE, ConditionType, TrustDecision, Verdict
from assay.planning.status.arm_status import BUDGET_TOO_SMALL
from assay.reporting.answers import is_finished
from assay.reporting.figures import count, hypotheses_in_words, listed
from assay.reporting.rows import is_revoked
from assay.reporting.trust_answer import best_trusted, can_be_decided, is_worth_it, most_promising
from assay_trainer.contract import FailureReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.api.resources import ArmStatus, ProxyStudyStatus
    from assay.planning.study.study import Study


def advice(study: Study, status: ProxyStudyStatus) -> str:
    """Say what to do next, given what the study has found and what stands in its way. Never empty."""
    return _obstacle(study, status) or _while_open(status) or " ".join(filter(None, _steps(study, status)))


def _obstacle(study: Study, status: ProxyStudyStatus) -> str:
    accepted, succeeded = (status.condition(kind) for kind in (ConditionType.ACCEPTED, ConditionType.SUCCEEDED))
    if accepted is not None and accepted.status == "False":
        return "Mend the study as the message above says."
    if succeeded is not None and succeeded.reason == Reason.SUSPENDED:
        return "Set spec.suspend to false to go on."
    if is_finished(status) and succeeded is not None and succeeded.status == "False":
        if len(study.hypotheses) < 2 and not status.trials.failed:
            return "Let the study select further hypotheses (spec.hypotheses): one alone is compared with nothing."
        return "Find out why the trials failed, mend it, and try them again: their messages and logs say why."
    return ""


def _while_open(status: ProxyStudyStatus) -> str:
    if is_finished(status):
        return ""
    trials = status.trials
    left = trials.planned - trials.succeeded - trials.failed
    if left <= 0:
        return (
            "The study has not begun." if not trials.planned else "All trials have ended; they are still to be judged."
        )
    still = "is" if left == 1 else "are"
    return f"{count(left, 'trial')} of the study {still} still to end: what is said here may change until then."


def _steps(study: Study, status: ProxyStudyStatus) -> tuple[str, str, str]:
    return _about_failures(status), _about_hypotheses(study, status), _about_proxies(study, status)


def _about_failures(status: ProxyStudyStatus) -> str:
    if not status.trials.failed:
        return ""
    of_rows = [row.name for row in status.ranking if row.failed_seeds]
    all_of_them = sum(row.failed_seeds or 0 for row in status.ranking) == status.trials.failed
    names = f" ({'' if all_of_them else 'among them those of '}{listed(of_rows, 4)})" if of_rows else ""
    return f"First look into the {count(status.trials.failed, 'failed trial')}{names}."


def _about_hypotheses(study: Study, status: ProxyStudyStatus) -> str:
    better = [row for row in status.ranking if row.verdict is Verdict.BETTER and not row.failed_seeds]
    if better:
        return f"Adopt {better[0].name}." if better[0].arm is None else f"Confirm {better[0].name} on the reference."
    if any(row.verdict is Verdict.BETTER for row in status.ranking):
        return ""
    undecided = [row for row in status.ranking if row.verdict in (Verdict.INCONCLUSIVE, Verdict.UNSTABLE)]
    if not undecided or not any(row.score is not None for row in undecided):
        return ""
    best, baseline = status.ranking[0], study.baseline
    if best.name == baseline or study.spec.seeds.initial < study.spec.seeds.maximum:
        return f"Keep {'the baseline' if baseline == 'baseline' else baseline}."
    return "More seeds (spec.seeds.maximum) may decide those that are open, if so small a difference matters."


def _about_proxies(study: Study, status: ProxyStudyStatus) -> str:
    proxies = [arm for arm in status.arms if arm.name != REFERENCE]
    if not proxies or all(arm.reason == BUDGET_TOO_SMALL for arm in proxies):
        return ""
    best = best_trusted(study, status)
    if best is not None:
        return _with_a_trusted(study, best)
    if any(is_revoked(arm) for arm in proxies):
        return "Compare further hypotheses on the reference, until another proxy is trusted."
    undecided = [arm for arm in proxies if arm.decision is TrustDecision.UNDECIDED]
    if not undecided:
        return "Compare further hypotheses on the reference, or try a proxy that is closer to it."
    return to_decide(study, undecided)


def _with_a_trusted(study: Study, best: ArmStatus) -> str:
    """Say what to do once a proxy may be trusted."""
    if not is_worth_it(study, best):
        return "Go on with the reference."
    if study.spec.screening is None:
        return f"Compare further hypotheses on {best.name}: spec.screening does so, and audits it."
    return f"Add further hypotheses: they are screened on {best.name}."


def to_decide(study: Study, undecided: Sequence[ArmStatus]) -> str:
    """Say what it takes to decide on the proxy that the answer speaks of, and on those that can't be read.

    `undecided`: at least one.
    """
    unread = [arm.name for arm in undecided if arm.reason == FailureReason.CURVE_NOT_REPORTED]
    others = [arm for arm in undecided if arm.name not in unread]
    steps = []
    if unread:
        steps.append(f"For {listed(unread, 3)}, report what trial.wanted_epochs asks for, or read what is reported.")
    if others:
        steps.append(_to_decide_on(most_promising(study, others)))
    return " ".join(steps)


def _to_decide_on(arm: ArmStatus) -> str:
    found = arm.certificate
    if found is None or not can_be_decided(arm):
        return "Compare on the reference; what could be decided instead is said with each proxy."
    ways = [f"about {hypotheses_in_words(found.needed_hypotheses)}"] if found.needed_hypotheses else []
    ways += [count(found.needed_seeds, "seed")] if found.needed_seeds else []
    return f"To decide on {arm.name} it takes {' or '.join(ways)}."
