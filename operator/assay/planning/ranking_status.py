"""The rows of the ranking: best first, those without a score last."""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING

from assay.api.bounds import shortened
from assay.api.decimals import decimal_string
from assay.api.resources import REFERENCE, RankedHypothesis, Verdict
from assay_trainer.contract import TrialResult

if TYPE_CHECKING:
    from assay.planning.assessment import Assessment
    from assay.planning.judgement import Judgement
    from assay.planning.records import Records
    from assay.planning.study import Study
    from assay_trainer.contract import Failure

_DIGITS = 5
"""Significant digits of scores."""


def ranking_rows(
    study: Study, records: Records, judgement: Judgement, assessment: Assessment
) -> tuple[RankedHypothesis, ...]:
    """All hypotheses of the study, as they stand; those without a score last."""
    costs = _relative_costs(study, records)
    failures = _failures(study, judgement)
    names = assessment.reference.hypotheses
    order = [*assessment.standings, *(name for name in names if name not in assessment.standings)]
    return tuple(_row(study, assessment, name, costs.get(name), failures.get(name)) for name in order)


def _row(
    study: Study, assessment: Assessment, name: str, cost: int | None, failure: Failure | None
) -> RankedHypothesis:
    reference, sign = assessment.reference, assessment.sign
    comparison, standing = assessment.comparisons.get(name), assessment.standings.get(name)
    message = f"{failure.reason}: {failure.message}" if failure else None
    if name == study.baseline:
        verdict = Verdict.BASELINE
    elif failure and standing is None:
        verdict = Verdict.FAILED
    else:
        verdict = Verdict(comparison.verdict) if comparison else Verdict.INCONCLUSIVE
    low, high = _turned(sign, standing.low, standing.high) if standing else (None, None)
    difference_low, difference_high = _turned(sign, comparison.low, comparison.high) if comparison else (None, None)
    difference = comparison.difference if comparison else None
    return RankedHypothesis(
        name=name,
        rank=standing.rank if standing else None,
        rank_low=standing.rank_low if standing else None,
        rank_high=standing.rank_high if standing else None,
        score=_text(sign * standing.score) if standing else None,
        low=_text(low),
        high=_text(high),
        difference=_text(sign * difference if difference is not None else None),
        difference_low=_text(difference_low),
        difference_high=_text(difference_high),
        verdict=verdict,
        may_be_best=standing.may_be_best if standing else None,
        arm=standing.arm if standing and standing.arm != REFERENCE else None,
        relative_cost_percent=cost,
        seeds=int(reference.counts[reference.row(name)]),
        message=shortened(message, 160) if message else None,
    )


def _turned(sign: float, low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """An interval of oriented scores in the metric's own units."""
    if low is None or high is None:
        return None, None
    return (low, high) if sign > 0 else (-high, -low)


def _relative_costs(study: Study, records: Records) -> dict[str, int]:
    """Percent of the baseline's cost per reference trial, on the same device model."""
    seconds: dict[str, dict[str, list[float]]] = {}
    for trial in study.design.trials:
        record = records.get(trial.key)
        if trial.arm == REFERENCE and record and isinstance(record.result, TrialResult):
            cost = record.result.cost
            seconds.setdefault(trial.hypothesis, {}).setdefault(cost.device_model, []).append(cost.accelerator_seconds)
    found: dict[str, int] = {}
    for name, by_model in seconds.items():
        common = [model for model in by_model if model in seconds.get(study.baseline, {})]
        if common:
            model = max(common, key=lambda each: len(by_model[each]))
            baseline = fmean(seconds[study.baseline][model])
            if baseline > 0:
                found[name] = round(100 * fmean(by_model[model]) / baseline)
    return found


def _failures(study: Study, judgement: Judgement) -> dict[str, Failure]:
    """A failure of each hypothesis that has one on the reference arm, among the trials that were asked for."""
    failures = judgement.progress.failures
    if not failures:
        return {}
    asked = study.design.trials if judgement.ladder else judgement.agenda.trials
    return {
        trial.hypothesis: failures[trial.key] for trial in asked if trial.arm == REFERENCE and trial.key in failures
    }


def _text(value: float | None) -> str | None:
    return decimal_string(value, _DIGITS) if value is not None and math.isfinite(value) else None
