"""Recorded results: one run per (hypothesis, arm or size, seed), with what it cost and what it scored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple


class RecordedRun(NamedTuple):
    """One recorded run: accelerator seconds, 0 or more, None if nobody wrote them down; and its score, None if it
    failed by its own fault."""

    cost: float | None
    score: float | None

    @property
    def seconds(self) -> float:
        """What it cost, as far as anybody knows."""
        return self.cost or 0.0


class Counts(NamedTuple):
    """What became of the rows of a table."""

    rows: int = 0
    """Rows that were looked at."""
    failed: int = 0
    """Runs that ended without a score, by their own fault."""
    unfinished: int = 0
    """Rows of runs that were pruned, stopped or are still running: they are left out."""
    duplicates: int = 0
    """Rows that say again what another row says: they are left out."""
    repeated: int = 0
    """Further rows of a hypothesis, arm and seed that other rows have too, with another score."""
    missing: int = 0
    """Runs that are not there, of all (hypothesis, arm, seed) that would make the table whole."""


_NOTHING = Counts()


@dataclass(frozen=True)
class Table:
    """Recorded runs by (hypothesis, arm or size, seed), the seeds numbered from 0.

    Hypotheses and arms have names as resources have them (DNS labels; a size is a number); `hypothesis_names` and
    `arm_names` say how the table itself calls each. `digest` is that of the runs. `sizes` has the training sizes by
    their names in the runs, if the arms are sizes; else it is empty. `arm_column` is the column that the arms come
    from, empty if they come from several or none; `score_column` is that of the scores. `paired` says whether runs of
    one seed number are of one seed in the table too, on all hypotheses of an arm. `said` are sentences about how the
    table was understood.
    """

    runs: Mapping[tuple[str, str, int], RecordedRun]
    digest: str
    sizes: Mapping[str, float] = field(default_factory=dict)
    hypothesis_names: Mapping[str, str] = field(default_factory=dict)
    arm_names: Mapping[str, str] = field(default_factory=dict)
    arm_column: str = ""
    paired: bool = True
    said: tuple[str, ...] = ()
    counts: Counts = _NOTHING
    score_column: str = ""
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By hypothesis: the columns that name it together, and what they have; empty if one column does."""

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

    def shown_hypothesis(self, name: str) -> str:
        """Return what the table calls the hypothesis with this name."""
        return self.hypothesis_names.get(name, name)

    def shown_arm(self, name: str) -> str:
        """Return what the table calls the arm with this name."""
        return self.arm_names.get(name, name)

    def hypothesis_called(self, text: str) -> str | None:
        """Return the name of the hypothesis that the table calls so, or that has this name; None if there is none."""
        return _called(text, self.hypothesis_names, self.hypotheses)

    def arm_called(self, text: str) -> str | None:
        """Return the name of the arm that the table calls so, or that has this name; None if there is none."""
        return _called(text, self.arm_names, self.arms)

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


def _called(text: str, shown: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((name for name, own in shown.items() if own == text), text if text in names else None)
