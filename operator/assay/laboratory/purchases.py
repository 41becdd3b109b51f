"""Letting a policy buy one trial after another: it is shown only what it has bought."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from assay.api.resources import REFERENCE
from assay.laboratory.policy import Placing
from assay.planning.allocation.ladder import Ladder, LadderTrial, Revealed
from assay.planning.results.costs import relative_work
from assay.runners.replay.recorded import trial_ending

if TYPE_CHECKING:
    from assay.laboratory.policy import AllocationPolicy
    from assay.planning.study.study import Study
    from assay.recorded.table import Table
    from assay.runners.replay.study import Replayed


class Purchase(NamedTuple):
    """What is so after a trial was bought: the accelerator seconds spent so far, and how the hypotheses stand."""

    spent: float
    placing: Placing


Trace = tuple[Purchase, ...]
"""All purchases of one policy, in order."""


def purchases(policy: AllocationPolicy, start: Ladder, replayed: Replayed, table: Table) -> Trace:
    """Let a policy buy until it wants no more. Raises ValueError if it wants what it has, or what is not for sale."""
    trainer, metric = replayed.study.spec.trainer, replayed.study.spec.metric
    view = start
    spent, made = 0.0, []
    while (trial := policy.next_trial(view)) is not None:
        _check(policy, view, trial)
        recorded = table.runs.get((trial.hypothesis, replayed.arms[trial.rung], trial.seed))
        ending = trial_ending(recorded, trainer.devices, trainer.deadline_seconds)
        cost = trainer.devices * ending.seconds
        score = None if ending.score is None else metric.turned(ending.score)
        view = _with(view, trial, Revealed(score, cost))
        spent += cost
        made.append(Purchase(spent, policy.placing(view)))
    return tuple(made)


def nothing_bought(study: Study) -> Ladder:
    """Return the view at the start: which hypotheses, arms and seeds there are. The arms are in the order of their
    guessed work, the reference last."""
    design = study.design
    reference = design.fidelities[REFERENCE]
    work = {arm: relative_work(fidelity, reference) for arm, fidelity in design.fidelities.items()}
    rungs = sorted(work, key=lambda arm: (arm == REFERENCE, work[arm]))
    return Ladder(
        hypotheses=tuple(hypothesis.name for hypothesis in study.hypotheses),
        rungs=tuple(rungs),
        revealed=MappingProxyType({}),
        pending=frozenset(),
        relative_work=MappingProxyType(work),
        seeds=len(design.seeds),
    )


def _with(view: Ladder, trial: LadderTrial, seen: Revealed) -> Ladder:
    """Return the view with one more trial. It is a new one: a policy that keeps an old view must not see it change."""
    return Ladder(
        hypotheses=view.hypotheses,
        rungs=view.rungs,
        revealed=MappingProxyType({**view.revealed, trial: seen}),
        pending=view.pending,
        relative_work=view.relative_work,
        seeds=view.seeds,
    )


def _check(policy: AllocationPolicy, view: Ladder, trial: LadderTrial) -> None:
    if trial in view.revealed:
        raise ValueError(f"{policy.name}: given {trial}, which it has; allowed: a trial that it has not")
    if trial.hypothesis not in view.hypotheses or trial.rung not in view.rungs or not 0 <= trial.seed < view.seeds:
        raise ValueError(f"{policy.name}: given {trial}; allowed: a hypothesis, rung and seed of the view")
