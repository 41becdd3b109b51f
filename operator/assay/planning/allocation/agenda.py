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
from assay.planning.study.readings import trials_to_run
from assay.planning.trust.screening import Role
from assay.ranking.memory import NO_MEMORY, Memory

if TYPE_CHECKING:
    from assay.planning.results.score_tables import ScoreTable
    from assay.planning.study.planned import PlannedTrial
    from assay.planning.study.study import Study
    from assay.planning.trust.proxy_looks import ProxyLooks
    from assay.planning.trust.screening import ScreeningState


@dataclass(frozen=True, eq=False)
class Agenda:
    """The trials that are wanted, in the order in which they start; those that have ended are among them, and scores
    that are read from others."""

    trials: tuple[PlannedTrial, ...]
    runs: tuple[PlannedTrial, ...] = ()
    """What must run for them, or has run."""
    likely: tuple[PlannedTrial, ...] = ()
    """The trials that are likely to be wanted next: they fill slots that would be idle otherwise."""
    depth: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    """By arm, (hypotheses,): how many seeds are wanted. Results of further seeds do not count."""
    prices: Mapping[str, float] = field(default_factory=dict)
    """By key: the accelerator seconds that a trial is expected to take, where they differ from what its arm's trials
    take."""
    exhausted: bool = False
    """Whether more would be wanted, but the budget pays for no more of it."""

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of the wanted trials, and of the preparations that they wait for."""
        preparations = (trial.preparation for trial in self.runs if trial.preparation)
        return frozenset((*preparations, *(each.key for each in self.trials), *(each.key for each in self.runs)))


def agenda_of(
    study: Study,
    tables: Mapping[str, ScoreTable],
    trust: ProxyLooks,
    screened: ScreeningState,
    memory: Memory = NO_MEMORY,
) -> Agenda:
    """Return what is wanted by what is known so far.

    Every hypothesis gets the initial seeds on every arm, except the screened ones: they get what the screening wants.
    A hypothesis gets further seeds on the reference while the study's question is open for it. Where one more look may
    decide about a proxy, all calibration hypotheses get the seeds for it, on that proxy and on the reference.

    What is wanted depends on the scores alone, not on the order in which they came.
    """
    names = [hypothesis.name for hypothesis in study.hypotheses]
    depth = {arm: _initial(study, names, arm, screened) for arm in study.design.arms}
    likely_depth = depth[REFERENCE].copy()
    asked = [row for row, name in enumerate(names) if screened.roles[name] in _ASKED]
    needs = seeds_needed(study, tables[REFERENCE].of([names[row] for row in asked]), memory)
    depth[REFERENCE][asked] = needs.seeds
    likely_depth[asked] = needs.likely
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
        elif trial.arm == REFERENCE and trial.seed < likely_depth[row]:
            likely.append(trial)
    runs = wanted
    if readings := study.design.readings:
        ended = [
            each.key
            for each in wanted
            if each.key in readings and tables[each.arm].ended[rows[each.hypothesis], each.seed]
        ]
        runs = list(trials_to_run(wanted, readings, frozenset(ended)))
    return Agenda(tuple(wanted), tuple(runs), tuple(likely), depth)


_ASKED = (Role.CALIBRATION, Role.PROMOTED, Role.FALLEN_BACK)
"""The roles of hypotheses about which the study's question is asked on the reference. An audited one is not among them:
an audit asks about the proxy."""


def _initial(study: Study, names: Sequence[str], arm: str, screened: ScreeningState) -> NDArray[np.int64]:
    """Return the seeds, (hypotheses,), that are wanted on an arm whatever the hypotheses score."""
    initial = study.design.initial_seeds
    return np.array(
        [
            initial if screened.roles[name] is Role.CALIBRATION else screened.wanted.get((name, arm), 0)
            for name in names
        ],
        dtype=np.int64,
    )
