"""The arms as a ladder, from the cheapest to the reference, on which hypotheses climb; and what its trials revealed.

A rung is an arm; the last one is the reference. Nothing here knows a clock, a store or a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from assay.ranking.arrays import BoolArray, FloatArray


class LadderTrial(NamedTuple):
    """One trial of a ladder: a hypothesis on a rung, with a seed."""

    hypothesis: str
    rung: str
    seed: int


class Revealed(NamedTuple):
    """How a trial ended. A higher score is better, None means that it failed; `cost` is in accelerator seconds.
    `speaks_against`: it failed by its hypothesis' own fault, which makes that one unstable."""

    score: float | None
    cost: float
    speaks_against: bool = False


@dataclass(frozen=True, eq=False)
class Ladder:
    """All that a policy may look at.

    `rungs` go from the cheapest to the reference. `pending` are trials that were started and have not ended.
    `relative_work` has the guessed price of each rung, in any unit, for as long as no trial has shown it. Seeds from 0
    to `seeds` - 1 may run on each rung. Raises ValueError where these do not fit each other.
    """

    hypotheses: tuple[str, ...]
    rungs: tuple[str, ...]
    revealed: Mapping[LadderTrial, Revealed]
    pending: frozenset[LadderTrial]
    relative_work: Mapping[str, float]
    seeds: int

    def __post_init__(self) -> None:
        for field, names in (("hypotheses", self.hypotheses), ("rungs", self.rungs)):
            if not names or len(set(names)) < len(names):
                raise ValueError(f"{field}: {names}, wanted at least one, each once only")
        if self.seeds < 1:
            raise ValueError(f"seeds: {self.seeds}, allowed are values from 1 on")
        for rung in self.rungs:
            if not self.relative_work.get(rung, 0.0) > 0:
                raise ValueError(f"relative_work: {self.relative_work.get(rung)} for {rung!r}, wanted a value above 0")

    @cached_property
    def table(self) -> LadderTable:
        """The ladder as arrays."""
        return LadderTable.of(self)


@dataclass(frozen=True, eq=False)
class LadderTable:
    """A ladder as arrays, without trials of other hypotheses, rungs or seeds than the ladder's."""

    scores: FloatArray
    """(hypotheses, rungs, seeds): the scores; NaN where there is none."""
    costs: FloatArray
    """(hypotheses, rungs, seeds): the accelerator seconds of all trials that ended, else NaN."""
    failed: BoolArray
    """(hypotheses, rungs, seeds)."""
    unstable: BoolArray
    """(hypotheses, rungs): whether it failed by its own fault on this rung or a higher one."""
    pending: BoolArray
    """(hypotheses, rungs, seeds)."""
    work: FloatArray
    """(rungs,): the guessed prices over that of the reference."""

    @classmethod
    def of(cls, ladder: Ladder) -> LadderTable:
        """Fill the arrays from a ladder."""
        shape = (len(ladder.hypotheses), len(ladder.rungs), ladder.seeds)
        row = {name: at for at, name in enumerate(ladder.hypotheses)}
        column = {name: at for at, name in enumerate(ladder.rungs)}
        scores, costs = np.full(shape, np.nan), np.full(shape, np.nan)
        failed, pending = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        against = np.zeros(shape[:2], dtype=bool)
        for (hypothesis, rung, seed), (score, cost, speaks_against) in ladder.revealed.items():
            if hypothesis in row and rung in column and 0 <= seed < ladder.seeds:
                at = row[hypothesis], column[rung], seed
                costs[at] = cost
                against[at[:2]] |= speaks_against
                if score is None:
                    failed[at] = True
                else:
                    scores[at] = score
        for hypothesis, rung, seed in ladder.pending:
            if hypothesis in row and rung in column and 0 <= seed < ladder.seeds:
                pending[row[hypothesis], column[rung], seed] = True
        work = np.array([ladder.relative_work[rung] for rung in ladder.rungs])
        unstable = np.logical_or.accumulate(against[:, ::-1], axis=1)[:, ::-1]
        return cls(scores, costs, failed, unstable, pending, work / work[-1])

    @cached_property
    def sound_scores(self) -> FloatArray:
        """(hypotheses, rungs, seeds): the scores on rungs that are above all on which the hypothesis fails by its own
        fault; else NaN."""
        sound: FloatArray = np.where(self.unstable[:, :, None], np.nan, self.scores)
        return sound

    @cached_property
    def taken(self) -> BoolArray:
        """(hypotheses, rungs, seeds): whether a trial has ended or is pending."""
        taken: BoolArray = ~np.isnan(self.costs) | self.pending
        return taken
