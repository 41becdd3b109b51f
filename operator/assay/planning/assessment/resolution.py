"""How finely the metric tells hypotheses apart, where it comes in steps: as a share of the held-out examples does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.api.resources import MOST_SCORE, REFERENCE
from assay.ranking import Scores
from assay.ranking.arrays import FloatArray
from assay_trainer.contract import TrialResult

if TYPE_CHECKING:
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study

MANY_TIES = 0.05
"""The share of tied pairs from which on it is worth a word."""

LOSS = "loss"
"""The name of the metric that may tell more."""

_NEAR = 0.02
"""How far a score may be from a whole number of examples: functions round."""

_FEWEST, _FINER = 4, 1.2
"""The fewest hypotheses that a comparison of metrics rests on, and how much finer the other must be to be named."""


@dataclass(frozen=True)
class Resolution:
    """A metric that is the share of so many held-out examples, and how often it ties hypotheses."""

    examples: int
    tied: float
    """The share of the pairs of hypotheses that have the same score with the same seed."""
    finer_by: float | None
    """How many times as large differences are beside the noise of the seeds if the same trials are compared by their
    loss; None where that is not known, or no gain."""


def resolution_of(study: Study, records: Records, reference: Scores) -> Resolution | None:
    """Return how finely the reference's scores tell hypotheses apart; None unless many of them are tied."""
    examples = study.definition.held_out_examples
    if examples is None or not _is_share_of(reference.values, examples):
        return None
    tied = _tied(reference.values)
    if tied < MANY_TIES:
        return None
    losses = None if study.spec.metric.name == LOSS else _losses(study, records, reference)
    return Resolution(examples, tied, _finer_by(reference, losses) if losses else None)


def _is_share_of(values: FloatArray, examples: int) -> bool:
    scores = np.abs(values[np.isfinite(values)])
    if not len(scores) or scores.max() > 1 or len(np.unique(scores)) < 2:
        return False
    right = scores * examples
    return bool((np.abs(right - np.round(right)) <= _NEAR).all())


def _tied(values: FloatArray) -> float:
    """Return the share of tied pairs within the seeds' scores."""
    tied = pairs = 0
    for column in values.T:
        _, counts = np.unique(column[np.isfinite(column)], return_counts=True)
        there = int(counts.sum())
        tied += int((counts * (counts - 1)).sum()) // 2
        pairs += there * (there - 1) // 2
    return tied / pairs if pairs else 0.0


def _losses(study: Study, records: Records, reference: Scores) -> Scores | None:
    """Return the losses of the trials that have these scores; None unless all have one."""
    rows = {name: row for row, name in enumerate(reference.hypotheses)}
    values = np.full(reference.values.shape, np.nan)
    for trial in study.design.trials:
        if trial.arm == REFERENCE and reference.present[rows[trial.hypothesis], trial.seed]:
            result = records[trial.key].result if trial.key in records else None
            if isinstance(result, TrialResult):
                values[rows[trial.hypothesis], trial.seed] = result.metrics.get(LOSS, np.nan)
    whole = bool(np.isfinite(values[reference.present]).all())
    return Scores(reference.hypotheses, reference.seeds, np.clip(values, -MOST_SCORE, MOST_SCORE)) if whole else None


def _finer_by(reference: Scores, losses: Scores) -> float | None:
    steps, smooth = _separation(reference), _separation(losses)
    return smooth / steps if steps and smooth and smooth >= _FINER * steps else None


def _separation(scores: Scores) -> float | None:
    """Return the typical difference of two hypotheses over the typical deviation from seed to seed: medians, since a
    hypothesis that diverges may have any loss."""
    seeds = scores.present.any(axis=0)
    values = scores.values[:, seeds] - np.nanmedian(scores.values[:, seeds], axis=0)
    values = values[scores.counts >= 2]
    if len(values) < _FEWEST:
        return None
    means, deviation = np.nanmean(values, axis=1), float(np.median(np.nanstd(values, axis=1, ddof=1)))
    first, second = np.triu_indices(len(values), 1)
    return float(np.median(np.abs(means[first] - means[second]))) / deviation if deviation > 0 else None
