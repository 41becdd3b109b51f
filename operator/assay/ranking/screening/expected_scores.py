"""What hypotheses that ran on the proxy alone would score at the reference, and how sure that is.

A line is fitted to the calibration's hypotheses: mean score at the reference against mean score on the proxy. Who ran
on the proxy alone is expected on it; how far off it may be is what the distances of the calibration's from it show (the
prediction interval of simple regression). These hold the noise of both arms' seeds as well as what the arms truly
disagree on. Where scores are skewed they are larger at one end, so each counts with the larger of the variance of all
and that of the nearest eight, and with seven degrees of freedom. It holds for hypotheses like the calibration's: it
rests on the certificate, and falls with it. `benchmarks/screening.py` measures how often an interval misses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assay.ranking.distributions import t_exceeded_by
from assay.ranking.scores import Scores

NEAREST = 8
"""Of the calibration's hypotheses, by their score on the proxy. There must be as many."""


class ExpectedScore(NamedTuple):
    """One hypothesis; higher is better, in the reference's units, as its `adjusted_means`."""

    hypothesis: str
    score: float
    deviation: float
    """Of its mean score at the reference from this one, on Student's t."""

    def half_width(self, error: float) -> float:
        """What the deviation exceeds with this probability, in (0, 1), up or down."""
        return self.deviation * t_exceeded_by(error / 2, NEAREST - 1)


def expected_scores(
    reference: Scores, proxy: Scores, calibration: Sequence[str], hypotheses: Sequence[str]
) -> tuple[ExpectedScore, ...]:
    """Of those of the hypotheses that have a score on the proxy, in their order.

    Of none of them if fewer than 8 of the calibration's have scores on both arms, or if the proxy gives all of these
    the same score. Both tables hold all the hypotheses named; on the proxy they should have equally many seeds. Raises
    KeyError if one is not there.
    """
    reference, proxy = reference.restricted(calibration), proxy.restricted((*calibration, *hypotheses))
    y, on_proxy = reference.adjusted_means, proxy.adjusted_means
    x, new = on_proxy[: len(calibration)], on_proxy[len(calibration) :]
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    count = len(x)
    if count < NEAREST or np.ptp(x) == 0:
        return ()
    centred = x - x.mean()
    spread = float((centred**2).sum())
    slope = float((centred * y).sum()) / spread
    squares = (y - y.mean() - slope * centred) ** 2
    near = np.argsort(np.abs(new[:, None] - x), axis=1, kind="stable")[:, :NEAREST]
    variance = np.maximum(squares.sum() / (count - 2), squares[near].sum(axis=1) / (NEAREST - 1))
    scores = y.mean() + slope * (new - x.mean())
    deviations = np.sqrt(variance * (1 + 1 / count + (new - x.mean()) ** 2 / spread))
    return tuple(
        ExpectedScore(name, float(score), float(deviation))
        for name, score, deviation in zip(hypotheses, scores, deviations, strict=True)
        if np.isfinite(score)
    )
