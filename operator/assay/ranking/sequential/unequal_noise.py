"""Unequal noise: whether some hypotheses are plainly noisier than others, and what is done differently then.

Where one is, the noise of all says little about the noise of one, and such noise is skewed as a rule: a hypothesis
fails rarely and badly, and looks quiet until it does. So its own seeds count for more, early looks demand more, and a
variance is believed less than its degrees of freedom say. `benchmarks/decisions.py --table` and
`benchmarks/in_the_wild.py --table` measure this on the noise of recorded learning curves.

All of it is decided by the initial seeds alone, which all hypotheses have, so that no later seed changes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.sequential.group_sequential import SHAPE

ALARM = 0.1
"""How often equal and normal noise is taken for unequal noise. That makes nothing wrong and costs some seeds, while
unequal noise that is not seen costs false verdicts."""

FAR_APART_FROM = 0.8
"""From which excess on variances count as far apart; see `excess`. It is .5 if half of the hypotheses are 3 times as
noisy as the rest, .4 if one of twenty is 4 times as noisy, and .8 or more in half of the data sets of LCDB."""

_NONE = 1e-9
"""A variance that is no more than this part of the mean one counts as this part of it: its logarithm must be finite."""


@dataclass(frozen=True)
class NoiseRule:
    """How far the noise of others is believed, and how far a few seeds."""

    most_weight: float
    """The most degrees of freedom that the others' variance counts with in the variance of a hypothesis. More make
    intervals shorter if all hypotheses are equally noisy, and wrong more often if not."""
    most_weight_of_control: float
    """The same for the control, which all are compared with: an error in its variance is one in every comparison."""
    most_fixed_weight: float
    """The same where the weight does not depend on a pair's own noise: among all pairs, where that would take too
    long."""
    most_known: float
    """The most degrees of freedom that the variance of a difference is believed to have, however many seeds follow the
    initial ones; if there are more of these, it is their number. Fewer make intervals longer, as rare bad seeds need
    that did not happen yet."""
    shape: float
    """How much more early looks demand than late ones (see `group_sequential.SHAPE`)."""


ALIKE = NoiseRule(most_weight=14, most_weight_of_control=4, most_fixed_weight=6, most_known=np.inf, shape=SHAPE)
"""Where the noise looks alike. benchmarks/decisions.py --choices shows other values."""

UNEQUAL = NoiseRule(most_weight=1, most_weight_of_control=1, most_fixed_weight=1, most_known=8, shape=0.0)
"""Where it is plainly unequal, and at two initial seeds, which can't tell."""

FAR_APART = NoiseRule(most_weight=1, most_weight_of_control=1, most_fixed_weight=1, most_known=4, shape=-0.5)
"""Where variances are far apart: then rare bad seeds are to be expected."""


def rule_for(squares: FloatArray, known: IntArray) -> NoiseRule:
    """Return how far the noise is believed of these hypotheses.

    `squares`: (hypotheses,), the sums of squared residuals of each; `known`: their degrees of freedom. Of two
    hypotheses nothing can be said: what a seed adds to both is taken out, so that one's residuals mirror the other's.
    """
    seen = known > 0
    if int(seen.sum()) < 3 or ALARM <= 0:
        return ALIKE
    variances, degrees = squares[seen] / known[seen], known[seen].astype(np.float64)
    if excess(variances, degrees) >= FAR_APART_FROM:
        return FAR_APART
    return UNEQUAL if degrees.max() < 2 or chance_if_equal(variances, degrees) < ALARM else ALIKE


def excess(variances: FloatArray, degrees: FloatArray) -> float:
    """Return the log of the mean of the true variances, less the mean of their logs; 0 if all are equal.

    Variances that are estimated with some degrees of freedom each differ anyway: that is taken out, for normal noise.
    """
    mean, logs = _mean_and_logs(variances, degrees)
    by_chance = np.log(degrees / 2) - scipy.special.digamma(degrees / 2)
    return float(np.log(mean) - np.average(logs + by_chance, weights=degrees))


def chance_if_equal(variances: FloatArray, degrees: FloatArray) -> float:
    """Return how probable it is that equal noise gives variances that differ as much.

    Source: Bartlett 1937 (Proceedings of the Royal Society A 160). The test is sensitive to heavy tails as well, which
    is welcome here.
    """
    mean, logs = _mean_and_logs(variances, degrees)
    total, others = float(degrees.sum()), len(degrees) - 1
    statistic = total * np.log(mean) - float(degrees @ logs)
    correction = 1 + (float((1 / degrees).sum()) - 1 / total) / (3 * others)
    return float(scipy.special.chdtrc(others, max(statistic / correction, 0.0)))


def _mean_and_logs(variances: FloatArray, degrees: FloatArray) -> tuple[float, FloatArray]:
    mean = max(float(np.average(variances, weights=degrees)), np.finfo(np.float64).tiny)
    return mean, np.log(np.maximum(variances, _NONE * mean))
