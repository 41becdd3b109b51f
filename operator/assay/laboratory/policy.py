"""What a policy is: it says which trial to buy next, and how the hypotheses stand by what was bought so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from assay.planning.allocation.ladder import Ladder, LadderTrial

Placing = Mapping[str, tuple[float, ...]]
"""By hypothesis, what it is ordered by: the larger tuple is the better hypothesis. Who is not in it is not ordered."""


class AllocationPolicy(Protocol):
    """A pure one: what it does follows from what it is shown, which is what it has paid for and nothing else."""

    @property
    def name(self) -> str:
        """Short, and different from that of every other."""

    @property
    def explanation(self) -> str:
        """What it does, in a sentence."""

    def next_trial(self, view: Ladder) -> LadderTrial | None:
        """The trial to buy next, one that is not revealed; None if it wants no more."""

    def placing(self, view: Ladder) -> Placing:
        """How the hypotheses stand."""
