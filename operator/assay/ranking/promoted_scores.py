"""Scores of hypotheses that were run on different rungs, carried up to the reference so that they can be ordered.

A hypothesis counts with its mean at the highest rung that it reached, plus the median of what those gained from there
that went on. How sure that is follows from two kinds of uncertainty: a seed's noise, and the drift of the order between
a rung and the reference, whose deviation grows with the number of halvings of work between them.

Curves are not extrapolated: a few seeds can't tell slopes from the noise, and the order's drift is not in the slopes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from assay.ranking.scores import FloatArray

SHRINKAGE = 2.0
"""A median gain counts with m / (m + this), m being how many went on; the rest is the gain of the next rung."""
DRIFT_PER_HALVING = 0.47
"""Deviation of the drift per halving of work, over one seed's noise: on the learning curves of 68 data sets the
medians are .42, .93, 1.36, 1.92, 3.55 at 1, 2, 3, 4, 6 halvings."""


@dataclass(frozen=True, eq=False)
class PromotedScores:
    """What is expected at the last rung."""

    scores: FloatArray
    """(hypotheses,); NaN for a hypothesis without any score."""
    deviations: FloatArray
    """(hypotheses,): standard errors; NaN likewise, and where no two scores show how much they vary."""
    tops: NDArray[np.int64]
    """(hypotheses,): the highest rung with a score; -1 where there is none."""

    def surely_ordered(self, first: int, second: int) -> float:
        """Probability in [.5, 1] that the two are ordered as their scores say; .5 where that is not known."""
        difference = abs(self.scores[first] - self.scores[second])
        deviation = np.hypot(self.deviations[first], self.deviations[second])
        if not np.isfinite(difference) or not np.isfinite(deviation):
            return 0.5
        return float(scipy.special.ndtr(difference / deviation)) if deviation > 0 else 1.0 - 0.5 * (difference == 0)


def relative_variances(work: FloatArray, seeds: FloatArray | NDArray[np.int64]) -> FloatArray:
    """Variance of a mean over so many seeds, at least 1, as an estimate of the reference; a seed's variance is 1.

    `work`: of the rung, relative to the reference's. Shapes must broadcast.
    """
    halvings = np.maximum(-np.log2(work), 0.0)
    variances: FloatArray = (DRIFT_PER_HALVING * halvings) ** 2 + 1 / np.maximum(seeds, 1)
    return variances


def promoted_scores(values: FloatArray, work: FloatArray) -> PromotedScores:
    """Carry scores up.

    `values`: (hypotheses, rungs, seeds), the reference the last rung, NaN where there is none.
    `work`: (rungs,), relative to the reference's.
    """
    present = ~np.isnan(values)
    counts = present.sum(axis=2)
    means = np.where(present, values, 0.0).sum(axis=2) / np.maximum(counts, 1)
    rows, last = np.arange(len(values)), values.shape[1] - 1
    tops = np.where((counts > 0).any(axis=1), last - np.argmax(counts[:, ::-1] > 0, axis=1), -1)
    gains = _gains_to_last(means, counts > 0)
    reached = np.maximum(tops, 0)
    scores = np.where(tops >= 0, means[rows, reached] + gains[reached], np.nan)
    variances = relative_variances(work[reached], counts[rows, reached])
    scale = _noise_scale(means, counts, gains, work, values)
    return PromotedScores(scores, np.where(tops >= 0, scale * np.sqrt(variances), np.nan), tops)


def _gains_to_last(means: FloatArray, scored: NDArray[np.bool_]) -> FloatArray:
    """(rungs,): what is added to a mean of a rung; from the last downwards, each by those that reached a higher one."""
    hypotheses, rungs = means.shape
    gains = np.zeros(rungs)
    carried = np.full(hypotheses, np.nan)
    for rung in range(rungs - 1, -1, -1):
        here = scored[:, rung]
        above = here & ~np.isnan(carried)
        if rung < rungs - 1:
            count = int(above.sum())
            own = float(np.median(carried[above] - means[above, rung])) if count else 0.0
            gains[rung] = (count * own + SHRINKAGE * gains[rung + 1]) / (count + SHRINKAGE)
        fresh = here & np.isnan(carried)
        carried[fresh] = means[fresh, rung] + gains[rung]
    return gains


def _noise_scale(
    means: FloatArray, counts: NDArray[np.int64], gains: FloatArray, work: FloatArray, values: FloatArray
) -> float:
    """Deviation of one seed's score, from seeds of a rung and from drifts between rungs; NaN if neither is there.

    Both are put on the scale of one seed by `relative_variances`.
    """
    repeated = counts > 1
    squares = float(np.nansum(np.where(repeated[:, :, None], (values - means[:, :, None]) ** 2, 0.0)))
    degrees = int((counts[repeated] - 1).sum())
    drift = relative_variances(work, np.full(len(work), np.inf))
    for rung in range(len(work) - 1):
        upper = rung + 1
        both = (counts[:, rung] > 0) & (counts[:, upper] > 0)
        if both.sum() > 1:
            steps = means[both, upper] + gains[upper] - means[both, rung] - gains[rung]
            expected = drift[rung] - drift[upper] + 1 / counts[both, rung] + 1 / counts[both, upper]
            squares += float(((steps - steps.mean()) ** 2 / expected).sum())
            degrees += int(both.sum()) - 1
    return float(np.sqrt(squares / degrees)) if degrees else float("nan")
