"""Yardsticks for `decisions.py`: other ways to decide which hypotheses beat the baseline, and which is best."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
import scipy
from decision_studies import CONFIDENCE, INITIAL, LOOKS, MARGIN, MAXIMUM, SimulatedStudy, Tally, add_verdicts

from assay.ranking.arrays import FloatArray
from assay.ranking.sequential import unequal_noise
from assay.ranking.sequential.critical_values import dunnett_critical_value


@contextmanager
def noise_taken_for_alike() -> Iterator[None]:
    """Judge, meanwhile, as if all hypotheses were equally noisy, whatever their seeds show."""
    present = unequal_noise.ALARM
    unequal_noise.ALARM = 0.0
    try:
        yield
    finally:
        unequal_noise.ALARM = present


def fixed_pooled(tally: Tally, study: SimulatedStudy, margin: float = MARGIN) -> None:
    """Decide once, with 10 seeds for all, by Dunnett's test as in the books."""
    noise = study.scores.noise
    assert noise is not None
    difference = study.scores.means[1:] - study.scores.means[0]
    critical = dunnett_critical_value(len(difference), noise.degrees_of_freedom, CONFIDENCE)
    half = np.full(len(difference), critical * np.sqrt(2 * noise.variance / MAXIMUM))
    verdicts = np.where(
        np.abs(difference) + half <= margin, 2, np.where(np.abs(difference) > half, np.sign(difference), 0)
    )
    add_verdicts(tally, verdicts, study.true[1:] - study.true[0], margin, True)
    tally.add(trials=1.0)


def yardstick(tally: Tally, study: SimulatedStudy, method: str, margin: float = MARGIN) -> None:
    """Look after every seed with one of BOUNDS, without stops for futility."""
    values = study.scores.values
    paired = values[1:] - values[0]
    means = np.cumsum(paired, axis=1) / np.arange(1, MAXIMUM + 1)
    own = np.array([paired[:, :n].var(axis=1, ddof=1) for n in LOOKS]).T
    start = study.scores.restricted(study.scores.hypotheses, study.scores.seeds[:INITIAL]).noise
    assert start is not None
    bounds, larger = BOUNDS[method](len(paired), start.degrees_of_freedom)
    variance = own if larger == "own" else 2 * start.variance * np.ones_like(own)
    variance = np.maximum(variance, own) if larger == "larger" else variance
    half, difference = bounds * np.sqrt(variance / LOOKS), means[:, INITIAL - 1 :]
    verdicts = np.where(
        np.abs(difference) + half <= margin, 2, np.where(np.abs(difference) > half, np.sign(difference), 0)
    )
    stops = verdicts != 0
    stops[:, -1] = True
    look = stops.argmax(axis=1)
    add_verdicts(tally, verdicts[np.arange(len(look)), look], study.true[1:] - study.true[0], margin, True)
    seeds = look + INITIAL
    tally.add(trials=(seeds.sum() + seeds.max()) / (MAXIMUM * len(values)))


def msprt_bounds(level: float, degrees_of_freedom: np.ndarray) -> FloatArray:
    """Return the bounds of |t| at the looks; infinite where so few seeds can never reach the level."""

    @lru_cache
    def bound(seeds: int, known: float) -> float:
        def excess(t: float) -> float:
            return float(
                -np.log1p(seeds) / 2
                + (known + 1) / 2 * (np.log1p(t * t / known) - np.log1p(t * t / (known * (1 + seeds))))
                + np.log(level)
            )

        return float(scipy.optimize.brentq(excess, 0.1, 1e6)) if excess(1e6) > 0 else np.inf

    return np.array([bound(int(n), float(known)) for n, known in zip(LOOKS, degrees_of_freedom, strict=True)])


@lru_cache
def _dunnett_at_every_look(comparisons: int, known: int) -> tuple[FloatArray, str]:
    return np.full(len(LOOKS), dunnett_critical_value(comparisons, known, CONFIDENCE)), "pooled"


@lru_cache
def _msprt_larger(comparisons: int, known: int) -> tuple[FloatArray, str]:
    return msprt_bounds((1 - CONFIDENCE) / comparisons, np.full(len(LOOKS), float(known))), "larger"


@lru_cache
def _msprt_own(comparisons: int, _: int) -> tuple[FloatArray, str]:
    return msprt_bounds((1 - CONFIDENCE) / comparisons, LOOKS - 1.0), "own"


BOUNDS: dict[str, Callable[[int, int], tuple[FloatArray, str]]] = {
    "Dunnett at every look": _dunnett_at_every_look,
    "mSPRT, larger variance": _msprt_larger,
    "mSPRT, own variance": _msprt_own,
}


HALVINGS: dict[str, tuple[tuple[int, int], ...]] = {
    "halving": ((2, 4), (4, 7), (9, 10)),
    "halving, cheaper": ((3, 4), (9, 10)),
}
"""The rounds after 2 seeds for all, as (one in, seeds): the best 1 in so many get so many seeds. Two are left at the
end."""


def halving(study: SimulatedStudy, rounds: tuple[tuple[int, int], ...]) -> tuple[int, float]:
    """Run successive halving; return the row that is chosen, and the trials that it took."""
    total = len(study.true)
    counts = np.full(total, 2)
    for one_in, seeds in rounds:
        alive = np.flatnonzero(counts == counts.max())
        means = study.after(counts).values[alive, : counts.max()].mean(axis=1)
        counts[alive[np.argsort(-means)[: total // one_in]]] = seeds
    alive = np.flatnonzero(counts == counts.max())
    return int(alive[np.argmax(study.scores.values[alive].mean(axis=1))]), float(counts.sum())
