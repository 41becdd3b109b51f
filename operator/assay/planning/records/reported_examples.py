"""What trials said of each held-out example: which of it a study's metric is the mean of, and what was made of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from assay.ranking import ExampleErrors
from assay_trainer.contract import PerExample, TrialResult

_NEAR = 0.002
"""How far the mean of the values may be from the metric, as a share: functions round, and sum in other orders."""


@dataclass(frozen=True)
class ReportedExamples:
    """What the trials of a study said of the held-out examples. `missing` says, by hypothesis, what is not known of its
    difference from the baseline, and why."""

    errors: ExampleErrors = field(default_factory=ExampleErrors)
    missing: Mapping[str, str] = field(default_factory=dict)


NO_EXAMPLES = ReportedExamples()
"""Nothing was said of them, or nobody asked."""


class MetricValues(NamedTuple):
    """The values that a metric is the mean of; the metric is `scale` times this mean, or that of what is left to 1."""

    described: PerExample
    scale: float


def metric_values(result: TrialResult, metric: str) -> MetricValues | None:
    """Return the values that a result's metric is the mean of, as a share or in percent; None if it has none."""
    score = result.metrics.get(metric, math.nan)
    for described in result.per_example:
        means = (described.mean, 1 - described.mean) if described.kind == "correct" else (described.mean,)
        for scale in (1.0, 100.0) if described.kind == "correct" else (1.0,):
            near = _NEAR * (scale if described.kind == "correct" else abs(score))
            if any(abs(score - scale * mean) <= near for mean in means):
                return MetricValues(described, scale)
    return None


def why_missing(result: TrialResult, metric: str) -> str:
    """Say why a result has no values that its metric is the mean of."""
    if not result.per_example:
        return "its function does not report them (trial.per_example), or they could not be used"
    said = " and ".join(f"{each.kind} of mean {each.mean:.4g}" for each in result.per_example)
    return f"it reported {said}, which {metric} {result.metrics.get(metric, math.nan):.4g} is not the mean of"
