"""Where screened hypotheses stand among the measured ones: by the scores that are expected of them at the reference."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from assay.planning.assessment.standings import Standing
from assay.ranking.sequential.ranks import ranks_by

if TYPE_CHECKING:
    from assay.ranking.screening.expected_scores import ExpectedScore


def with_screened(
    measured: Mapping[str, Standing],
    expected: Sequence[ExpectedScore],
    arm: str,
    confidence: float,
    unstable: Collection[str] = (),
) -> Mapping[str, Standing]:
    """Return the standings of all hypotheses, the best first. `measured` are those with scores at the reference; the
    others are `expected` by their scores on `arm`.

    Ranks are among all of them. A hypothesis is surely above another if their intervals do not overlap. The intervals
    of the screened ones hold all together with the stated confidence (Bonferroni), as far as the certificate holds: in
    simulations at 95 % one or more of 90 miss in .00 to .02 of the studies, but in .07 to .13 if scores are log-normal
    (`benchmarks/screening.py`). Which measured hypothesis is above another was decided before, more sharply than by
    their intervals. The `unstable` ones fail on some seeds: they come last, are surely above nobody, and are never the
    best. Raises ValueError if a hypothesis is both measured and expected.
    """
    if not expected:
        return measured
    if twice := sorted({each.hypothesis for each in expected} & measured.keys()):
        raise ValueError(f"expected: {', '.join(twice)} have scores at the reference")
    error = 1 - confidence
    names = [*measured, *(each.hypothesis for each in expected)]
    known = list(measured.values())
    half = np.array([each.half_width(error / len(expected)) for each in expected])
    guessed = np.array([each.score for each in expected])
    scores = np.concatenate([[each.score for each in known], guessed])
    low = np.concatenate([[-np.inf if each.low is None else each.low for each in known], guessed - half])
    high = np.concatenate([[np.inf if each.high is None else each.high for each in known], guessed + half])
    above = low[:, None] > high[None, :]
    above[: len(known), : len(known)] = False
    fails = np.array([name in unstable for name in names], dtype=np.bool_)
    above[fails] = False
    first, last = 1 + above.sum(axis=0), len(names) - above.sum(axis=1)
    ranks = ranks_by(scores, last=fails)
    found = {}
    for at, name in enumerate(names):
        if at < len(known):
            own = known[at]
            best = own.rank_low + int(first[at]) - 1
            worst = own.rank_high + int(last[at]) - len(known)
            may_be_best = own.may_be_best and first[at] == 1
            found[name] = own._replace(
                rank=int(ranks[at]), rank_low=best, rank_high=worst, may_be_best=bool(may_be_best)
            )
        else:
            each = expected[at - len(known)]
            alone = each.half_width(error)
            found[name] = Standing(
                score=each.score,
                low=each.score - alone,
                high=each.score + alone,
                rank=int(ranks[at]),
                rank_low=int(first[at]),
                rank_high=int(last[at]),
                may_be_best=bool(first[at] == 1 and not fails[at]),
                arm=arm,
            )
    return dict(sorted(found.items(), key=lambda pair: (pair[1].rank, -pair[1].score)))
