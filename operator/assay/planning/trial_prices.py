"""What trials on a ladder's rungs are expected to cost.

The price of a trial is taken as (a factor of the hypothesis) x (a factor of the rung). Where a hypothesis has run on a
rung, its own mean counts; else its own factor with the rung's. Factors of rungs begin with the guess of the relative
work and follow the hypotheses that have run on both of two neighbouring rungs.
"""

from __future__ import annotations

import numpy as np

from assay.ranking.scores import FloatArray

WEIGHT_OF_GUESS = 2.0
"""The guessed ratio of two rungs counts like so many hypotheses."""
LEAST = 1e-9
"""Seconds; what costs nothing has no ratio."""


def trial_prices(costs: FloatArray, work: FloatArray) -> FloatArray | None:
    """(hypotheses, rungs): expected accelerator seconds of one more trial; None where no trial has ended yet.

    `costs`: (hypotheses, rungs, seeds), NaN where none has. `work`: (rungs,), the guess.
    """
    seen = ~np.isnan(costs)
    counts = seen.sum(axis=2)
    ran = counts > 0
    if not ran.any():
        return None
    means = np.maximum(np.where(seen, costs, 0.0).sum(axis=2) / np.maximum(counts, 1), LEAST)
    logs = np.log(means)
    steps = np.log(work[1:] / work[:-1])
    for rung in range(1, len(work)):
        both = ran[:, rung] & ran[:, rung - 1]
        observed = (logs[both, rung] - logs[both, rung - 1]).sum()
        steps[rung - 1] = (observed + WEIGHT_OF_GUESS * steps[rung - 1]) / (both.sum() + WEIGHT_OF_GUESS)
    rungs = np.concatenate([[0.0], np.cumsum(steps)])
    top = len(work) - 1 - np.argmax(ran[:, ::-1], axis=1)
    own = logs[np.arange(len(costs)), top] - rungs[top]
    own = np.where(ran.any(axis=1), own, np.median(own[ran.any(axis=1)]))
    prices: FloatArray = np.where(ran, means, np.exp(own[:, None] + rungs))
    return prices
