"""What it would take to certify a proxy: so many more hypotheses, or seeds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from assay.ranking.certificate import Decision
from assay.ranking.criterion import Criterion
from assay.ranking.estimands import correlation_reaching
from assay.ranking.look import Look
from assay.ranking.precision import Noise

WANTED_POWER = 0.8
"""What is needed is said to be enough if it certifies with this probability."""
MOST_HYPOTHESES = 2000
"""More are not asked for; nor more than this many seeds."""
MOST_SEEDS = 100
ASSUMED_NOISE = 0.5
"""Noise to signal of a seed where too few hypotheses show none."""


class Needs(NamedTuple):
    """What would certify with probability `WANTED_POWER`; None where it would not, or can't be counted on."""

    hypotheses: int | None
    seeds: int | None
    message: str


class Limits(NamedTuple):
    """What even a perfect proxy could not show."""

    too_few: bool
    """So few hypotheses would not certify perfect agreement, even without noise."""
    too_noisy: bool
    """With this noise they would not."""


def what_it_takes(test: Look, criterion: Criterion, decision: Decision, limits: Limits, level: float) -> Needs:
    """For a look that could be tested; `level` is that of the test at one look."""
    if decision == "Trusted":
        return Needs(None, None, "")
    if decision == "NotTrusted":
        return Needs(None, None, "More hypotheses can't help: it takes a proxy that is closer to the reference.")
    begin = ""
    if limits.too_few or limits.too_noisy:
        begin = (
            f"{test.hypotheses} hypotheses{'' if limits.too_few else ' of this noise'} can't certify "
            f"{_a_value(criterion)}, even if the proxy orders every pair as the reference does. "
        )
    corrected, threshold = test.corrected, criterion.threshold
    if corrected is None and not limits.too_few:
        return Needs(None, None, f"{begin}It takes more seeds, or hypotheses that differ more.")
    if corrected is not None and corrected <= threshold and not limits.too_few:
        return Needs(
            None,
            None,
            f"{begin}The estimate itself, {corrected:.2f} after correction for noise, is not above the threshold "
            f"of {threshold:g}: more hypotheses help only if the proxy orders them better than these.",
        )
    # an estimate of 1 promises too much: no more than half way from the threshold to 1 is counted on, and where there
    # are too few hypotheses for any certificate, their estimate counts for nothing
    half_way = (1 + threshold) / 2
    assumed = half_way if limits.too_few or corrected is None else min(corrected, half_way)
    noise, of_noise = test.noise, " of this noise"
    if corrected is None:
        noise, of_noise = Noise((ASSUMED_NOISE, ASSUMED_NOISE)), f", noise {ASSUMED_NOISE:g} of their spread,"
    true = correlation_reaching(test.lower_estimand, assumed)
    hypotheses = hypotheses_needed(WANTED_POWER, test.trusted_from, true, noise, test.seeds, level)
    seeds = None if limits.too_few else _seeds_needed(test, true, noise, level)
    would = f"{_a_true_value(criterion, assumed)} would be certified with probability {WANTED_POWER:g}"
    if seeds is not None and hypotheses is not None:
        return Needs(
            hypotheses,
            seeds,
            f"{begin}With about {hypotheses} hypotheses{of_noise}, or {seeds} seeds of these, {would}.",
        )
    if hypotheses is not None:
        return Needs(hypotheses, None, f"{begin}With about {hypotheses} hypotheses{of_noise} {would}.")
    if seeds is not None:
        return Needs(None, seeds, f"{begin}With about {seeds} seeds of these hypotheses {would}.")
    or_seeds = "" if limits.too_few else f", or {MOST_SEEDS} seeds of these,"
    instead = f"{'more seeds, or ' if limits.too_few else ''}a proxy that is closer to the reference"
    return Needs(
        None,
        None,
        f"{begin}Even {MOST_HYPOTHESES} hypotheses{of_noise}{or_seeds} would not certify "
        f"{_a_true_value(criterion, assumed)} with probability {WANTED_POWER:g}: it takes {instead}.",
    )


def hypotheses_needed(
    power: float, threshold: float, true: float, noise: Noise, seeds: int, level: float
) -> int | None:
    """About how many hypotheses certify with this power, rounded up to two digits; None if over `MOST_HYPOTHESES`.

    `threshold` and `true` are correlations; see `Noise.power`.
    """
    if true <= threshold or seeds < 2 or not 0 < level < 1:
        return None
    counts = np.arange(4, MOST_HYPOTHESES + 1)
    enough = noise.power(threshold, true, counts, seeds, level) >= power
    if not enough.any():
        return None
    count = int(counts[np.argmax(enough)])
    unit = 10 ** max(len(str(count)) - 2, 0)
    return int(-(-count // unit) * unit)


def _seeds_needed(test: Look, true: float, noise: Noise, level: float) -> int | None:
    """More seeds than there are, of the same hypotheses."""
    if true <= test.trusted_from or test.hypotheses < 4 or not 0 < level < 1:
        return None
    count = np.array([test.hypotheses])
    for seeds in range(test.seeds + 1, MOST_SEEDS + 1):
        if noise.power(test.trusted_from, true, count, seeds, level)[0] >= WANTED_POWER:
            return seeds
    return None


def _a_value(criterion: Criterion) -> str:
    if criterion.statistic == "KendallTau":
        return f"a tau of {criterion.threshold:g}"
    if criterion.statistic == "DecisionAccuracy":
        return f"a decision accuracy of {criterion.threshold:g}"
    return f"a probability of {criterion.threshold:g}"


def _a_true_value(criterion: Criterion, value: float) -> str:
    if criterion.statistic == "KendallTau":
        return f"a true tau of {value:.2f}"
    if criterion.statistic == "DecisionAccuracy":
        return f"a true decision accuracy of {value:.2f}"
    return f"a true probability of {value:.2f}"
