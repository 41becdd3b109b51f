"""What past runs answer, in a few sentences each: the words of a study, and what only past runs make one say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from assay.api.resources import REFERENCE, Goal, TrustDecision, Verdict
from assay.reporting.advice import to_decide
from assay.reporting.answers import best_answer, verdict_answer
from assay.reporting.figures import count, fixed, hypotheses_in_words, listed, seconds_text, value_of
from assay.reporting.trust_answer import best_trusted, is_worth_it, trust_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.api.resources import ArmStatus, RankedHypothesis
    from assay.judging.judge import Judged


@dataclass(frozen=True)
class Answers:
    """The answers; one that has nothing to say is empty."""

    proxies: str
    """Which proxy may be trusted, or why none."""
    hypotheses: str
    """Which hypotheses beat the baseline."""
    best: str
    """Which may be the best."""
    saved: str
    """What the best trusted proxy would have saved."""
    next: str
    """What it would take to say more."""


def answers_of(judged: Judged) -> Answers:
    """Return all answers."""
    facts = _Facts(judged)
    return Answers(_proxies(facts), _hypotheses(facts), _best(facts), _saved(facts), _next(facts))


@dataclass(frozen=True, eq=False)
class _Facts:
    judged: Judged

    @cached_property
    def proxies(self) -> Sequence[ArmStatus]:
        return [arm for arm in self.judged.status.arms if arm.name != REFERENCE]

    @cached_property
    def scored(self) -> Sequence[RankedHypothesis]:
        return [row for row in self.judged.ranking if row.score is not None]

    @cached_property
    def shows_noise(self) -> bool:
        """Whether any hypothesis has two scores on the reference."""
        return any(row.seeds >= 2 for row in self.judged.ranking)

    @cached_property
    def best_trusted(self) -> ArmStatus | None:
        return best_trusted(self.judged.study, self.judged.status)


def _proxies(facts: _Facts) -> str:
    judged = facts.judged
    if not facts.proxies:
        return "There is only one arm: nothing cheaper is compared with it."
    if not facts.scored:
        return "No proxy can be judged: no run on the reference has a score."
    if facts.shows_noise:
        return trust_answer(judged.study, judged.status)
    return (
        "No proxy can be certified: with one run of each hypothesis on an arm nothing shows how much scores vary from "
        f"run to run. It takes two runs or more of each, on both arms. As they stand, {_plainly(facts.proxies)}."
    )


def _plainly(proxies: Sequence[ArmStatus]) -> str:
    """Return how alike the orders are as they were observed, the closest first."""
    known = [arm for arm in proxies if arm.agreement is not None and arm.agreement.kendall_tau is not None]
    if not known:
        return "no order can be compared with the reference's"
    known.sort(key=lambda arm: -(value_of(arm.agreement.kendall_tau if arm.agreement else None) or 0.0))
    return f"orders agree with the reference's so: {listed(map(_agreement, known), 4)}"


def _agreement(arm: ArmStatus) -> str:
    found = arm.agreement
    assert found is not None
    rho, overlap = value_of(found.spearman_rho), value_of(found.top_k_overlap)
    top = f", {overlap * found.top_k:.0f} of the best {found.top_k}" if overlap is not None and found.top_k else ""
    tau = fixed(value_of(found.kendall_tau), 2)
    return f"{arm.name} tau {tau} (Spearman {fixed(rho, 2)}{top}; {hypotheses_in_words(found.hypotheses)})"


def _hypotheses(facts: _Facts) -> str:
    judged = facts.judged
    if judged.baseline is None:
        called = judged.options.called("baseline")
        return f"No baseline is named: {called} says which hypothesis the others are compared with."
    if not facts.shows_noise and len(facts.scored) > 1:
        row = next((row for row in facts.scored if row.name == judged.baseline), None)
        if row is None or row.score is None:
            return f"The baseline {judged.baseline} has no score: nothing can be compared with it."
        above = sum(1 for each in facts.scored if each.rank is not None and row.rank and each.rank < row.rank)
        return (
            f"{above} of {len(facts.scored) - 1} scored better than {judged.baseline}, by one run each: whether any is "
            "better takes two runs or more of both."
        )
    whole = judged.status.model_copy(update={"ranking": judged.ranking})
    return verdict_answer(judged.study, whole)


def _best(facts: _Facts) -> str:
    judged = facts.judged
    if len(facts.scored) < 2:
        return ""
    if not facts.shows_noise:
        extreme = "lowest" if judged.study.spec.metric.goal is Goal.MINIMIZE else "highest"
        return f"By one run each, {facts.scored[0].name} scored {extreme}; how surely is not known."
    whole = judged.status.model_copy(update={"ranking": judged.ranking})
    return best_answer(judged.study, whole)


def _saved(facts: _Facts) -> str:
    judged, best = facts.judged, facts.best_trusted
    if not facts.proxies or not facts.scored:
        return ""
    if not judged.recorded.has_costs:
        called = judged.options.called("cost")
        return f"Nobody can say what a proxy saves: the runs have no costs. {called} names a column of seconds."
    if best is None or not is_worth_it(judged.study, best):
        return ""
    full, part = (_spent(facts, name) for name in (REFERENCE, best.name))
    # by its price per trial: an arm may have fewer runs
    price = best.cost.relative_percent if best.cost else None
    if not full or not part or price is None:
        return ""
    saved = full * (1 - price / 100)
    return (
        f"Had all of these run on {best.name} alone, {seconds_text(saved)} of {seconds_text(full)} seconds of the "
        "reference would have been saved."
    )


def _spent(facts: _Facts, name: str) -> float:
    arm = next(each for each in facts.judged.status.arms if each.name == name)
    return value_of(arm.cost.total_accelerator_seconds if arm.cost else None) or 0.0


def _next(facts: _Facts) -> str:
    judged = facts.judged
    steps = [_about_failures(facts), _about_verdicts(facts)]
    undecided = [arm for arm in facts.proxies if arm.decision is TrustDecision.UNDECIDED]
    best = facts.best_trusted
    if not facts.scored:
        return steps[0]
    if not facts.shows_noise:
        steps = [steps[0], "Run each hypothesis again, with other seeds: three runs are a good start."]
    elif best is not None and is_worth_it(judged.study, best):
        steps.append(f"Compare further hypotheses on {best.name}: a study that screens on it audits it, too.")
    elif best is not None:
        steps.append("Go on with the reference.")
    elif undecided:
        steps.append(to_decide(judged.study, undecided))
    elif facts.proxies:
        steps.append("Compare further hypotheses on the reference, or try a proxy that is closer to it.")
    return " ".join(filter(None, steps))


def _about_failures(facts: _Facts) -> str:
    failed = facts.judged.status.trials.failed
    if not failed:
        return ""
    names = [row.name for row in facts.judged.ranking if row.failed_seeds]
    return f"First look into {count(failed, 'failed run')}{f' ({listed(names, 4)})' if names else ''}."


def _about_verdicts(facts: _Facts) -> str:
    if facts.judged.baseline is None:
        return ""
    better = [row for row in facts.judged.ranking if row.verdict is Verdict.BETTER]
    if better:
        return f"Adopt {better[0].name}."
    if any(row.verdict is Verdict.INCONCLUSIVE for row in facts.judged.ranking):
        return "More runs of each may decide those that are open, if so small a difference matters."
    return ""
