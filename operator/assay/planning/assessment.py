"""What the finished trials say: agreement of each arm with the reference, verdicts, ranks, trust."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from assay.api.resources import REFERENCE
from assay.planning.progress import Progress, State
from assay.ranking import (
    Agreement,
    Certificate,
    Comparison,
    RankInterval,
    Scores,
    agreement,
    certify,
    compare_with_baseline,
    noise_ceiling,
    rank_intervals,
)
from assay_trainer.contract import TrialResult

if TYPE_CHECKING:
    from assay.planning.records import Records
    from assay.planning.study import Study

TOP = 3
"""How many of the best hypotheses the top-k overlap is over."""

SIMULATION_SEED = 20210715
"""Of the simulations behind a certificate: the same scores give the same decision, on every machine."""


_REMEMBERED = 256
"""What the same scores say is the same: most plans differ from the last one in the scores of one arm, or of none."""


@dataclass(frozen=True)
class ProxyAssessment:
    """One proxy against the reference; `certificate` is None until the study has run its design."""

    agreement: Agreement | None
    certificate: Certificate | None


@dataclass(frozen=True)
class Assessment:
    """What is known. Scores are oriented so that higher is better; `sign` turns them back."""

    reference: Scores
    sign: float
    ceiling: float | None
    proxies: Mapping[str, ProxyAssessment]
    comparisons: Mapping[str, Comparison]
    ranks: Mapping[str, RankInterval]


def assess(study: Study, records: Records, progress: Progress, *, final: bool) -> Assessment:
    """Judge what there is. Certificates are made once, at the end: looking at them on the way would
    spend their error probability many times over."""
    scores = _scores(study, records, progress)
    reference = scores[REFERENCE]
    spec = study.spec
    confidence = spec.trust.confidence_percent / 100
    proxies = {
        arm: ProxyAssessment(
            agreement=_agreement(reference, proxy),
            certificate=_certify(reference, proxy, float(spec.trust.threshold), confidence) if final else None,
        )
        for arm, proxy in scores.items()
        if arm != REFERENCE
    }
    comparisons = compare_with_baseline(
        reference,
        study.baseline,
        smallest_effect=float(spec.metric.smallest_effect),
        confidence=spec.verdicts.confidence_percent / 100,
        family_wise=spec.verdicts.correction == "FamilyWise",
    )
    return Assessment(
        reference=reference,
        sign=_sign(study),
        ceiling=_ceiling(reference),
        proxies=proxies,
        comparisons={comparison.hypothesis: comparison for comparison in comparisons},
        ranks={interval.hypothesis: interval for interval in _ranks(reference, spec.verdicts.confidence_percent / 100)},
    )


def _sign(study: Study) -> float:
    return -1.0 if study.spec.metric.goal == "Minimize" else 1.0


def _scores(study: Study, records: Records, progress: Progress) -> dict[str, Scores]:
    """Per arm the scores (hypotheses x seeds); NaN where a trial failed or has not ended."""
    design, metric, sign = study.design, study.spec.metric.name, _sign(study)
    names = tuple(hypothesis.name for hypothesis in study.hypotheses)
    rows = {name: row for row, name in enumerate(names)}
    columns = {seed: column for column, seed in enumerate(design.seeds)}
    values = {arm: np.full((len(names), len(columns)), math.nan) for arm in design.arms}
    for trial in design.trials:
        if progress.states[trial.key] is State.SUCCEEDED:
            result = records[trial.key].result
            if isinstance(result, TrialResult):
                values[trial.arm][rows[trial.hypothesis], columns[trial.seed]] = sign * result.metrics[metric]
    return {arm: Scores(names, design.seeds, array) for arm, array in values.items()}


@lru_cache(maxsize=_REMEMBERED)
def _agreement(reference: Scores, proxy: Scores) -> Agreement | None:
    both = np.isfinite(reference.values).any(axis=1) & np.isfinite(proxy.values).any(axis=1)
    return agreement(reference, proxy, top_k=TOP) if both.sum() >= 2 else None


@lru_cache(maxsize=_REMEMBERED)
def _certify(reference: Scores, proxy: Scores, threshold: float, confidence: float) -> Certificate:
    generator = np.random.default_rng(SIMULATION_SEED)
    return certify(reference, proxy, threshold=threshold, confidence=confidence, generator=generator)


_ceiling = lru_cache(maxsize=_REMEMBERED)(noise_ceiling)
_ranks = lru_cache(maxsize=_REMEMBERED)(rank_intervals)
