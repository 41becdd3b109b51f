"""Comparing hypotheses with the baseline, by the looks that the study has had and by the seeds that count for it."""

from __future__ import annotations

from assay.planning.study.looks import Looks
from assay.ranking import Comparison, ExampleErrors, Scores, compare_with_baseline


def compared(
    reference: Scores,
    baseline: str,
    *,
    smallest_effect: float,
    confidence: float,
    family_wise: bool,
    looks: Looks,
    since: int,
    fresh: ExampleErrors | None = None,
) -> tuple[Comparison, ...]:
    """Return the comparisons of all hypotheses but the baseline; see `compare_with_baseline`.

    `fresh`: as there. `since`: the first seed that counts, where the baseline was chosen by its score (see
    `Study.compared_from`). If the study has too few seeds from then on, nothing is said of anybody.
    """
    if since:
        looks = looks.after(since)
        if looks.maximum < looks.initial:
            others = (name for name in reference.hypotheses if name != baseline)
            return tuple(Comparison(name, 0, None, None, None, "Inconclusive") for name in others)
        reference = reference.restricted(reference.hypotheses, (seed for seed in reference.seeds if seed >= since))
        fresh = fresh.from_seed(since) if fresh else None
    return compare_with_baseline(
        reference,
        baseline,
        smallest_effect=smallest_effect,
        confidence=confidence,
        family_wise=family_wise,
        **looks.named,
        fresh=fresh,
    )
