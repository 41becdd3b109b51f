"""Recorded results: one run per (hypothesis, arm or size, seed), with what it cost and what it scored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from assay.planning.study.programs import Program
from assay_trainer.contract import digest


class RecordedRun(NamedTuple):
    """One recorded run: accelerator seconds, 0 or more, and its score; None if it ended without one."""

    cost: float
    score: float | None


@dataclass(frozen=True)
class Table:
    """Recorded runs by (hypothesis, arm or size, seed), the seeds numbered from 0 in their order.

    `digest` is that of the file and of what was chosen of it. `sizes` has the training sizes by their names in the
    runs, if the arms are sizes; else it is empty.
    """

    runs: Mapping[tuple[str, str, int], RecordedRun]
    digest: str
    sizes: Mapping[str, float]

    @cached_property
    def hypotheses(self) -> tuple[str, ...]:
        """Names of the hypotheses, in alphabetical order."""
        return tuple(sorted({hypothesis for hypothesis, _, _ in self.runs}))

    @cached_property
    def arms(self) -> tuple[str, ...]:
        """Names of arms in alphabetical order, or of sizes in ascending order."""
        arms = {arm for _, arm, _ in self.runs}
        return tuple(sorted(arms, key=lambda arm: (self.sizes.get(arm, 0.0), arm)))

    @cached_property
    def seeds(self) -> int:
        """How many seeds there are, whether or not each hypothesis has all of them on each arm."""
        return len({seed for _, _, seed in self.runs})

    def reordered(self, order: Sequence[int]) -> Table:
        """Return the same runs, with what was seed order[n] as seed n. `order` has each seed once."""
        number = {seed: place for place, seed in enumerate(order)}
        runs = {(hypothesis, arm, number[seed]): run for (hypothesis, arm, seed), run in self.runs.items()}
        return replace(self, runs=runs)

    def nearest_size(self, data_percent: int) -> tuple[str, float]:
        """Return the name of the recorded size nearest to this share of the largest one, and their ratio, ≥ 1."""
        wanted = max(self.sizes.values()) * data_percent / 100
        ratios = {name: math.exp(abs(math.log(size / wanted))) for name, size in self.sizes.items()}
        name = min(ratios, key=ratios.__getitem__)
        return name, ratios[name]

    def code_digest(self, program: Program) -> str:
        """Return what stands for the digest of a program's code: it is another for other recorded runs."""
        return digest(f"{self.digest} {program.entrypoint}".encode())
