"""What each hypothesis' trials on a ladder's rungs are expected to take.

A price is modelled as (a factor of the hypothesis) x (a factor of the rung). Where a hypothesis has run on a rung, the
price is the mean of its own trials; else the product of the factors. The rungs' factors begin with the guessed relative
work and follow the hypotheses that have run on more than one rung.
"""

from __future__ import annotations

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray

WEIGHT_OF_GUESS = 2.0
"""The guessed ratio of two rungs counts as much as so many hypotheses."""
LEAST = 1e-9
"""The least price, in seconds: of what costs nothing there is no ratio."""


def ladder_prices(costs: FloatArray, work: FloatArray) -> FloatArray | None:
    """Return the expected accelerator seconds of one more trial, (hypotheses, rungs); None while no trial has ended.

    `costs`: (hypotheses, rungs, seeds), NaN where none has ended. `work`: (rungs,), the guess.
    """
    means, factors, rungs = _parts(costs, work)
    if np.isnan(factors).all():
        return None
    own = np.where(np.isnan(factors), np.nanmedian(factors), factors)
    prices: FloatArray = np.where(np.isnan(means), own[:, None] * rungs, means)
    return prices


def hypothesis_factors(costs: FloatArray, work: FloatArray) -> FloatArray:
    """Return the price of each hypothesis on the reference, (hypotheses,), by the highest rung that it ran on; NaN
    where it ran on none."""
    return _parts(costs, work)[1]


def _parts(costs: FloatArray, work: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return mean costs (hypotheses, rungs), factors (hypotheses,) and the rungs' prices over the reference's
    (rungs,)."""
    seen = ~np.isnan(costs)
    counts = seen.sum(axis=2)
    ran = counts > 0
    means = np.maximum(np.where(seen, costs, 0.0).sum(axis=2) / np.maximum(counts, 1), LEAST)
    logs = np.log(means)
    steps = _log_ratios(logs, ran, np.log(work[1:] / work[:-1]))
    rungs = np.concatenate([[0.0], np.cumsum(steps)])
    rungs -= rungs[-1]
    top = len(work) - 1 - np.argmax(ran[:, ::-1], axis=1)
    factors = np.where(ran.any(axis=1), np.exp(logs[np.arange(len(costs)), top] - rungs[top]), np.nan)
    return np.where(ran, means, np.nan), factors, np.exp(rungs)


def _log_ratios(logs: FloatArray, ran: BoolArray, guess: FloatArray) -> FloatArray:
    """Return the log ratio of each rung's price to the price of the rung below, (rungs - 1,). Where a hypothesis
    skipped rungs, the ratio that it shows is shared out among the steps in between."""
    shares = np.where(guess > 0, guess, 1.0)
    excess, weights = np.zeros(len(guess)), np.full(len(guess), WEIGHT_OF_GUESS)
    before = np.full(len(logs), -1)
    for upper in range(logs.shape[1]):
        here = ran[:, upper]
        for lower in range(upper):
            rows = here & (before == lower)
            if count := int(rows.sum()):
                between = slice(lower, upper)
                beyond = float((logs[rows, upper] - logs[rows, lower]).sum()) - count * guess[between].sum()
                excess[between] += beyond * shares[between] / shares[between].sum()
                weights[between] += count
        before = np.where(here, upper, before)
    ratios: FloatArray = guess + excess / weights
    return ratios
