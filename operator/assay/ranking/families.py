"""Families of hypotheses, and the analysis of variance between and within them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from assay.ranking.arrays import FloatArray, IntArray


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

    def degrees_of_freedom(self, between: float, within: float) -> float:
        """Return how many degrees of freedom these sums of squares have together (Satterthwaite 1946): from the number
        of families less 1, where all is between them, to the number of hypotheses less 1. Not both are 0."""
        share = between / (between + within)
        return 1 / (share**2 / (self.count - 1) + (1 - share) ** 2 / (len(self.of) - self.count))

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


def contrasts(residuals: FloatArray) -> FloatArray:
    """Return (hypotheses, seeds - 1): orthonormal contrasts between the seeds' residuals, (hypotheses, seeds)."""
    seeds = residuals.shape[1]
    between: FloatArray = scipy.linalg.helmert(seeds).T
    return residuals @ between
