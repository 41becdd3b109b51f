"""Successive halving (Jamieson & Talwalkar 2016, arXiv:1502.07943): it finds a winner well, but not an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.planning.allocation.ladder import Ladder, LadderTrial

if TYPE_CHECKING:
    from assay.laboratory.policy import Placing


@dataclass(frozen=True)
class SuccessiveHalving:
    """One seed of every hypothesis on the cheapest arm, of the better half on the next, and so on up to the reference.

    A hypothesis that got further stands higher; those that dropped out together stand by their last scores.
    """

    name: str = "successive halving"
    explanation: str = "All on the cheapest arm, the better half of them on the next, and so on; one seed each."

    def next_trial(self, view: Ladder) -> LadderTrial | None:
        """Return the next trial of the hypotheses that are still in."""
        for entrants in _heats(view):
            for trial in entrants:
                if trial not in view.revealed:
                    return trial
        return None

    def placing(self, view: Ladder) -> Placing:
        """Order the hypotheses by how far each got, then by its score there."""
        found: dict[str, tuple[float, ...]] = {}
        for rung, entrants in enumerate(_heats(view)):
            for trial in entrants:
                score = view.revealed[trial].score if trial in view.revealed else None
                if score is not None:
                    found[trial.hypothesis] = (rung, score)
        return found


def _heats(view: Ladder) -> list[list[LadderTrial]]:
    """Return the trials of each rung, up to the first rung on which not all of them have run."""
    heats = [[LadderTrial(name, view.rungs[0], 0) for name in view.hypotheses]]
    for rung in view.rungs[1:]:
        if not all(trial in view.revealed for trial in heats[-1]):
            break
        scored = [(score, trial) for trial in heats[-1] if (score := view.revealed[trial].score) is not None]
        ordered = [trial for _, trial in sorted(scored, key=lambda pair: -pair[0])]
        kept = {trial.hypothesis for trial in ordered[: -(-len(ordered) // 2)]}
        heats.append([LadderTrial(name, rung, 0) for name in view.hypotheses if name in kept])
    return heats
