"""How far a proxy puts each hypothesis from where the reference has it, and which ones it plainly puts elsewhere."""

from __future__ import annotations

import numpy as np
import scipy

from assay.ranking.arrays import FloatArray
from assay.ranking.orders.agreement import kendall_tau_b
from assay.ranking.orders.concordance import rounded_means
from assay.ranking.orders.tau import correlation_of
from assay.ranking.scores import Scores
from assay.ranking.true_orders.estimands import normal_scores

APART_ERROR = 0.05
"""With at most this probability any hypothesis is said to stand apart if all disagree as normal scores do."""
FEWEST_TO_STAND_APART_FROM = 8
_MOST_APART = 5
"""One in so many may stand apart at most: with more of them there is nothing left to stand apart from."""
_STUDIES = 400


def disagreement(reference: FloatArray, proxy: FloatArray) -> FloatArray:
    """Return (..., hypotheses): the part of each normal score on the proxy that the one at the reference leaves over.

    `reference`, `proxy`: (..., hypotheses) normal scores, none constant. What is left over is that of the regression.
    """
    slope = (reference * proxy).sum(axis=-1, keepdims=True) / (reference**2).sum(axis=-1, keepdims=True)
    left: FloatArray = proxy - slope * reference
    return left


def observed_disagreement(reference: FloatArray, proxy: FloatArray) -> FloatArray:
    """Return (hypotheses,): the `disagreement` of rounded means.

    Where both arms have the very same order, it is that of the means themselves: the ranks leave nothing over.
    """
    of_ranks = disagreement(normal_scores(reference), normal_scores(proxy))
    if np.abs(of_ranks).max(initial=0.0) > _NOTHING:
        return of_ranks
    return disagreement(_standardised(reference), _standardised(proxy))


_NOTHING = 1e-9


def standing_apart(reference: Scores, proxy: Scores) -> tuple[int, ...]:
    """Return the rows of the hypotheses that stand apart, the farthest first; none of fewer than eight hypotheses.

    Two things must hold of each. It disagrees by more than the others do: by the generalised extreme studentised
    deviate test (Rosner 1983), whose critical values are raised to those of the ranks of simulated normal scores.
    And it disagrees by more than the seeds explain: by the larger of its own and the pooled variance, with Bonferroni's
    correction for all hypotheses. Both arms are balanced, and neither is constant.
    """
    hypotheses = len(reference.hypotheses)
    if hypotheses < FEWEST_TO_STAND_APART_FROM:
        return ()
    means = rounded_means(reference), rounded_means(proxy)
    found = disagreement(normal_scores(means[0]), normal_scores(means[1]))
    noise = sum(_noise(arm) for arm in (reference, proxy))
    beyond = np.abs(found) > -scipy.special.ndtri(APART_ERROR / 2 / hypotheses) * np.sqrt(noise)
    if not beyond.any():
        return ()
    tau = kendall_tau_b(*means)
    assert tau is not None
    outliers = _outliers(found, float(correlation_of(tau)))
    return tuple(row for row in outliers if beyond[row])


def _noise(arm: Scores) -> FloatArray:
    """Return (hypotheses,): the noise variance of each mean, where the means have a variance of 1."""
    variances = arm.cautious_variances
    if variances is None:
        return np.zeros(len(arm.hypotheses))
    return variances / len(arm.seeds) / float(arm.means.var(ddof=1))


def _outliers(found: FloatArray, correlation: float) -> list[int]:
    hypotheses = len(found)
    most = hypotheses // _MOST_APART
    left, out, outliers = list(range(hypotheses)), [], 0
    raised: float | None = None
    for step in range(1, most + 1):
        values = found[left]
        deviation, spread = np.abs(values - values.mean()), values.std(ddof=1)
        if spread <= _NOTHING:
            break
        farthest = int(deviation.argmax())
        ratio = deviation[farthest] / spread
        out.append(left.pop(farthest))
        critical = _critical(hypotheses, step)
        if ratio > critical:
            raised = _raised(hypotheses, correlation) if raised is None else raised
            if ratio > critical * raised:
                outliers = step
    return out[:outliers]


def _critical(hypotheses: int, step: int) -> float:
    """Return the critical value of Rosner's test for its k-th most extreme value (Rosner 1983, equation 2.5)."""
    left = hypotheses - step
    t = scipy.special.stdtrit(left - 1, 1 - APART_ERROR / 2 / (left + 1))
    return float(left * t / np.sqrt((left - 1 + t**2) * (left + 1)))


def _raised(hypotheses: int, correlation: float) -> float:
    """Return how much more extreme the farthest of normal scores' ranks are than normal values, at least 1."""
    generator = np.random.default_rng((0, hypotheses))
    simulated = min(hypotheses, 200)
    own, rest = generator.standard_normal((2, _STUDIES, simulated))
    r = float(np.clip(correlation, -_CLOSEST, _CLOSEST))
    places = normal_scores(np.arange(simulated, dtype=np.float64))
    other = r * own + np.sqrt(1 - r**2) * rest
    found = disagreement(places[own.argsort().argsort()], places[other.argsort().argsort()])
    spread = np.maximum(found.std(axis=1, ddof=1), _NOTHING)
    usual = float(np.quantile(np.abs(found).max(axis=1) / spread, 1 - APART_ERROR))
    return max(usual / _critical(simulated, 1), 1.0)


_CLOSEST = 0.999


def _standardised(scores: FloatArray) -> FloatArray:
    standardised: FloatArray = (scores - scores.mean()) / scores.std()
    return standardised
