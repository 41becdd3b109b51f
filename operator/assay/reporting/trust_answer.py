"""The answer to the question which cheap comparison may be trusted, in a few sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from assay.api.conditions import Reason
from assay.api.resources import REFERENCE, ConditionType, TrustDecision, TrustStatistic
from assay.planning.status.arm_status import BUDGET_TOO_SMALL
from assay.planning.status.certificate_words import apart_in_words, kin_in_words
from assay.ranking.certificates.needed import is_affordable
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


def most_promising(study: Study, undecided: Sequence[ArmStatus]) -> ArmStatus:
    """Return the undecided proxy to speak of: of those that can be decided on and do as well as is wanted, as observed,
    the one that it costs least to decide on; if there are none, the one that comes closest.

    `undecided`: at least one.
    """
    threshold = value_of(study.spec.trust.threshold) or 0.0
    good = [arm for arm in undecided if can_be_decided(arm) and _closeness(arm) >= threshold]
    return min(good, key=_price_of_deciding) if good else max(undecided, key=_closeness)


def can_be_decided(arm: ArmStatus) -> bool:
    """Return whether so many hypotheses, or seeds, as would decide on a proxy can be asked for."""
    found = arm.certificate
    return found is not None and is_affordable(
        found.needed_hypotheses, found.hypotheses, found.needed_seeds, found.seeds
    )


def _price_of_deciding(arm: ArmStatus) -> tuple[float, float, int]:
    """Return the seconds that it takes, then the hypotheses, and then what a proxy does not save."""
    found = arm.certificate
    seconds = value_of(found.needed_accelerator_seconds) if found else None
    hypotheses = found.needed_hypotheses if found else None
    return (
        float("inf") if seconds is None else seconds,
        float("inf") if hypotheses is None else hypotheses,
        -(arm.saving_percent or 0),
    )


def trust_answer(study: Study, status: ProxyStudyStatus) -> str:
    """Say which proxy may stand for the reference and what that saves, or why none may and what it would take."""
    facts = _Facts(study, status)
    return next(said for check in _CHECKS if (said := check(facts)) is not None)


@dataclass(frozen=True)
class _Facts:
    """All that the answer rests on."""

    study: Study
    status: ProxyStudyStatus

    @cached_property
    def proxies(self) -> Sequence[ArmStatus]:
        """All arms but the reference."""
        return [arm for arm in self.status.arms if arm.name != REFERENCE]

    @cached_property
    def best(self) -> ArmStatus | None:
        """The trusted proxy that the answer is about; None: none is trusted."""
        return best_trusted(self.study, self.status)

    @cached_property
    def undecided(self) -> Sequence[ArmStatus]:
        """The proxies whose data tell neither that they may be trusted nor that they may not."""
        return self.deciding(TrustDecision.UNDECIDED)

    def deciding(self, decision: TrustDecision) -> Sequence[ArmStatus]:
        """Return the proxies of which this is decided."""
        return [arm for arm in self.proxies if arm.decision is decision]

    def warned(self, answer: str) -> str:
        """Return an answer that rests on the criteria, with a warning if these were edited too late."""
        trusted = self.status.condition(ConditionType.PROXY_TRUSTED)
        if trusted is not None and trusted.reason == Reason.EDITED_AFTER_LOOKING:
            return f"{answer} But the criteria were edited after results were seen, so the confidence does not hold."
        return answer


_Check = Callable[[_Facts], str | None]
"""Returns None where it does not apply; then the next one is asked."""


def _there_are_no_proxies(facts: _Facts) -> str | None:
    if facts.proxies:
        return None
    return "The study has no proxies: it only compares the hypotheses, on the reference."


def _one_is_trusted_but_not_worth_it(facts: _Facts) -> str | None:
    study, best = facts.study, facts.best
    if best is None or is_worth_it(study, best):
        return None
    little = f"{best.name} may be trusted, but is not worth it: {_saves_little(study, best)}"
    trust = f"{little} It {_alike(study, best)}.{_beside(best)}"
    return facts.warned(f"{trust}{_also_trusted(facts, best)}{_screens(study, best)}")


def _one_is_trusted(facts: _Facts) -> str | None:
    study, best = facts.study, facts.best
    if best is None:
        return None
    trust = f"Trust {best.name}: it {_alike(study, best)}.{_beside(best)}{_saves(best)}"
    return facts.warned(f"{trust}{_also_trusted(facts, best)}{_screens(study, best)}")


def _trust_was_revoked(facts: _Facts) -> str | None:
    revoked = next((arm for arm in facts.proxies if is_revoked(arm)), None)
    if revoked is None:
        return None
    return facts.warned(f"No proxy may be trusted any more. {sentence(revoked.message or '')}")


def _budget_is_too_small(facts: _Facts) -> str | None:
    if any(arm.reason != BUDGET_TOO_SMALL for arm in facts.proxies):
        return None
    return f"No proxy is judged. {sentence(facts.proxies[0].message or '')}"


def _one_is_still_to_be_judged(facts: _Facts) -> str | None:
    if all(arm.decision not in (TrustDecision.PENDING, None) for arm in facts.proxies):
        return None
    trials, seeds = facts.status.trials, facts.study.design.initial_seeds
    return (
        f"No proxy is judged yet: trust is first decided when all hypotheses have {count(seeds, 'seed')} on all arms "
        f"({trials.succeeded + trials.failed} of {count(trials.planned, 'trial')} have ended)."
    )


def _all_are_refused(facts: _Facts) -> str | None:
    if facts.undecided:
        return None
    return facts.warned(f"No proxy may be trusted: none of them {_does(facts.study)}.")


def _nothing_is_known_of_the_undecided(facts: _Facts) -> str | None:
    closest = max(facts.undecided, key=_closeness)
    if _closeness(closest) >= -1:
        return None
    return facts.warned(f"No proxy may be trusted yet. {_why_undecided(closest)}")


def _one_comes_closest(facts: _Facts) -> str:
    chosen, closest = most_promising(facts.study, facts.undecided), max(facts.undecided, key=_closeness)
    called = "closest" if _closeness(chosen) >= _closeness(closest) else "cheapest to decide on"
    refused = [arm.name for arm in facts.deciding(TrustDecision.NOT_TRUSTED)]
    rest = f" Not trusted: {listed(refused)}." if refused else ""
    why = _why_undecided(chosen)
    return facts.warned(f"No proxy may be trusted yet. The {called} is {chosen.name}: {why}{rest}")


_CHECKS: tuple[_Check, ...] = (
    _there_are_no_proxies,
    _one_is_trusted_but_not_worth_it,
    _one_is_trusted,
    _trust_was_revoked,
    _budget_is_too_small,
    _one_is_still_to_be_judged,
    _all_are_refused,
    _nothing_is_known_of_the_undecided,
    _one_comes_closest,
)
"""The first that applies is the answer; the last one always does."""


def _also_trusted(facts: _Facts, best: ArmStatus) -> str:
    others = [arm.name for arm in facts.deciding(TrustDecision.TRUSTED) if arm is not best]
    return f" Also trusted: {listed(others)}." if others else ""


def _beside(arm: ArmStatus) -> str:
    """Say who is kin, and for which hypotheses the proxy is not to be trusted."""
    found = arm.certificate
    if found is None:
        return ""
    said = kin_in_words(found), apart_in_words(found.standing_apart, found.standing_apart_count or 0)
    return "".join(f" {each}" for each in said if each)


def _why_undecided(arm: ArmStatus) -> str:
    return sentence(arm.message or "its agreement with the reference is not known")


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
