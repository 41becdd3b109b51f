"""What it would take to certify a proxy: how many more hypotheses, or seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.certificates.certificate import Decision
from assay.ranking.certificates.criterion import Criterion
from assay.ranking.certificates.growing_backlogs import Backlog, Wave
from assay.ranking.certificates.look import Look
from assay.ranking.true_orders.precision import TwoArmNoise

WANTED_POWER = 0.8
"""So many hypotheses, or seeds, are said to be enough if they certify with this probability."""
MOST_HYPOTHESES = 2000
"""No study is asked for more hypotheses than this."""
MOST_SEEDS = 100
"""No study is asked for more seeds than this."""
MOST_TIMES = 10
"""What takes more than this many times a study's hypotheses, or seeds, is called not affordable."""
ALWAYS_AFFORDABLE = 50
"""This many hypotheses are asked for of any study, however few it has."""
THRESHOLD_STEP, LOWEST_THRESHOLD = 0.05, 0.1
"""The lower thresholds that are proposed instead: multiples of the step, from the lowest on."""
ASSUMED_NOISE = 0.5
"""The noise-to-signal of a seed, where there are too few hypotheses to show it."""


class Needed(NamedTuple):
    """What would certify with probability `WANTED_POWER`; None where nothing would or that is not sure."""

    hypotheses: int | None
    seeds: int | None
    message: str


class OutOfReach(NamedTuple):
    """What even a perfect proxy could not show with these hypotheses and seeds."""

    too_few: bool
    """The hypotheses are too few to certify perfect agreement, even without noise."""
    too_noisy: bool
    """They are too few to certify it with this noise."""


@dataclass(frozen=True)
class LevelsAhead:
    """The levels of the looks that may follow: what the looks so far have spent of the error is gone."""

    test: Look
    backlog: Backlog
    """All looks so far, this one included."""
    planned: float
    """The level of the looks that were planned together with this one."""
    error: float
    """The error of all looks together."""

    def of_hypotheses(self) -> tuple[IntArray, FloatArray]:
        """Return numbers of hypotheses, ascending, and the level of a look at each: from the next look on."""
        least = self.backlog.next_hypotheses()
        if least is None or least >= MOST_HYPOTHESES:
            return np.array([MOST_HYPOTHESES]), np.array([_LOWEST_LEVEL])
        sizes = np.unique(np.geomspace(least, MOST_HYPOTHESES, _LEVELS_AHEAD).round().astype(np.int64))
        return sizes, np.array([self._level(int(size), self.test.seeds) for size in sizes])

    def of_seeds(self, seeds: int) -> float:
        """Return the level of a look at these hypotheses with so many seeds."""
        if seeds <= self.backlog.waves[-1].planned[-1]:
            return self.planned
        return self._level(self.test.hypotheses, seeds)

    def _level(self, hypotheses: int, seeds: int) -> float:
        test = self.test
        wave = Wave.after(self.backlog.waves[-1], hypotheses, (seeds,), test.noise, test.trusted_from)
        return self.backlog.level(wave, self.error)


_LEVELS_AHEAD, _LOWEST_LEVEL = 6, 1e-12
"""So many levels are worked out; between them it is interpolated."""


def what_it_takes(
    test: Look, criterion: Criterion, decision: Decision, limits: OutOfReach, levels: LevelsAhead
) -> Needed:
    """Say what it would take to certify a proxy at a look that could be tested."""
    if decision == "Trusted":
        return Needed(None, None, "")
    if decision == "NotTrusted":
        return Needed(None, None, "More hypotheses can't help: it takes a proxy that is closer to the reference.")
    needed = _to_decide(test, criterion, limits, levels)
    if test.may_share_mostly_noise:
        return needed._replace(message=f"{needed.message} More seeds average away the noise that both share.")
    return needed


def _to_decide(test: Look, criterion: Criterion, limits: OutOfReach, levels: LevelsAhead) -> Needed:
    begin = ""
    if limits.too_few or limits.too_noisy:
        begin = (
            f"{test.hypotheses} hypotheses{'' if limits.too_few else ' of this noise'} can't certify "
            f"{_a_value(criterion)}, even if the proxy orders every pair as the reference does. "
        )
    corrected, threshold = test.corrected, criterion.threshold
    if corrected is None and not limits.too_few:
        return Needed(None, None, f"{begin}It takes more seeds, or hypotheses that differ more.")
    if corrected is not None and corrected <= threshold and not limits.too_few:
        return Needed(
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
        noise, of_noise = TwoArmNoise((ASSUMED_NOISE, ASSUMED_NOISE)), f", noise {ASSUMED_NOISE:g} of their spread,"
    would = f"{_a_true_value(criterion, assumed)} would be certified with probability {WANTED_POWER:g}"
    hypotheses, seeds = _ways(test, threshold, assumed, noise, levels, too_few=limits.too_few)
    if not is_affordable(hypotheses, test.hypotheses, seeds, test.seeds):
        instead = _instead(test, criterion, noise, levels, limits)
        way = f"{_not_affordable(hypotheses, seeds, test, criterion, limits)} {instead}"
    elif seeds is not None and hypotheses is not None:
        way = f"With {_so_many(hypotheses, test)}{of_noise}, or {seeds} seeds of these, {would}."
    elif hypotheses is not None:
        way = f"With {_so_many(hypotheses, test)}{of_noise} {would}."
    else:
        way = f"With about {seeds} seeds of these hypotheses {would}."
    return Needed(hypotheses, seeds, begin + way)


def is_affordable(hypotheses: int | None, hypotheses_there: int, seeds: int | None, seeds_there: int) -> bool:
    """Return whether one of two ways to decide can be asked for of a study of this size; None: there is no such way."""
    by_hypotheses = hypotheses is not None and hypotheses <= max(MOST_TIMES * hypotheses_there, ALWAYS_AFFORDABLE)
    return by_hypotheses or (seeds is not None and seeds <= MOST_TIMES * seeds_there)


def _ways(
    test: Look, threshold: float, assumed: float, noise: TwoArmNoise, levels: LevelsAhead, *, too_few: bool
) -> tuple[int | None, int | None]:
    """Return how many hypotheses, or how many seeds, show with `WANTED_POWER` that `assumed` is over the threshold."""
    reached = test.correlation_reaching(threshold)
    true = test.correlation_reaching(assumed)
    hypotheses = hypotheses_needed(WANTED_POWER, reached, true, noise, test.seeds, *levels.of_hypotheses())
    if hypotheses is not None and test.families is not None:
        # more families of the same size
        hypotheses = _two_digits(int(np.ceil(hypotheses * test.hypotheses / test.effective_hypotheses)))
    if hypotheses is not None:  # a look at fewer is not taken
        hypotheses = max(hypotheses, levels.backlog.next_hypotheses() or hypotheses)
    return hypotheses, None if too_few else _seeds_needed(test, reached, true, noise, levels)


def _not_affordable(
    hypotheses: int | None, seeds: int | None, test: Look, criterion: Criterion, limits: OutOfReach
) -> str:
    """Say what it would take, and that this is not affordable."""
    if hypotheses is None and seeds is None:
        or_seeds = "" if limits.too_few else f", or {MOST_SEEDS} seeds of these,"
        certify = f"would hardly certify {_a_value(criterion)}"
        return f"Even {MOST_HYPOTHESES} hypotheses{or_seeds} {certify}: that is not affordable."
    ways = []
    if hypotheses is not None:
        ways.append(f"{_so_many(hypotheses, test)}, {hypotheses / test.hypotheses:.0f} times as many as these")
    if seeds is not None:
        ways.append(f"about {seeds} seeds")
    return f"To certify {_a_value(criterion)} is not affordable: it would take {', or '.join(ways)}."


def _instead(test: Look, criterion: Criterion, noise: TwoArmNoise, levels: LevelsAhead, limits: OutOfReach) -> str:
    """Propose the highest lower threshold that could be decided, and say what that takes."""
    closer = f"It takes {'more seeds, or ' if limits.too_few else ''}a proxy that is closer to the reference"
    lowest = max(LOWEST_THRESHOLD, 0.5 if criterion.statistic == "DecisionAccuracy" else 0.0)
    steps = range(int((criterion.threshold - 1e-9) / THRESHOLD_STEP), int(lowest / THRESHOLD_STEP + 1e-9), -1)
    for threshold in (round(step * THRESHOLD_STEP, 2) for step in steps):
        half_way = (1 + threshold) / 2
        unknown = limits.too_few or test.corrected is None
        assumed = half_way if unknown or test.corrected is None else min(test.corrected, half_way)
        hypotheses, seeds = _ways(test, threshold, assumed, noise, levels, too_few=limits.too_few)
        if is_affordable(hypotheses, test.hypotheses, seeds, test.seeds):
            ways = []
            if hypotheses is not None:
                more = hypotheses > test.hypotheses
                ways.append(_so_many(hypotheses, test) if more else "as many hypotheses as these")
            if seeds is not None:
                ways.append(f"{seeds} seeds")
            return (
                f"A lower threshold would be: {threshold:g} with {' or '.join(ways)}, decided on before looking. "
                f"Or: {closer[0].lower()}{closer[1:]}."
            )
    return f"{closer}."


def hypotheses_needed(
    power: float, threshold: float, true: float, noise: TwoArmNoise, seeds: int, sizes: IntArray, levels: FloatArray
) -> int | None:
    """Return about how many hypotheses certify with this power, rounded up to two digits.

    `threshold` and `true` are correlations; see `TwoArmNoise.power`. `levels`, (sizes,), in (0, 1): those of a look at
    so many hypotheses, ascending `sizes`; they are interpolated. None if it takes more than `MOST_HYPOTHESES`.
    """
    if true <= threshold or seeds < 2:
        return None
    counts = np.arange(4, MOST_HYPOTHESES + 1)
    logs = np.log(np.maximum(levels, _LOWEST_LEVEL))
    at_each: FloatArray = np.exp(np.interp(np.log(counts), np.log(sizes), logs))
    return _rounded_up(counts[noise.power(threshold, true, counts, seeds, at_each) >= power])


def _rounded_up(enough: IntArray) -> int | None:
    """Return the first of these counts, rounded up to two digits; None if there is none."""
    if not len(enough):
        return None
    return _two_digits(int(enough[0]))


def _two_digits(count: int) -> int:
    """Round up to two digits."""
    unit: int = 10 ** max(len(str(count)) - 2, 0)
    return -(-count // unit) * unit


def _so_many(hypotheses: int, test: Look) -> str:
    """Return a number of hypotheses in words, with the number of families that they must come from."""
    if test.families is None:
        return f"about {hypotheses} hypotheses"
    families = -(-hypotheses * test.families.count // test.hypotheses)
    return f"about {hypotheses} hypotheses of {families} families by {test.families.name}"


def _seeds_needed(test: Look, reached: float, true: float, noise: TwoArmNoise, levels: LevelsAhead) -> int | None:
    """Return how many seeds of the same hypotheses it takes, more than there are; None if too many.

    `reached`: the correlation that is to be shown at least.
    """
    if true <= reached or test.hypotheses < 4:
        return None
    count = np.array([max(round(test.effective_hypotheses), 4)])
    for seeds in range(test.seeds + 1, MOST_SEEDS + 1):
        # at the level of planned looks, which is the highest, it is found out quickly that there are too few
        if noise.power(reached, true, count, seeds, levels.planned)[0] < WANTED_POWER:
            continue
        level = levels.of_seeds(seeds)
        if 0 < level < 1 and noise.power(reached, true, count, seeds, level)[0] >= WANTED_POWER:
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
