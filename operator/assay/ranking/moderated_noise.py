"""The noise of a pair's difference: its own seeds say something, and all other hypotheses' too.

Source: the moderated t statistic of Smyth 2004 (Statistical Applications in Genetics and Molecular Biology 3:3), with
the prior's degrees of freedom fixed rather than estimated: from some twenty variances with two degrees of freedom each
they can't be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.ranking.scores import FloatArray, Scores

MOST_WEIGHT = 8
"""Degrees of freedom that the pooled variance counts with at most. More make intervals shorter if all hypotheses are
equally noisy, and wrong more often if they are not: see benchmarks/decisions.py."""


@dataclass(frozen=True)
class InitialNoise:
    """Noise pooled over the first seeds of all hypotheses, which all get.

    So a pair's decision rests on these and on the pair's own scores, and no later score of another changes it.
    """

    variance: float
    """Of one score; above 0."""
    weight: float
    """Degrees of freedom that it counts with, from 0 on; 0 where two hypotheses are all there are."""

    @classmethod
    def of(cls, table: Scores, initial: int) -> InitialNoise | None:
        """None where it is not known: too few scores among the first `initial` seeds, or scores no seed changes."""
        noise = table.restricted(table.hypotheses, table.seeds[:initial]).noise
        if noise is None or noise.variance == 0:
            return None
        # what the pair's own initial seeds say is not counted twice
        others = noise.degrees_of_freedom - (initial - 1)
        return cls(noise.variance, float(min(MOST_WEIGHT, max(others, 0))))

    def moderated(self, spread: FloatArray, seeds: FloatArray, scores: int = 2) -> FloatArray:
        """Variance at one seed of a difference of two scores, or of one: between its own and the pooled."""
        own = seeds - 1
        known = np.maximum(self.weight + own, np.finfo(np.float64).tiny)  # 0 before the second seed of a pair alone
        moderated: FloatArray = (self.weight * scores * self.variance + own * spread) / known
        return moderated

    def degrees_of_freedom(self, seeds: FloatArray) -> FloatArray:
        """With which it is known."""
        known: FloatArray = np.asarray(self.weight + seeds - 1)
        return known
