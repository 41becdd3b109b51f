"""The planner itself as one of the policies: its rounds on the replay runner, with what each has spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.laboratory.purchases import Purchase, Trace
from assay.planning.allocation.ladder_policy import estimates
from assay.planning.allocation.within_budget import ladder_of
from assay.planning.results.costs import costs_of
from assay.rounds.reconcile import drive
from assay.runners.replay.runner import ReplayRunner
from assay.store import Ledger
from assay_trainer.objects import MemoryObjects

if TYPE_CHECKING:
    from assay.laboratory.policy import Placing
    from assay.planning.study.study import Study
    from assay.recorded.table import Table
    from assay.rounds.reconcile import Round
    from assay.runners.replay.study import Replayed

NAME = "planner"
EXPLANATION = (
    "What assay run does with this study. With spec.budget.acceleratorSeconds it seeks the best order for it; without, "
    "it runs every arm, to find out which may be trusted."
)


def planned(replayed: Replayed, table: Table, slots: int) -> Trace:
    """Run the study to its end. A purchase is a round before which something has ended."""
    made: list[Purchase] = []
    ended = 0

    def watch(latest: Round) -> None:
        nonlocal ended
        before, ended = ended, sum(bool(each.result or each.failures) for each in latest.records.values())
        if ended > before:
            spent = costs_of(replayed.study, latest.records).spent
            made.append(Purchase(spent, current_placing(replayed.study, latest)))

    objects = MemoryObjects()
    with ReplayRunner(table, replayed.arms, objects, slots) as runner:
        drive(replayed.study, Ledger(objects), runner, runner.clock, watch)
    return tuple(made)


def current_placing(study: Study, latest: Round) -> Placing:
    """Return how the study orders its hypotheses by what it knows. Each has its score in the ranking; a hypothesis that
    the ranking can't place yet, since it has not run on the reference, has the score that the proxies predict there."""
    judgement = latest.plan.judgement
    ladder = judgement.ladder or ladder_of(study, latest.records, judgement.progress, judgement.costs)
    expected = {name: (each.score,) for name, each in estimates(ladder).items() if each.score is not None}
    ranked = {name: (each.score,) for name, each in latest.plan.assessment.standings.items()}
    return {**expected, **ranked}
