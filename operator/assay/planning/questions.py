"""How many seeds each hypothesis needs on the reference for what the study asks."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.api.resources import Correction, Question
from assay.ranking import Scores

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudySpec
    from assay.planning.cells import ArmCells
    from assay.planning.study import Study

MINIMUM_SCORES = 2
"""A hypothesis with fewer has failed at its initial seeds; more of them would most likely fail as well."""


def seeds_needed(study: Study, reference: ArmCells) -> NDArray[np.int64]:
    """(hypotheses,): from the initial number of seeds to the maximum.

    It is found round by round: after each seed that all undecided hypotheses have, those that are decided by then, or
    can't be any more, drop out, and the others need one seed more. What later seeds say changes nothing about that, so
    the same scores ask for the same trials, in whatever order they arrive.
    """
    spec, scores = study.spec, reference.scores
    initial, maximum = spec.seeds.initial, spec.seeds.maximum
    needed = np.full(len(scores.hypotheses), initial, dtype=np.int64)
    if reference.rounds < initial:
        return needed
    baseline = scores.row(study.baseline)
    active = np.asarray(scores.restricted(scores.hypotheses, scores.seeds[:initial]).counts >= MINIMUM_SCORES)
    for seen in range(initial, maximum):
        if (reference.prefix[active] < seen).any():
            break
        undecided = _open(spec, study.baseline, scores.first_seeds(seen))
        active = active & np.array([name in undecided for name in scores.hypotheses])
        if not active.any():
            break
        if spec.question == Question.BEAT_BASELINE:
            active[baseline] = True
        needed[active] = seen + 1
    return needed


def _open(spec: ProxyStudySpec, baseline: str, reference: Scores) -> frozenset[str]:
    """Of whom one seed more may tell what the study asks."""
    return _undecided(
        reference,
        spec.question,
        baseline,
        float(spec.metric.smallest_effect),
        spec.verdicts.confidence_percent / 100,
        spec.verdicts.correction == Correction.FAMILY_WISE,
        spec.seeds.initial,
        spec.seeds.maximum,
    )


@lru_cache(maxsize=256)
def _undecided(
    reference: Scores,
    question: Question,
    baseline: str,
    smallest_effect: float,
    confidence: float,
    family_wise: bool,
    initial: int,
    maximum: int,
) -> frozenset[str]:
    return frozenset()
