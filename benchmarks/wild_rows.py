"""Rows of `in_the_wild.py`: a situation that teams meet, simulated study by study, judged with and without what Assay
does about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

import numpy as np

from assay.ranking.arrays import FloatArray

MEASURES = ("false", "power", "seeds")
"""What is measured of each study, with and without: whether anything said is false, the share of what could be said
rightly that was, and the share of the seeds, or of the trials, that it took."""


@dataclass(frozen=True)
class Measured:
    """What one study showed; NaN where it says nothing of a measure. `of_set` is the data set whose noise it had."""

    values: Mapping[str, float]
    """By measure (see `MEASURES`), and by measure followed by `_before`: without what Assay does about it."""
    of_set: str = ""


class Simulation(Protocol):
    """Simulates the study of a number and judges it, with and without. `table` has recorded learning curves (see
    `learning_curves`; read it once a process); it is None only for a row that needs none. Processes import it: it is a
    function of a module, or a `partial` of one."""

    def __call__(self, generator: np.random.Generator, number: int, table: Path | None, /) -> Measured: ...


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    name: str
    """Its group, then what tells it from others of the group."""
    simulate: Simulation
    most_false: float = 0.06
    """What the share of wrong answers may be at most."""
    needs_table: bool = False


@dataclass(frozen=True)
class Estimate:
    """A mean over studies, with its standard error."""

    mean: float
    error: float

    def __str__(self) -> str:
        return "–" if np.isnan(self.mean) else f"{self.mean:.3f} ({self.error:.3f})"


def estimate(values: Sequence[float], sets: Sequence[str]) -> Estimate:
    """Return the mean of the values that are known; its standard error is clustered by data set, if there are sets.

    Source of the clustered error: Liang & Zeger 1986, for a mean.
    """
    known = ~np.isnan(np.array(values, dtype=np.float64))
    numbers, labels = np.array(values, dtype=np.float64)[known], np.array(sets)[known]
    if len(numbers) < 2:
        return Estimate(float(numbers.mean()) if len(numbers) else float("nan"), float("nan"))
    mean = float(numbers.mean())
    if not labels[0]:
        return Estimate(mean, float(numbers.std(ddof=1)) / len(numbers) ** 0.5)
    sums: FloatArray = np.array([(numbers[labels == each] - mean).sum() for each in np.unique(labels)])
    return Estimate(mean, float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)) / len(numbers)))


def measure(row: Row, studies: int, seed: int, table: Path | None, processes: int) -> dict[str, Estimate]:
    """Return the estimate of each measure, of each without, and of their differences (`…_difference`), in pairs.

    Every study has random numbers of its own: the same whatever the number of processes.
    """
    simulate = partial(_study, row.simulate, seed, table)
    if processes == 1:
        measured = [simulate(number) for number in range(studies)]
    else:
        # threads of the parent, such as those of polars, don't survive a fork
        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            measured = list(pool.map(simulate, range(studies), chunksize=max(studies // 64, 1)))
    sets = [each.of_set for each in measured]
    found = {}
    for name in MEASURES:
        after, before = ([each.values.get(key, np.nan) for each in measured] for key in (name, f"{name}_before"))
        found[name], found[f"{name}_before"] = estimate(after, sets), estimate(before, sets)
        found[f"{name}_difference"] = estimate([one - other for one, other in zip(after, before, strict=True)], sets)
    return found


def _study(simulate: Simulation, seed: int, table: Path | None, number: int) -> Measured:
    return simulate(np.random.default_rng((seed, number)), number, table)
