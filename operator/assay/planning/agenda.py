"""Which trials can still decide something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.api.resources import REFERENCE
from assay.planning.questions import needs_of

if TYPE_CHECKING:
    from assay.planning.cells import ArmCells
    from assay.planning.design import PlannedTrial
    from assay.planning.study import Study
    from assay.planning.trust import TrustAssessment


@dataclass(frozen=True, eq=False)
class Agenda:
    """The trials that are wanted, those that have ended among them, in the order in which they start."""

    trials: tuple[PlannedTrial, ...]
    early: tuple[PlannedTrial, ...] = ()
    """Those that are likely to be wanted next, for slots that would be idle otherwise."""
    depth: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    """By arm, (hypotheses,): how many seeds are wanted. What has a result beyond them does not count."""
    prices: Mapping[str, float] = field(default_factory=dict)
    """Accelerator seconds that a trial is expected to take, by key; else it is what such trials take on its arm."""
    exhausted: bool = False
    """Whether more would be wanted, and the budget pays for nothing more of it."""

    @cached_property
    def keys(self) -> frozenset[str]:
        """Of the trials that are wanted."""
        return frozenset(trial.key for trial in self.trials)


def agenda_of(study: Study, cells: Mapping[str, ArmCells], trust: TrustAssessment) -> Agenda:
    """What is wanted by what is known.

    Every hypothesis gets the initial seeds on every arm. Further seeds it gets on the reference while the question is
    open for it, and, where one more look may decide about a proxy, on that proxy and the reference.

    What is wanted depends on scores that are there to stay, not on the order in which they came.
    """
    design = study.design
    needs = needs_of(study, cells[REFERENCE])
    depth = {arm: np.full(len(study.hypotheses), design.initial_seeds, dtype=np.int64) for arm in design.arms}
    depth[REFERENCE] = needs.seeds
    if trust.next_look is not None:
        for arm in (REFERENCE, *trust.open_proxies):
            depth[arm] = np.maximum(depth[arm], trust.next_look)
    rows = {hypothesis.name: row for row, hypothesis in enumerate(study.hypotheses)}
    wanted, early = [], []
    for trial in design.trials:
        row = rows[trial.hypothesis]
        if trial.seed < depth[trial.arm][row]:
            wanted.append(trial)
        elif trial.arm == REFERENCE and trial.seed < needs.early[row]:
            early.append(trial)
    return Agenda(tuple(wanted), tuple(early), depth)
