"""Where each hypothesis stands: its score and its rank, with their uncertainty, and on which arm that rests."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from assay.api.resources import REFERENCE
from assay.ranking.sequential.ranks import ranks_by

if TYPE_CHECKING:
    from assay.planning.allocation.ladder_policy import Estimate
    from assay.ranking import RankInterval

_NORMAL = NormalDist()


class Standing(NamedTuple):
    """The standing of a hypothesis that has a score; higher is better. `low` and `high` are the interval of the score,
    None if it is not known."""

    score: float
    low: float | None
    high: float | None
    rank: int
    rank_low: int
    rank_high: int
    may_be_best: bool
    arm: str


def measured_standings(ranks: Mapping[str, RankInterval]) -> Mapping[str, Standing]:
    """Return the standings by the scores on the reference, the best first."""
    found = {}
    for name, each in ranks.items():
        if each.score is not None and each.rank is not None and each.low is not None and each.high is not None:
            score, low, high = each.score, each.score_low, each.score_high
            found[name] = Standing(score, low, high, each.rank, each.low, each.high, each.may_be_best, REFERENCE)
    return _best_first(found)


def estimated_standings(estimates: Mapping[str, Estimate], confidence: float) -> Mapping[str, Standing]:
    """Return the standings by the scores that are expected on the reference, the best first.

    The interval of a score holds for that score alone. The intervals of the ranks hold all together (Bonferroni over
    all pairs), as far as the estimates' standard errors are right. Unstable hypotheses come last, are surely above
    nobody, and are never the best.
    """
    known = {name: each for name, each in estimates.items() if each.score is not None and each.rung is not None}
    count = len(known)
    scores = np.array([each.score for each in known.values()], dtype=np.float64)
    variances = np.array([(each.deviation or math.inf) ** 2 for each in known.values()])
    critical = _NORMAL.inv_cdf(1 - (1 - confidence) / max(2, count * (count - 1)))
    better = scores[None, :] - scores[:, None] > critical * np.sqrt(variances[None, :] + variances[:, None])
    fails = np.array([each.is_unstable for each in known.values()], dtype=np.bool_)
    better[:, fails] = False
    first, last, ranks = 1 + better.sum(axis=1), count - better.sum(axis=0), ranks_by(scores, last=fails)
    alone = _NORMAL.inv_cdf((1 + confidence) / 2)
    found = {}
    for at, (name, each) in enumerate(known.items()):
        score, half = float(scores[at]), alone * each.deviation if each.deviation else None
        low, high = (score - half, score + half) if half is not None else (None, None)
        may_be_best = bool(first[at] == 1 and not each.is_unstable)
        arm = each.rung or REFERENCE
        found[name] = Standing(score, low, high, int(ranks[at]), int(first[at]), int(last[at]), may_be_best, arm)
    return _best_first(found)


def _best_first(standings: Mapping[str, Standing]) -> Mapping[str, Standing]:
    return dict(sorted(standings.items(), key=lambda pair: (pair[1].rank, -pair[1].score)))
