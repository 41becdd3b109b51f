"""Multi-fidelity scores: hypotheses that ran on different rungs, made comparable at the reference.

A hypothesis counts with its mean at the highest rung that it reached, plus the median gain of those that went on from
there. How sure that is follows from two kinds of uncertainty: the seed noise, which differs between hypotheses, and the
drift of the order between a rung and the reference, whose deviation grows with the halvings of work between them.

Learning curves are not extrapolated: a few seeds can't tell slopes from noise, and most of the drift is not in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from assay.ranking.arrays import BoolArray, FloatArray, IntArray

SHRINKAGE = 2.0
"""A median gain counts with weight m / (m + this), m being how many went on; the next rung's gain has the rest."""
DRIFT_PER_HALVING = 0.47
"""The deviation of the drift per halving of work, over one seed's noise. On the learning curves of 68 data sets the
medians are .45, .92, 1.25, 1.91, 2.41, 3.15 at 1 to 6 halvings (`benchmarks/drift.py`)."""
NOISE_OF_SPREAD, NOISE_WEIGHT = 0.2, 3.0
"""Until seeds show the noise, it is taken to be this share of the spread of the hypotheses, which counts like so many
observed deviations. Each hypothesis' own noise is shrunk to the pooled one with the same weight."""


@dataclass(frozen=True, eq=False)
class MultifidelityScores:
    """The scores that are expected at the last rung, the reference."""

    scores: FloatArray
    """(hypotheses,); NaN for a hypothesis without any score."""
    deviations: FloatArray
    """(hypotheses,): their standard errors, at least 0; NaN likewise."""
    tops: IntArray
    """(hypotheses,): the highest rung with a score; -1 where there is none."""
    seed_variances: FloatArray
    """(hypotheses,): the variance of one seed's score, at least 0."""
    drift_variances: FloatArray
    """(rungs,): the variance of the drift from a rung to the last."""

    def rightly_ordered(self, first: IntArray, second: IntArray) -> FloatArray:
        """Return the probability in [.5, 1] that a pair's true order is that of its scores; .5 where one has none.

        `first`, `second`: (pairs,) rows of the hypotheses.
        """
        difference = np.abs(self.scores[first] - self.scores[second])
        deviation = np.hypot(self.deviations[first], self.deviations[second])
        with np.errstate(divide="ignore", invalid="ignore"):
            probability = scipy.special.ndtr(difference / deviation)
        return np.where(np.isnan(probability), 0.5, probability)


def relative_drift(work: FloatArray) -> FloatArray:
    """Return (rungs,): the variance of the drift from a rung to the reference, where a seed's is 1.

    `work`: (rungs,), relative to the reference's.
    """
    return (DRIFT_PER_HALVING * np.maximum(-np.log2(work), 0.0)) ** 2


def multifidelity_scores(values: FloatArray, work: FloatArray) -> MultifidelityScores:
    """Carry scores up to the reference, which is the last rung.

    `values`: (hypotheses, rungs, seeds), NaN where there is no score. `work`: (rungs,), above 0, relative to the
    reference's.
    """
    present = ~np.isnan(values)
    counts = present.sum(axis=2)
    means = np.where(present, values, 0.0).sum(axis=2) / np.maximum(counts, 1)
    rows, last = np.arange(len(values)), values.shape[1] - 1
    scored = counts > 0
    tops = np.where(scored.any(axis=1), last - np.argmax(scored[:, ::-1], axis=1), -1)
    carried = means + _gains_to_last(means, scored)
    reached = np.maximum(tops, 0)
    squares, degrees = _residuals(values, means, counts, carried, work)
    pooled, own = _seed_variances(squares, degrees, _spread(carried, scored))
    drift = pooled * relative_drift(work)
    deviations = np.sqrt(drift[reached] + own / np.maximum(counts[rows, reached], 1))
    return MultifidelityScores(
        np.where(tops >= 0, carried[rows, reached], np.nan), np.where(tops >= 0, deviations, np.nan), tops, own, drift
    )


def _gains_to_last(means: FloatArray, scored: BoolArray) -> FloatArray:
    """Return (rungs,): what is added to a mean of each rung.

    They are found from the last rung downwards, each from the hypotheses that reached a higher one.
    """
    hypotheses, rungs = means.shape
    gains = np.zeros(rungs)
    top = np.full(hypotheses, np.nan)
    for rung in range(rungs - 1, -1, -1):
        here = scored[:, rung]
        went_on = here & ~np.isnan(top)
        if rung < rungs - 1:
            count = int(went_on.sum())
            own = float(np.median(top[went_on] - means[went_on, rung])) if count else 0.0
            gains[rung] = (count * own + SHRINKAGE * gains[rung + 1]) / (count + SHRINKAGE)
        fresh = here & np.isnan(top)
        top[fresh] = means[fresh, rung] + gains[rung]
    return gains


def _residuals(
    values: FloatArray, means: FloatArray, counts: IntArray, carried: FloatArray, work: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return (hypotheses,) each: the sum of squared deviations, and how many there are.

    They are the deviations between the seeds of a rung, and those between a rung and the one that the hypothesis ran on
    before, scaled so that each has a seed's variance.
    """
    deviations = np.where(np.isnan(values), 0.0, values - means[:, :, None])
    squares: FloatArray = (deviations**2).sum(axis=(1, 2))
    degrees = np.maximum(counts - 1, 0).sum(axis=1).astype(np.float64)
    drift = relative_drift(work)
    before = np.full(len(values), -1)
    for rung in range(len(work)):
        here = counts[:, rung] > 0
        for lower in range(rung):
            rows = np.flatnonzero(here & (before == lower))
            if len(rows) > 1:
                steps = carried[rows, rung] - carried[rows, lower]
                steps -= np.median(steps)
                expected = drift[lower] - drift[rung] + 1 / counts[rows, rung] + 1 / counts[rows, lower]
                squares[rows] += steps**2 / np.abs(expected) * len(rows) / (len(rows) - 1)
                degrees[rows] += 1
        before = np.where(here, rung, before)
    return squares, degrees


def _spread(carried: FloatArray, scored: BoolArray) -> float:
    """Return how far hypotheses lie apart: the standard deviation of normal scores with these quartiles."""
    first = carried[scored.any(axis=1), np.argmax(scored, axis=1)[scored.any(axis=1)]]
    return float(np.subtract(*np.quantile(first, [0.75, 0.25])) / 1.349) if len(first) > 1 else 0.0


def _seed_variances(squares: FloatArray, degrees: FloatArray, spread: float) -> tuple[float, FloatArray]:
    """Return the pooled variance of a seed, and (hypotheses,) their own, shrunk to it.

    For the pooled one, a hypothesis' own is cut off at four times the median: one whose scores jump about says nothing
    of the others.
    """
    seen = degrees > 0
    limit = 4 * float(np.median(squares[seen] / degrees[seen])) if seen.any() else 0.0
    usual = np.minimum(squares, limit * degrees) if limit > 0 else squares
    guess = (NOISE_OF_SPREAD * spread) ** 2
    pooled = float((NOISE_WEIGHT * guess + usual.sum()) / (NOISE_WEIGHT + degrees.sum()))
    return pooled, (NOISE_WEIGHT * pooled + squares) / (NOISE_WEIGHT + degrees)
