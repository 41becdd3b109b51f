"""All hypotheses on one arm: on a proxy, or on the reference, as without a trusted proxy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from assay.planning.allocation.ladder import Ladder, LadderTrial
from assay.ranking import Scores

if TYPE_CHECKING:
    from assay.laboratory.policy import Placing


@dataclass(frozen=True)
class OneArm:
    """All hypotheses in turn, seed after seed; they are ordered by their means without the seeds' own effects."""

    name: str
    explanation: str
    arm: str

    def next_trial(self, view: Ladder) -> LadderTrial | None:
        """Return the trial whose turn it is."""
        seed, place = divmod(len(view.revealed), len(view.hypotheses))
        return LadderTrial(view.hypotheses[place], self.arm, seed) if seed < view.seeds else None

    def placing(self, view: Ladder) -> Placing:
        """Order the hypotheses by their means."""
        cells = {
            (trial.hypothesis, trial.seed): seen.score
            for trial, seen in view.revealed.items()
            if seen.score is not None and trial.rung == self.arm
        }
        rounds = -(-len(view.revealed) // len(view.hypotheses))
        means = Scores.build(view.hypotheses, range(rounds), cells).adjusted_means
        known = np.isfinite(means)
        return {name: (float(mean),) for name, mean, there in zip(view.hypotheses, means, known, strict=True) if there}
