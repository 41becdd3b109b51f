"""The arms and the ranking of a status as text, row by row, for whichever medium shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.api.conditions import Reason
from assay.api.resources import REFERENCE, TrustDecision
from assay.reporting.certificates import certificate_words
from assay.reporting.figures import (
    NOTHING,
    count,
    decimals_for,
    fixed,
    interval_text,
    percent,
    seconds_text,
    sentence,
    share,
    unit_in_words,
    value_of,
)

if TYPE_CHECKING:
    from assay.api.resources import ArmCost, ArmStatus, ProxyStudyStatus, RankedHypothesis, Verdict
    from assay.planning.study.study import Study

DECISIONS = {
    TrustDecision.TRUSTED: "Trusted",
    TrustDecision.NOT_TRUSTED: "Not trusted",
    TrustDecision.UNDECIDED: "Undecided",
    TrustDecision.PENDING: "Pending",
}
"""The decisions on a proxy, as people read them."""

REVOKED = "Revoked"
"""The text shown instead of a decision once audits have revoked a certificate."""

FREE = "free"
"""The text shown instead of a number of trials where other arms' trials have an arm's scores."""

MAY_BE_BEST = "*"
"""The mark beside the ranks of the hypotheses that may be the best, unless all may be."""


@dataclass(frozen=True)
class ArmRow:
    """One arm as texts. `trials` are succeeded/planned, or `FREE` where others have its scores; `saved` says
    what that has saved, as a sentence. `agreement` is the statistic that trust is about, with the
    interval of its own test; `why`, `basis` and `needed` are sentences, or empty."""

    name: str
    trials: str
    saved: str
    failed: int
    agreement: str
    agreement_interval: str
    corrected: str
    look: str
    noise_share: str
    tau: str
    accuracy: str
    trial_seconds: str
    relative_cost: str
    saving: str
    break_even: str
    decision: TrustDecision | None
    decision_text: str
    why: str
    basis: str
    needed: str


@dataclass(frozen=True)
class RankRow:
    """One hypothesis of the ranking, as texts."""

    rank: str
    name: str
    score: str
    score_interval: str
    difference: str
    difference_interval: str
    verdict: Verdict
    relative_cost: str
    seeds: int
    failed: int
    """The number of seeds that failed, on the arm that the score is from."""
    arm: str
    """The arm that the score is from: the reference, or a proxy."""
    statement: str
    message: str

    @property
    def seeds_shown(self) -> str:
        """`3`; `2/4` if two of four failed; `3 on short` if the score is from the arm `short`."""
        shown = f"{self.seeds}/{self.seeds + self.failed}" if self.failed else f"{self.seeds}"
        return shown if self.arm == REFERENCE else f"{shown} on {self.arm}"

    @property
    def labelled(self) -> str:
        """The name, and `2/4` behind it if seeds failed, for charts."""
        return f"{self.name} ({self.seeds}/{self.seeds + self.failed})" if self.failed else self.name

    @property
    def failed_shown(self) -> str:
        """`2 of 4 seeds failed`; empty if none did."""
        return failed_seeds(self.seeds, self.failed)


def failed_seeds(seeds: int, failed: int | None) -> str:
    """Return `2 of 4 seeds failed`; empty if none did."""
    return f"{failed} of {count(seeds + failed, 'seed')} failed" if failed else ""


def arm_rows(study: Study, status: ProxyStudyStatus) -> tuple[ArmRow, ...]:
    """Return a row per arm, the reference first."""
    return tuple(_arm_row(study, arm) for arm in status.arms)


def is_revoked(arm: ArmStatus) -> bool:
    """Return whether audits have revoked the arm's certificate."""
    return arm.reason == Reason.REVOKED


def _arm_row(study: Study, arm: ArmStatus) -> ArmRow:
    agreement, cost, words = arm.agreement, arm.cost, certificate_words(study, arm)
    return ArmRow(
        name=arm.name,
        trials=FREE if cost and cost.free else f"{arm.trials.succeeded}/{arm.trials.planned}",
        saved=_saved(cost) if cost and cost.free else "",
        failed=0 if cost and cost.free else arm.trials.failed,  # those of the trials that it is read from
        agreement=words.value,
        agreement_interval=words.interval,
        corrected=words.corrected,
        look=words.look,
        noise_share=words.noise_share,
        tau=fixed(value_of(agreement.kendall_tau), 2) if agreement else NOTHING,
        accuracy=share(value_of(agreement.separable_decision_accuracy)) if agreement else NOTHING,
        trial_seconds=seconds_text(value_of(cost.trial_accelerator_seconds)) if cost else NOTHING,
        relative_cost=percent(cost.relative_percent) if cost else NOTHING,
        saving=percent(arm.saving_percent) if arm.name != REFERENCE else "",
        break_even=(
            ""
            if arm.name == REFERENCE
            else NOTHING
            if arm.break_even_hypotheses is None
            else f"{arm.break_even_hypotheses:,}"
        ),
        decision=arm.decision,
        decision_text=REVOKED if is_revoked(arm) else DECISIONS[arm.decision] if arm.decision else "",
        why=sentence(arm.message or ""),
        basis=words.basis,
        needed=words.needed,
    )


def _saved(cost: ArmCost) -> str:
    """Say what was saved where an arm's scores are read from trials that run anyway."""
    seconds = value_of(cost.saved_accelerator_seconds)
    if not seconds:
        return "Free: its scores are read from trials that run anyway."
    unit = unit_in_words(cost.unit)
    price = f"{seconds_text(seconds)} {unit}"
    return f"Free: its scores are read from trials that run anyway; its own would have cost {price}."


def ceiling_of(status: ProxyStudyStatus) -> float | None:
    """Return the tau of the reference with itself; None if it is not known."""
    return next((value_of(arm.noise_ceiling) for arm in status.arms if arm.name == REFERENCE), None)


def rank_rows(study: Study, ranking: Sequence[RankedHypothesis]) -> tuple[RankRow, ...]:
    """Return a row per hypothesis in the ranking's order; all scores have the same number of decimals."""
    statements = {hypothesis.name: hypothesis.spec.statement for hypothesis in study.hypotheses}
    ends = [(value_of(row.low), value_of(row.high)) for row in ranking]
    widths = [high - low for low, high in ends if low is not None and high is not None]
    decimals = decimals_for(widths, [value_of(row.score) for row in ranking])
    best = may_be_best(ranking)
    return tuple(
        _rank_row(row, " ".join(statements.get(row.name, "").split()), decimals, marked=row in best) for row in ranking
    )


def may_be_best(ranking: Sequence[RankedHypothesis]) -> tuple[RankedHypothesis, ...]:
    """Return the rows that may be the best; none if every row with a score may be, since that says nothing."""
    scored = [row for row in ranking if row.rank is not None]
    found = tuple(row for row in scored if row.may_be_best)
    return found if len(found) < len(scored) else ()


def _rank_row(row: RankedHypothesis, statement: str, decimals: int, *, marked: bool) -> RankRow:
    low, high = value_of(row.difference_low), value_of(row.difference_high)
    return RankRow(
        rank=f"{_rank(row)} {MAY_BE_BEST}" if marked else _rank(row),
        name=row.name,
        score=fixed(value_of(row.score), decimals),
        score_interval=interval_text(value_of(row.low), value_of(row.high), decimals),
        difference=fixed(value_of(row.difference), decimals, signed=True),
        difference_interval=interval_text(low, high, decimals, signed=True),
        verdict=row.verdict,
        relative_cost=percent(row.relative_cost_percent),
        seeds=row.seeds,
        failed=row.failed_seeds or 0,
        arm=row.arm or REFERENCE,
        statement=statement,
        message=row.message or "",
    )


def _rank(row: RankedHypothesis) -> str:
    if row.rank is None:
        return NOTHING
    if row.rank_low is None or row.rank_high is None or row.rank_low == row.rank_high == row.rank:
        return str(row.rank)
    return f"{row.rank} [{row.rank_low}–{row.rank_high}]"
