"""What hypotheses that ran on the proxy alone would score at the reference, and how sure that is.

A line is fitted to the calibration's hypotheses: mean score at the reference against mean score on the proxy. A
hypothesis that ran on the proxy alone is expected on this line, and the distances of the calibration's hypotheses from
it show how far off that may be (the prediction interval of simple linear regression: Casella and Berger, Statistical
Inference, 2nd ed. 2002, section 11.3.5). The distances come from the seed noise of both arms as well as from true
disagreement of the arms. Where scores are skewed they are larger at one end. So each hypothesis gets the larger of two
variances, that of all distances and that of the eight nearest, with seven degrees of freedom. This holds for hypotheses
like the calibration's: it rests on the certificate, and falls with it. `benchmarks/screening.py` measures how often an
interval misses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assay.ranking.distributions import t_exceeded_by
from assay.ranking.scores import Scores

NEAREST = 8
"""How many of the calibration's hypotheses, by their scores on the proxy, count as near. There must be as many."""


class ExpectedScore(NamedTuple):
    """The expected score of one hypothesis; higher is better, in the units of the reference's `adjusted_means`."""

    hypothesis: str
    score: float
    deviation: float
    """The scale of its true mean's distance from this one, which has Student's t distribution."""

    def half_width(self, error: float) -> float:
        """Return the distance, up or down, that is exceeded with this probability, in (0, 1)."""
        return self.deviation * t_exceeded_by(error / 2, NEAREST - 1)


def expected_scores(
    reference: Scores, proxy: Scores, calibration: Sequence[str], hypotheses: Sequence[str]
) -> tuple[ExpectedScore, ...]:
    """Return the expected scores of the hypotheses that have a score on the proxy, in their order.

    There are none if fewer than 8 of the calibration's hypotheses have scores on both arms, or if the proxy gives all
    of these the same score. Both tables hold all the hypotheses named; on the proxy they should have equally many
    seeds. Raises KeyError if a hypothesis is not there.
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
