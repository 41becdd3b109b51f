"""A result that lacks a finite number for the study's metric, such as one that was made for another metric."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from assay.planning.records.records import Records
from assay.planning.results.progress import State, progress_of
from assay.planning.study.study import Study
from assay_trainer.contract import FailureReason, TrialResult
from builders.studies import a_study, records_of_scores


def with_metrics(metrics: dict[str, float], *notes: str) -> tuple[Study, Records, str]:
    """A study of which one trial has a result with these metrics; the others have scores."""
    study = a_study(hypotheses=2, seeds=2)
    records = dict(records_of_scores(study, lambda trial: 0.5))
    key = study.design.trials[1].key
    result = records[key].result
    assert isinstance(result, TrialResult)
    records[key] = replace(
        records[key], result=result.model_copy(update={"metric": "loss", "metrics": metrics, "notes": notes})
    )
    return study, records, key


@pytest.mark.parametrize("given", [math.inf, -math.inf, math.nan])
def test_a_score_that_is_not_finite_is_a_failed_trial(given: float) -> None:
    study, records, key = with_metrics({"loss": 1.0, "accuracy": given})
    progress = progress_of(study, records)
    assert progress.states[key] is State.FAILED
    failure = progress.failures[key]
    assert failure.reason is FailureReason.SCORE_NOT_FINITE
    assert failure.message == f"metric 'accuracy': given {given}; allowed: a finite number"


def test_a_missing_metric_is_said_with_what_became_of_it() -> None:
    metrics = {"loss": 1.0} | {f"m{number:03}": 0.0 for number in range(500)}
    study, records, key = with_metrics(metrics, "accuracy left out: a list of 3", "m left out: None")
    failure = progress_of(study, records).failures[key]
    assert failure.reason is FailureReason.METRIC_MISSING
    assert failure.message.startswith("metric 'accuracy' is not among those of the trial: loss, m000, ")
    assert failure.message.endswith("m018 and 481 more; accuracy left out: a list of 3")
