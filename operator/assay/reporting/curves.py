"""Learning curves: what train functions reported after each epoch, averaged over seeds."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container

    from assay.reporting.trials import ReportedTrial, Trials


class CurveMean(NamedTuple):
    """One point of a hypothesis' curve on an arm: the mean over seeds."""

    hypothesis: str
    arm: str
    epoch: int
    value: float
    seeds: int


def curve_metric(trials: Trials) -> str | None:
    """Return the study's metric if any curve has it, else the metric that most curves have; None without curves."""
    wanted = trials.study.spec.metric.name
    seen: Counter[str] = Counter()
    for trial in _all(trials):
        if trial.result and trial.result.curve:
            seen.update(trial.result.curve[-1].metrics.keys())
    if wanted in seen or not seen:
        return wanted if seen else None
    return min(seen, key=lambda name: (-seen[name], name))


def curve_means(trials: Trials, metric: str, hypotheses: Container[str], most_points: int) -> tuple[CurveMean, ...]:
    """Return the curves of the hypotheses on all arms, averaged over seeds. A curve has at most `most_points` points (2
    or more) and always keeps its last; values that are not finite are left out."""
    cells: dict[tuple[str, str], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for trial in _all(trials):
        if trial.result and trial.planned.hypothesis in hypotheses:
            cell = cells[trial.planned.hypothesis, trial.planned.arm]
            for point in trial.result.curve:
                value = point.metrics.get(metric, math.nan)
                if math.isfinite(value):
                    cell[point.epoch].append(value)
    return tuple(
        CurveMean(hypothesis, arm, epoch, sum(values) / len(values), len(values))
        for (hypothesis, arm), epochs in cells.items()
        for epoch, values in _thinned(sorted(epochs.items()), most_points)
    )


def _all(trials: Trials) -> list[ReportedTrial]:
    return [trial for succeeded in trials.succeeded.values() for trial in succeeded]


def _thinned(points: list[tuple[int, list[float]]], most: int) -> list[tuple[int, list[float]]]:
    if len(points) <= most:
        return points
    last = len(points) - 1
    return [points[round(step * last / (most - 1))] for step in range(most)]
