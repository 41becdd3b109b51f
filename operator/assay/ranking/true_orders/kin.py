"""Hypotheses that are kin: the members of a family share luck, in how a proxy misjudges them and in their noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.scores import Scores

FOUND_ERROR = 0.1
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


@dataclass(frozen=True, eq=False)
class Families:
    """The families of some hypotheses."""

    name: str
    """As `Kin.name`."""
    of: IntArray
    """(hypotheses,): the number of each one's family, from 0 on."""

    @property
    def count(self) -> int:
        """The number of families."""
        return int(self.of.max(initial=-1)) + 1

    @property
    def sizes(self) -> IntArray:
        """(families,): how many hypotheses each has."""
        sizes: IntArray = np.bincount(self.of, minlength=self.count)
        return sizes

    @property
    def of_a_kind(self) -> float:
        """The mean, over hypotheses, of the size of the family that each is in; at least 1."""
        return float((self.sizes**2).sum() / self.sizes.sum())

    @property
    def tell_apart(self) -> bool:
        """Whether there are two families or more, and one with two members or more."""
        return 1 < self.count < len(self.of)

    def effective_hypotheses(self, disagreement: FloatArray) -> float:
        """Return about how many unrelated hypotheses these are worth: from as many as families to all of them.

        They are divided by the design effect, 1 + (m - 1) rho (Kish 1965). m is `of_a_kind`, and rho the part of the
        (hypotheses,) disagreement that families share: the median of what fits the analysis of variance.
        """
        hypotheses = len(self.of)
        if not self.tell_apart:
            return float(self.count)
        between, within = (float(part) for part in self.squares(disagreement))
        degrees = self.count - 1, hypotheses - self.count
        size = (hypotheses - self.of_a_kind) / degrees[0]
        shared = 1.0
        if within > 1e-12 * between:
            ratio = between / degrees[0] / (within / degrees[1]) / float(scipy.special.fdtri(*degrees, 0.5))
            of_families = max(ratio - 1, 0.0) / size
            shared = of_families / (1 + of_families)
        return float(np.clip(hypotheses / (1 + (self.of_a_kind - 1) * shared), self.count, hypotheses))

    def squares(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (...,): the sums of squares of (..., hypotheses) values between families, and within them."""
        membership = np.zeros((len(self.of), self.count))
        membership[np.arange(len(self.of)), self.of] = 1.0
        centred = values - values.mean(axis=-1, keepdims=True)
        between = ((centred @ membership) ** 2 / self.sizes).sum(axis=-1)
        return between, np.maximum((centred**2).sum(axis=-1) - between, 0.0)

    def unexplained(self, values: FloatArray) -> float:
        """Return the p-value of the F test (Fisher 1925) that families explain nothing of these independent layouts.

        `values`: (layouts, hypotheses), each with an unknown mean.
        """
        between, within = (float(part.sum()) for part in self.squares(values))
        if within <= 1e-12 * between or between == 0:
            return 0.0 if between > 0 else 1.0
        degrees = (self.count - 1) * len(values), (len(self.of) - self.count) * len(values)
        ratio = between / degrees[0] / (within / degrees[1])
        return float(scipy.special.fdtrc(*degrees, ratio))


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


def contrasts(residuals: FloatArray) -> FloatArray:
    """Return (hypotheses, seeds - 1): orthonormal contrasts between the seeds' residuals, (hypotheses, seeds)."""
    seeds = residuals.shape[1]
    between: FloatArray = scipy.linalg.helmert(seeds).T
    return residuals @ between
