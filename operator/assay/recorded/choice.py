"""What a caller says about a table of recorded runs, where the table does not say it itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

MEANINGS = ("hypothesis", "arm", "size", "seed", "cost", "score", "state", "start", "end")
"""The meanings that columns may have. A table has arms or (training) sizes, not both."""

Repeats = Literal["mean", "first", "last", "seeds"]
"""What becomes of several different rows of one (hypothesis, arm, seed)."""
REPEATS: tuple[Repeats, ...] = get_args(Repeats)


@dataclass(frozen=True)
class Choice:
    """Columns of a table by their meanings, and what else a caller chose of it; whatever is empty is found out.

    hypothesis, arm: one column, or several that name it together.
    size: the column of training sizes, if the arms are those.
    seed, score: one column each.
    cost: the column of seconds (or `start` and `end`: when a run began and ended, from which they are worked out).
    state: the column that says how a run ended.
    where: values that columns must have for a row to be kept.
    repeats: what becomes of several different rows of one hypothesis, arm and seed: their mean, the first or the last
        of them, or further seeds. None: such a table is refused, and the error says so.
    metric: what the score is called elsewhere, which decides between several columns that may be it.
    needs_cost: whether a table in which a run with a score has no cost is refused.
    option: how the caller writes the option that names the column of a meaning, for errors: `--{}`, `{}=`.
    own_option: the same for what is no column, `where` and `repeats`.
    """

    hypothesis: tuple[str, ...] = ()
    arm: tuple[str, ...] = ()
    size: str | None = None
    seed: str | None = None
    score: str | None = None
    cost: str | None = None
    state: str | None = None
    start: str | None = None
    end: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    repeats: Repeats | None = None
    metric: str | None = None
    needs_cost: bool = False
    option: str = "--{}"
    own_option: str = "--{}"

    def called(self, meaning: str) -> str:
        """Return what the caller calls the option for the column of a meaning."""
        return self.option.format(meaning)

    def own(self, name: str) -> str:
        """Return what the caller calls the option `where` or `repeats`."""
        return self.own_option.format(name)
