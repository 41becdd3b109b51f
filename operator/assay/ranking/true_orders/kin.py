"""Hypotheses that are kin: the members of a family share luck, in how a proxy misjudges them and in their noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.families import Families, contrasts
from assay.ranking.scores import Scores

FOUND_ERROR = 0.15
"""Keys that tell nothing apart are taken for families with at most this probability, all keys together. It costs
certificates where that happens, and to overlook families costs certificates that are wrong."""


@dataclass(frozen=True)
class Kin:
    """One way to sort hypotheses into families."""

    name: str
    """The label, or the key of the recipes, that says of which family a hypothesis is."""
    family_of: tuple[tuple[str, str], ...]
    """Hypotheses and their families; one that is not in it is a family of its own."""
    declared: bool = False
    """Whether the user says that these are families; else the scores must show it."""

    def families(self, hypotheses: Sequence[str]) -> Families:
        """Sort these hypotheses."""
        known = dict(self.family_of)
        keys = [(1, known[name]) if name in known else (0, name) for name in hypotheses]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        return Families(self.name, np.array([numbers[key] for key in keys], dtype=np.int64))


def families_among(
    candidates: Sequence[Kin], reference: Scores, proxy: Scores, disagreement: FloatArray
) -> Families | None:
    """Return the families that are declared, or else those that explain much of two balanced arms; None if none do.

    What is to be explained is the proxy's disagreement with the reference (see `observed_disagreement`), or the
    residuals of an arm's seeds. P-values are corrected for all that is tried (Bonferroni).
    """
    sorted_out = [(each.declared, each.families(reference.hypotheses)) for each in candidates]
    for declared, families in sorted_out:
        if declared:
            return families
    told = [families for _, families in sorted_out if families.tell_apart]
    distinct = list({families.of.tobytes(): families for families in reversed(told)}.values())[::-1]
    if not distinct:
        return None
    unexplained = [_unexplained(families, reference, proxy, disagreement) for families in distinct]
    best = int(np.argmin(unexplained))
    return distinct[best] if unexplained[best] * len(distinct) <= FOUND_ERROR else None


_OF_DISAGREEMENT, _OF_SEEDS = 0.75, 0.125
"""The parts of the error for what families explain of the disagreement, which errs more, and of each arm's seeds."""


def _unexplained(families: Families, reference: Scores, proxy: Scores, disagreement: FloatArray) -> float:
    """Return the p-value that families explain nothing, neither of the disagreement nor of the seeds of an arm."""
    p_values = [families.unexplained(disagreement[None]) / _OF_DISAGREEMENT]
    for arm in (reference, proxy):
        if len(arm.seeds) >= 2 and arm.noise is not None and arm.noise.variance > 0:
            # n seeds have n - 1 degrees of freedom: as many contrasts between them
            p_values.append(families.unexplained(contrasts(arm.residuals).T) / _OF_SEEDS)
    return min(p_values)
