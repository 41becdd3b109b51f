"""The rows of the ranking: the best first, hypotheses without a score last."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from assay.api.bounds import shortened
from assay.api.decimals import decimal_string
from assay.api.resources import REFERENCE, Metric, RankedHypothesis, Verdict
from assay.planning.results.progress import State
from assay.ranking import noisy_hypotheses
from assay_trainer.contract import TrialResult

if TYPE_CHECKING:
    from assay.planning.assessment.assessment import Assessment
    from assay.planning.judgement import Judgement
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study
    from assay.ranking import Comparison, Noisiness
    from assay_trainer.contract import Failure

_DIGITS = 5
"""Significant digits of scores."""

_MESSAGE_LENGTH = 160
"""The most characters of a row's message."""

_MOST_TIMES = 1000
"""What varies more often as much as the others is said to vary more than so many times as much."""


def ranking_rows(
    study: Study, records: Records, judgement: Judgement, assessment: Assessment
) -> tuple[RankedHypothesis, ...]:
    """Return the rows of all hypotheses as they stand, those without a score last."""
    costs = _relative_costs(study, records)
    seen = _Seen.of(study, judgement)
    names = assessment.reference.hypotheses
    noisy = noisy_hypotheses(assessment.reference)
    order = [*assessment.standings, *(name for name in names if name not in assessment.standings)]
    return tuple(_row(study, assessment, name, costs.get(name), seen, noisy.get(name)) for name in order)


@dataclass(frozen=True)
class _Seen:
    """What has become of the trials that were asked for."""

    seeds: Mapping[tuple[str, str], int]
    """By hypothesis and arm: how many trials have a result, and have not failed before."""
    failed: Mapping[tuple[str, str], int]
    """By hypothesis and arm: how many trials failed for good, or by the hypothesis' own fault before a retry."""
    to_come: frozenset[str]
    """Hypotheses that are still to get a result on the reference."""
    failures: Mapping[tuple[str, str], Failure]
    """By hypothesis and arm: a failure of its trials, where there is one; one of its own, if it has both kinds."""

    @classmethod
    def of(cls, study: Study, judgement: Judgement) -> _Seen:
        progress = judgement.progress
        asked = study.design.trials if judgement.ladder else judgement.agenda.trials
        seeds: Counter[tuple[str, str]] = Counter()
        failed: Counter[tuple[str, str]] = Counter()
        failures: dict[tuple[str, str], Failure] = {}
        own: dict[tuple[str, str], Failure] = {}
        to_come = set()
        for key, hypothesis, arm, _, _ in asked:
            state, fault = progress.states[key], progress.own_failures.get(key)
            if fault is not None or state is State.FAILED:
                failed[hypothesis, arm] += 1
                if fault is not None:
                    own[hypothesis, arm] = fault
                if state is State.FAILED:
                    failures[hypothesis, arm] = progress.failures[key]
            elif state is State.SUCCEEDED:
                seeds[hypothesis, arm] += 1
            if arm == REFERENCE and state not in (State.FAILED, State.SUCCEEDED, State.SPARE):
                to_come.add(hypothesis)
        return cls(seeds, failed, frozenset(to_come), failures | own)


def _row(
    study: Study, assessment: Assessment, name: str, cost: int | None, seen: _Seen, noisy: Noisiness | None
) -> RankedHypothesis:
    metric = study.spec.metric
    comparison, standing = assessment.comparisons.get(name), assessment.standings.get(name)
    arm = standing.arm if standing else assessment.screened.get(name, REFERENCE)
    failed = (name, REFERENCE) in seen.failures or (name, arm) in seen.failures
    if name == study.baseline:
        verdict = Verdict.BASELINE
    elif failed and standing is None:
        verdict = Verdict.FAILED
    elif name in assessment.unstable and not (comparison and comparison.verdict == "Worse"):
        verdict = Verdict.UNSTABLE
    else:
        verdict = Verdict(comparison.verdict) if comparison else Verdict.INCONCLUSIVE
    low, high = _turned(metric, standing.low, standing.high) if standing else (None, None)
    difference_low, difference_high = _turned(metric, comparison.low, comparison.high) if comparison else (None, None)
    difference = comparison.difference if comparison else None
    return RankedHypothesis(
        name=name,
        rank=standing.rank if standing else None,
        rank_low=standing.rank_low if standing else None,
        rank_high=standing.rank_high if standing else None,
        score=_text(metric.turned(standing.score)) if standing else None,
        low=_text(low),
        high=_text(high),
        difference=_text(metric.turned(difference) if difference is not None else None),
        difference_low=_text(difference_low),
        difference_high=_text(difference_high),
        verdict=verdict,
        may_be_best=standing.may_be_best if standing else None,
        arm=arm if arm != REFERENCE else None,
        relative_cost_percent=cost,
        seeds=seen.seeds.get((name, arm), 0),
        failed_seeds=seen.failed.get((name, arm)) or None,
        message=_with_noise(_message(study, assessment, name, arm, verdict, seen), noisy),
    )


def _message(study: Study, assessment: Assessment, name: str, arm: str, verdict: Verdict, seen: _Seen) -> str | None:
    """Return why there is no verdict, where the row itself does not show it."""
    failure = seen.failures.get((name, arm)) or seen.failures.get((name, REFERENCE))
    if failure is not None:
        return shortened(f"{failure.reason}: {failure.message}", _MESSAGE_LENGTH)
    if verdict is not Verdict.BASELINE and study.baseline in assessment.unstable:
        return "No verdict, since the baseline fails on some of its seeds."
    if verdict is not Verdict.INCONCLUSIVE:
        return None
    if name in assessment.screened:
        return f"Screened on {assessment.screened[name]} alone; the best of those go on to the reference."
    comparison = assessment.comparisons.get(name)
    if not study.covers_baseline:
        return _NOT_COVERED.format(study.compared_from + study.looks.initial)
    if comparison is None or assessment.estimates:
        return None
    if study.fresh_examples is not None and (missing := study.history.examples.missing.get(name)):
        return shortened(f"Nothing is known for fresh examples: {missing}.", _MESSAGE_LENGTH)
    if comparison.low is None and name not in seen.to_come and comparison.seeds < study.looks.initial:
        return _too_few_in_common(comparison.seeds, study.looks.initial)
    return _why_undecided(study, comparison, to_come=name in seen.to_come)


def _too_few_in_common(seeds: int, initial: int) -> str:
    return f"Of the seeds that have a score, {seeds} are the baseline's too; a verdict takes {initial}."


_NOT_COVERED = "The baseline was chosen by its score, so only later seeds may compare it: set seeds.maximum to {}."


def _why_undecided(study: Study, comparison: Comparison, *, to_come: bool) -> str | None:
    """Return what further seeds would do for the verdict; `to_come`: the hypothesis still gets some."""
    seeds = study.spec.seeds
    if comparison.is_open and study.compared_from + comparison.seeds >= seeds.maximum:
        return f"Not decided by {seeds.maximum} seeds."
    if comparison.is_futile:
        more = "; more held-out examples may" if comparison.limited_by_examples else ""
        return f"More seeds would hardly decide it{more}."
    if comparison.is_open:
        return "More seeds may decide it." if to_come else "The question asks no more seeds of it."
    return f"Not decided by {seeds.maximum} seeds." if seeds.initial < seeds.maximum <= comparison.seeds else None


def _with_noise(message: str | None, noisy: Noisiness | None) -> str | None:
    """Add to a row's message that the hypothesis is plainly noisier than the others."""
    if noisy is None:
        return message
    if noisy.bad_seed is not None:
        how = "worse" if noisy.is_worse else "better"
        said = f"Its seed {noisy.bad_seed} is far {how} than its other seeds."
    else:
        times = f"{noisy.times:.0f}" if noisy.times <= _MOST_TIMES else f"more than {_MOST_TIMES}"
        said = f"Its seeds vary {times} times as much as the others'."
    return f"{shortened(message, _MESSAGE_LENGTH - len(said) - 1)} {said}" if message else said


def _turned(metric: Metric, low: float | None, high: float | None) -> tuple[float | None, float | None]:
    """Turn an interval of oriented scores back to the metric's own direction."""
    if low is None or high is None:
        return None, None
    first, last = sorted((metric.turned(low), metric.turned(high)))
    return first, last


def _relative_costs(study: Study, records: Records) -> dict[str, int]:
    """Return the cost of a reference trial by hypothesis, in percent of the baseline's on the same device model."""
    seconds: dict[str, dict[str, list[float]]] = {}
    for trial in study.design.trials:
        record = records.get(trial.key) if trial.arm == REFERENCE else None
        if record is not None and isinstance(record.result, TrialResult):
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


def _text(value: float | None) -> str | None:
    return decimal_string(value, _DIGITS) if value is not None and math.isfinite(value) else None
