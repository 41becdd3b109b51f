"""How many seeds each hypothesis needs on the reference for what the study asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.api.resources import Correction, OnFailure, Question
from assay.planning.results.comparisons import compared
from assay.planning.study.looks import Looks
from assay.ranking import ExampleErrors, Scores, best_candidates, open_for_ranking
from assay.ranking.memory import NO_MEMORY, Memory

if TYPE_CHECKING:
    from assay.planning.results.score_tables import ScoreTable
    from assay.planning.study.study import Study

MINIMUM_SCORES = 2
"""A hypothesis with fewer has failed at its initial seeds; more of them would most likely fail as well."""


@dataclass(frozen=True, eq=False)
class SeedsNeeded:
    """Numbers of seeds on the reference, (hypotheses,) each, from the initial number to the maximum."""

    seeds: NDArray[np.int64]
    """The seeds that are needed, by what is known."""
    likely: NDArray[np.int64]
    """The seeds that are likely to be needed next; equal to `seeds` where none are."""


def seeds_needed(study: Study, reference: ScoreTable, memory: Memory = NO_MEMORY) -> SeedsNeeded:
    """Return how many seeds each hypothesis needs for the study's question.

    The number is found round by round. Once all undecided hypotheses have a seed, those drop out that it has decided,
    or that further seeds can hardly decide; the others need one seed more. Other results do not count: so the same
    scores ask for the same trials in whatever order they arrive, and a late one changes nothing that was decided.

    A hypothesis that has failed on a seed, where that makes it unstable, gets no more of them: whatever they were, it
    would not be better, or the best. If the baseline has, nobody gets any to be compared with it.

    Where the baseline was chosen by its score, all need as many seeds from then on as they need at first.
    """
    spec, scores = study.spec, reference.scores
    fails_count = spec.metric.on_failure is OnFailure.UNSTABLE
    initial, maximum = spec.seeds.initial, spec.seeds.maximum
    if study.compared_from and study.covers_baseline:
        initial = max(initial, study.compared_from + study.looks.initial)
    needed = np.full(len(scores.hypotheses), initial, dtype=np.int64)
    likely = needed.copy()
    if reference.rounds < initial or initial == maximum:
        return SeedsNeeded(needed, likely)
    if spec.question == Question.BEAT_BASELINE and not study.covers_baseline:
        # nothing can be asked, and what there is still counts for the order
        there = np.clip(reference.prefix, initial, maximum)
        return SeedsNeeded(there, there)
    baseline = scores.row(study.baseline)
    active = np.asarray(scores.first_seeds(initial).counts >= MINIMUM_SCORES)
    for seen in range(initial, maximum + 1):
        waiting = bool((reference.prefix[active] < seen).any())
        if waiting or seen == maximum:
            if waiting:
                likely[active] = min(seen + 1, maximum)
            break
        at_hand = reference.limited(np.minimum(needed, seen))
        failing = at_hand.failing if fails_count else frozenset()
        if study.baseline in failing and spec.question == Question.BEAT_BASELINE:
            break
        if failing:
            asked = spec.question == Question.BEAT_BASELINE
            at_hand = at_hand.for_verdicts(initial) if asked else at_hand.without(failing)
        undecided = _open(study, at_hand.scores.first_seeds(seen), seen, memory) - failing
        active = active & np.array([name in undecided for name in scores.hypotheses])
        if not active.any():
            break
        if spec.question == Question.BEAT_BASELINE:
            active[baseline] = True
        needed[active] = seen + 1
    return SeedsNeeded(needed, np.maximum(needed, likely))


def _open(study: Study, reference: Scores, seen: int, memory: Memory) -> frozenset[str]:
    """Return the hypotheses for which one more seed may answer the study's question."""
    spec = study.spec
    return memory.of(
        _undecided,
        reference,
        spec.question,
        study.baseline,
        float(spec.metric.smallest_effect),
        spec.verdicts.confidence_percent / 100,
        spec.verdicts.correction == Correction.FAMILY_WISE,
        study.looks,
        study.compared_from,
        study.fresh_examples.first_seeds(seen) if study.fresh_examples else None,
    )


def _undecided(
    reference: Scores,
    question: Question,
    baseline: str,
    smallest_effect: float,
    confidence: float,
    family_wise: bool,
    looks: Looks,
    compared_from: int,
    fresh: ExampleErrors | None,
) -> frozenset[str]:
    if question == Question.BEAT_BASELINE:
        comparisons = compared(
            reference,
            baseline,
            smallest_effect=smallest_effect,
            confidence=confidence,
            family_wise=family_wise,
            looks=looks,
            since=compared_from,
            fresh=fresh,
        )
        return frozenset(each.hypothesis for each in comparisons if each.is_open)
    if question == Question.FIND_BEST:
        return best_candidates(reference, smallest_effect=smallest_effect, confidence=confidence, **looks.named).open
    return open_for_ranking(reference, smallest_effect=smallest_effect, confidence=confidence, **looks.named)
