"""Judging a study: all that its results say, and which trials are wanted next. Plans and reports rest on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assay.planning.allocation.admission import free_slots
from assay.planning.allocation.agenda import Agenda, agenda_of
from assay.planning.allocation.within_budget import agenda_within_budget, budget_is_too_small, ladder_of
from assay.planning.results.costs import Costs, costs_of
from assay.planning.results.progress import Progress, progress_of
from assay.planning.results.readings import with_readings
from assay.planning.results.score_tables import ScoreTable, score_tables_of
from assay.planning.results.unread import Unread, unread_of
from assay.planning.trust.failures_last import with_failures_last
from assay.planning.trust.proxy_looks import ProxyLooks, look_at_proxies
from assay.planning.trust.screening import ScreeningState, everybody_calibrates, screening_of
from assay.ranking.memory import NO_MEMORY, Memory

if TYPE_CHECKING:
    from assay.planning.allocation.ladder import Ladder
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the results of a study say, and what is wanted next."""

    records: Records
    """All records, with those of scores that are read among them."""
    costs: Costs
    progress: Progress
    """The state of every trial; a trial that is not wanted is spare."""
    tables: Mapping[str, ScoreTable]
    """The scores of each arm that are wanted."""
    screened: ScreeningState
    trust: ProxyLooks
    ladder: Ladder | None
    """How trials are bought where the budget does not pay for all hypotheses on all arms; else None."""
    agenda: Agenda
    unread: Mapping[str, Unread] = field(default_factory=dict)
    """By arm: whose scores can't be read."""


def judge(study: Study, records: Records, now: float = 0.0, memory: Memory = NO_MEMORY) -> Judgement:
    """Judge a study from its records alone.

    `now` (Unix seconds) is only the time that new trust records get: it decides nothing. `memory` keeps what the same
    scores have said.
    """
    scored = with_readings(study, records)
    costs = costs_of(study, records, scored)
    ended = progress_of(study, scored)
    tables = score_tables_of(study, scored, ended)
    if budget_is_too_small(study, ended, costs):
        return _within_budget(study, records, scored, ended, tables, costs)
    by_arm = with_failures_last(study, tables)
    screened = screening_of(study, by_arm, now)
    unread = unread_of(study, ended, frozenset(screened.calibration))
    trust = look_at_proxies(study, {arm: own.of(screened.calibration) for arm, own in by_arm.items()}, unread, memory)
    agenda = agenda_of(study, tables, trust, screened, memory)
    tables = {arm: own.limited(agenda.depth[arm]) for arm, own in tables.items()}
    # usually nothing else is wanted, and looking through all trials takes as long as the rest of a plan
    as_usual = agenda.keys == study.design.initial_keys
    progress = ended if as_usual else progress_of(study, scored, agenda.keys)
    return Judgement(scored, costs, progress, tables, screened, trust, None, agenda, unread)


def _within_budget(
    study: Study,
    records: Records,
    scored: Records,
    ended: Progress,
    tables: Mapping[str, ScoreTable],
    costs: Costs,
) -> Judgement:
    ladder = ladder_of(study, scored, ended, costs)
    agenda = agenda_within_budget(study, ladder, costs, free_slots(study, records))
    progress = progress_of(study, scored, agenda.keys | study.design.initial_keys)
    return Judgement(scored, costs, progress, tables, everybody_calibrates(study), ProxyLooks(), ladder, agenda)
