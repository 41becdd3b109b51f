"""From a judgement of past runs to what callers get of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.api.resources import REFERENCE, Goal, TrustDecision
from assay.api.resources import Verdict as RowVerdict
from assay.judging.answers import answers_of
from assay.judging.findings import Decision, Findings, HypothesisFinding, ProxyFinding, Verdict

if TYPE_CHECKING:
    from assay.api.resources import ArmStatus, RankedHypothesis
    from assay.judging.judge import Judged


def findings_of(judged: Judged) -> Findings:
    """Return what past runs say, for callers: numbers as they were worked out, and under the names of the table."""
    status, spec, recorded = judged.status, judged.study.spec, judged.recorded
    decided = judged.decided
    own_proxies = [arm for arm in decided.status.arms if arm.name != REFERENCE]
    proxies = [arm for arm in status.arms if arm.name != REFERENCE]
    return Findings(
        name=judged.study.name,
        score=spec.metric.name,
        goal="Minimize" if spec.metric.goal is Goal.MINIMIZE else "Maximize",
        reference=judged.reference,
        baseline=judged.baseline,
        threshold=judged.options.threshold,
        confidence=judged.options.confidence,
        noise_ceiling=decided.assessment.ceiling,
        recommended_proxy=_called(judged, decided.status.recommended_proxy),
        proxies=tuple(_proxy(judged, own.name, arm) for own, arm in zip(own_proxies, proxies, strict=True)),
        hypotheses=tuple(
            _hypothesis(judged, own.name, row) for own, row in zip(decided.ranking, judged.ranking, strict=True)
        ),
        answers=answers_of(judged),
        notes=judged.said,
        runs=status.trials.planned,
        failed_runs=status.trials.failed,
        missing_runs=recorded.missing_runs,
        judged=judged,
    )


def _called(judged: Judged, own: str | None) -> str | None:
    return judged.table.shown_arm(judged.recorded.arm_of[own]) if own is not None else None


def _proxy(judged: Judged, own: str, arm: ArmStatus) -> ProxyFinding:
    found = judged.decided.assessment.proxies[own]
    agreement, certificate = found.agreement, found.certificate
    decisions: dict[TrustDecision | None, Decision] = {
        TrustDecision.TRUSTED: "Trusted",
        TrustDecision.NOT_TRUSTED: "NotTrusted",
    }
    relative = judged.decided.judgement.costs.relative(own) if judged.recorded.has_costs else None
    name = _called(judged, own)
    assert name is not None
    return ProxyFinding(
        name=name,
        decision=decisions.get(arm.decision, "Undecided"),
        reason=arm.message or (found.certificate.reason if found.certificate else ""),
        hypotheses=agreement.hypotheses if agreement else 0,
        seeds=agreement.seeds if agreement else 0,
        kendall_tau=agreement.kendall_tau if agreement else None,
        low=certificate.low if certificate else None,
        high=certificate.high if certificate else None,
        corrected_tau=certificate.corrected if certificate else None,
        spearman_rho=agreement.spearman_rho if agreement else None,
        decision_accuracy=agreement.separable_decision_accuracy if agreement else None,
        top_k=agreement.top_k if agreement else None,
        top_k_overlap=agreement.top_k_overlap if agreement else None,
        needed_hypotheses=certificate.needed_hypotheses if certificate else None,
        needed_seeds=certificate.needed_seeds if certificate else None,
        relative_cost=relative,
        saving=1 - relative if relative is not None else None,
        runs=arm.trials.planned,
        failed_runs=arm.trials.failed,
    )


_VERDICTS: dict[RowVerdict, Verdict] = {
    RowVerdict.BETTER: "Better",
    RowVerdict.WORSE: "Worse",
    RowVerdict.EQUIVALENT: "Equivalent",
    RowVerdict.INCONCLUSIVE: "Inconclusive",
    RowVerdict.UNSTABLE: "Unstable",
    RowVerdict.FAILED: "Failed",
    RowVerdict.BASELINE: "Baseline",
}


def _hypothesis(judged: Judged, own: str, row: RankedHypothesis) -> HypothesisFinding:
    assessment, turned = judged.decided.assessment, judged.study.spec.metric.turned
    standing = assessment.standings.get(own)
    comparison = assessment.comparisons.get(own) if judged.baseline is not None else None

    def interval(low: float | None, high: float | None) -> tuple[float | None, float | None]:
        if low is None or high is None:
            return None, None
        first, last = sorted((turned(low), turned(high)))
        return first, last

    low, high = interval(standing.low, standing.high) if standing else (None, None)
    difference_low, difference_high = interval(comparison.low, comparison.high) if comparison else (None, None)
    difference = comparison.difference if comparison else None
    verdict = _VERDICTS[row.verdict]
    says_nothing = judged.baseline is None and verdict not in ("Unstable", "Failed")
    return HypothesisFinding(
        name=row.name,
        rank=row.rank,
        rank_low=row.rank_low,
        rank_high=row.rank_high,
        score=turned(standing.score) if standing else None,
        low=low,
        high=high,
        difference=turned(difference) if difference is not None else None,
        difference_low=difference_low,
        difference_high=difference_high,
        verdict=None if says_nothing else verdict,
        may_be_best=row.may_be_best,
        relative_cost=row.relative_cost_percent / 100 if row.relative_cost_percent is not None else None,
        runs=row.seeds,
        failed_runs=row.failed_seeds or 0,
        message=row.message or "",
    )
