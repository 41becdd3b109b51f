"""The planner's ladder policy, for a budget that does not pay for everything, as one of the policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.planning.allocation.ladder import Ladder, LadderTrial
from assay.planning.allocation.ladder_policy import estimates, next_step

if TYPE_CHECKING:
    from assay.api.resources import Question
    from assay.laboratory.policy import Placing


@dataclass(frozen=True)
class LadderClimbing:
    """Step by step what `planning.allocation.ladder_policy` chooses, out of a budget of so many accelerator seconds."""

    question: Question
    baseline: str
    budget: float
    name: str = "promotion"
    explanation: str = "What the planner does if spec.budget.acceleratorSeconds does not pay for all hypotheses."

    def next_trial(self, view: Ladder) -> LadderTrial | None:
        """Return the trial of the next step."""
        left = self.budget - sum(seen.cost for seen in view.revealed.values())
        step = next_step(view, self.question, self.baseline, left)
        return LadderTrial(step.hypothesis, step.rung, step.seed) if step else None

    def placing(self, view: Ladder) -> Placing:
        """Order the hypotheses by the scores that are expected at the reference."""
        return {name: (each.score,) for name, each in estimates(view).items() if each.score is not None}
