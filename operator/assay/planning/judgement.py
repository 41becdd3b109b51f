"""All that is known of a study, and what is wanted next: what its plan and its reports have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.planning.agenda import Agenda, agenda_of
from assay.planning.assessment import Assessment, assess
from assay.planning.budget import free_slots
from assay.planning.cells import ArmCells, cells_of
from assay.planning.costs import Costs, costs_of
from assay.planning.progress import Progress, progress_of
from assay.planning.trust import TrustAssessment, trust_of
from assay.planning.within_budget import agenda_within_budget, is_too_small, ladder_of

if TYPE_CHECKING:
    from assay.planning.ladder import Ladder
    from assay.planning.records import Records
    from assay.planning.study import Study


@dataclass(frozen=True, eq=False)
class Judgement:
    """`ladder` is there if the budget does not pay for all hypotheses on all arms."""

    costs: Costs
    progress: Progress
    cells: Mapping[str, ArmCells]
    trust: TrustAssessment
    ladder: Ladder | None
    agenda: Agenda


def judge(study: Study, records: Records) -> Judgement:
    """From the records alone; `progress` is by what is wanted."""
    costs = costs_of(study, records)
    ended = progress_of(study, records)
    cells = cells_of(study, records, ended)
    if is_too_small(study, ended, costs):
        ladder = ladder_of(study, records, ended, costs)
        agenda = agenda_within_budget(study, ladder, costs, free_slots(study, records))
        trust = TrustAssessment()
    else:
        ladder, trust = None, trust_of(study, cells)
        agenda = agenda_of(study, cells, trust)
        cells = {arm: own.limited(agenda.depth[arm]) for arm, own in cells.items()}
    progress = progress_of(study, records, agenda.keys)
    return Judgement(costs, progress, cells, trust, ladder, agenda)


def assessment_of(study: Study, judgement: Judgement) -> Assessment:
    """What may be said."""
    return assess(study, judgement.cells, judgement.trust, judgement.ladder)
