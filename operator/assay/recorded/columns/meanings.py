"""What was found out about the columns of a table."""

from __future__ import annotations

from typing import NamedTuple


class Meanings(NamedTuple):
    """Columns by their meanings; empty or None where a table has none.

    hypothesis, arm: the columns that name it together, and by which names they are shown.
    sizes: whether the arm is a training size.
    unit: the seconds of what the cost is in.
    said: a sentence about each meaning.
    """

    hypothesis: tuple[str, ...]
    arm: tuple[str, ...]
    sizes: bool
    seed: str | None
    score: str
    cost: str | None
    unit: float
    start: str | None
    end: str | None
    state: str | None
    said: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every column that has a meaning."""
        single = (self.seed, self.score, self.cost, self.start, self.end, self.state)
        return (*self.hypothesis, *self.arm, *filter(None, single))
