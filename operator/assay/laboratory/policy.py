"""What an allocation policy is: it says which trial to buy next, and how hypotheses stand by what it has bought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from assay.planning.allocation.ladder import Ladder, LadderTrial

Placing = Mapping[str, tuple[float, ...]]
"""By hypothesis, what it is ordered by: the larger tuple is the better one. Hypotheses not in it are not ordered."""


class AllocationPolicy(Protocol):
    """A policy, pure: what it does follows from what it is shown, which is only what it has paid for."""

    @property
    def name(self) -> str:
        """A short name, different from that of every other policy."""

    @property
    def explanation(self) -> str:
        """What it does, in a sentence."""

    def next_trial(self, view: Ladder) -> LadderTrial | None:
        """Return the trial to buy next, one that is not revealed yet; None to buy no more."""

    def placing(self, view: Ladder) -> Placing:
        """Return how the hypotheses stand."""
