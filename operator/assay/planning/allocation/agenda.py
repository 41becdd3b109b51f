"""Which trials can still decide something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assay.api.resources import REFERENCE
from assay.planning.allocation.seeds_needed import seeds_needed
from assay.planning.trust.screening import Role

if TYPE_CHECKING:
    from assay.planning.results.score_tables import ScoreTable
    from assay.planning.study.design import PlannedTrial
    from assay.planning.study.study import Study
    from assay.planning.trust.proxy_looks import TrustAssessment
    from assay.planning.trust.screening import Screened


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
        """Of the trials that are wanted, and of the preparations that they wait for."""
        preparations = (trial.preparation for trial in self.trials if trial.preparation)
        return frozenset((*preparations, *(trial.key for trial in self.trials)))


def agenda_of(study: Study, cells: Mapping[str, ScoreTable], trust: TrustAssessment, screened: Screened) -> Agenda:
    """What is wanted by what is known.

    Every hypothesis gets the initial seeds on every arm, but for those that are screened: they get what the screening
    wants. Further seeds a hypothesis gets on the reference while the question is open for it, and, where one more look
    may decide about a proxy, on that proxy and the reference.

    What is wanted depends on scores that are there to stay, not on the order in which they came.
    """
    names = [hypothesis.name for hypothesis in study.hypotheses]
    depth = {arm: _initial(study, names, arm, screened) for arm in study.design.arms}
    early = depth[REFERENCE].copy()
    asked = [row for row, name in enumerate(names) if screened.roles[name] in _ASKED]
    needs = seeds_needed(study, cells[REFERENCE].of([names[row] for row in asked]))
    depth[REFERENCE][asked] = needs.seeds
    early[asked] = needs.early
    if trust.next_look is not None:
        calibration = [row for row, name in enumerate(names) if screened.roles[name] is Role.CALIBRATION]
        for arm in (REFERENCE, *trust.open_proxies):
            depth[arm][calibration] = np.maximum(depth[arm][calibration], trust.next_look)
    rows = {name: row for row, name in enumerate(names)}
    wanted, likely = [], []
    for trial in study.design.trials:
        row = rows[trial.hypothesis]
        if trial.seed < depth[trial.arm][row]:
            wanted.append(trial)
        elif trial.arm == REFERENCE and trial.seed < early[row]:
            likely.append(trial)
    return Agenda(tuple(wanted), tuple(likely), depth)


_ASKED = (Role.CALIBRATION, Role.PROMOTED, Role.FALLEN_BACK)
"""Of whom the study's question is asked on the reference. Audits are of the proxy, not of the hypotheses."""


def _initial(study: Study, names: Sequence[str], arm: str, screened: Screened) -> NDArray[np.int64]:
    """(hypotheses,): seeds that are wanted on an arm whatever the scores of the hypothesis."""
    initial = study.design.initial_seeds
    return np.array(
        [
            initial if screened.roles[name] is Role.CALIBRATION else screened.wanted.get((name, arm), 0)
            for name in names
        ],
        dtype=np.int64,
    )
