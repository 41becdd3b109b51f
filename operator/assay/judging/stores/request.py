"""What is asked of a store of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.api.bounds import first_of
from assay.api.errors import InvalidInput, Problem, nearest
from assay.api.resources import Goal

STEP = "step"
"""The arm that stands for the history of a metric: each step of it is one."""

MOST_RUNS = 100_000
"""The most runs that are read of a store."""

_LISTED = 12


@dataclass(frozen=True)
class StoreRequest:
    """Which runs are read of a store, and how.

    `part` is the name of the experiment or study; None: the only one. `by_step`: whether the history of the score is
    read, with a row per step. `score` is the metric that this is the history of. `steps` are steps that somebody has
    named. `option` is how errors call an option: `--{}`.
    """

    place: str
    part: str | None = None
    by_step: bool = False
    score: str | None = None
    steps: tuple[int, ...] = ()
    option: str = "--{}"

    def wrong(self, option: str, given: str, allowed: str, meant: str | None = None) -> InvalidInput:
        """Return the error that says so; `option` may be empty."""
        path = self.option.format(option) if option else ""
        return InvalidInput([Problem(self.place, path, given, allowed, meant)])

    def chosen(self, kind: str, names: Sequence[str]) -> str:
        """Return which of these experiments or studies is meant. Raises InvalidInput, which lists them."""
        if not names:
            raise self.wrong("", f"a store without any {kind}", "a store that has one, with runs")
        if self.part is None and len(names) == 1:
            return names[0]
        if self.part in names:
            assert self.part is not None
            return self.part
        given = f"none of its {len(names)} names" if self.part is None else repr(self.part)
        allowed = f"one of {first_of(sorted(names), _LISTED)}"
        raise self.wrong(kind, given, allowed, nearest(self.part, names) if self.part else None)

    def metric(self, names: Sequence[str]) -> str:
        """Return the metric whose history is read. Raises InvalidInput, which lists those there are."""
        bare = self.score.removeprefix("metrics.") if self.score else None
        if bare in names:
            assert bare is not None
            return bare
        if bare is None and len(names) == 1:
            return names[0]
        given = "no name of the metric whose history is read" if bare is None else repr(bare)
        allowed = f"one of {first_of(sorted(names), _LISTED)}" if names else "runs with a metric"
        raise self.wrong("score", given, allowed, nearest(bare, names) if bare else None)


@dataclass(frozen=True)
class StoredRuns:
    """Runs of a store as columns of equal lengths; `name` is what they are called together, `goal` what the store says
    of its scores, if it does. `seed` is the column that tells runs apart of which there are several rows."""

    name: str
    columns: Mapping[str, Sequence[Any]]
    goal: Goal | None = None
    seed: str | None = None
    said: tuple[str, ...] = ()
