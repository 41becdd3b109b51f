"""By which rules a study was judged: a study that has finished keeps its answers when Assay is upgraded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.api.conditions import ConditionType
from assay.planning.results.progress import State, progress_of
from assay.planning.results.readings import with_readings
from assay.planning.status.finished import is_still_finished
from assay.planning.status.summary import summarised

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudyStatus
    from assay.planning.records.records import Records
    from assay.planning.study.study import Study

RULES = 2
"""The version of the rules by which results are judged. It goes up with each release that finds something else in the
same results."""

FIRST_RULES = 1
"""The version of releases that did not write it down."""


def answer_by_earlier_rules(study: Study, records: Records) -> ProxyStudyStatus | None:
    """Return the recorded status of a study that has finished by other rules than the present ones, which stays; None
    if there is none, or if it answers another question, or if not all that it rests on counts any more."""
    status = study.status
    if status is None or status.rules == RULES or not status.holds(ConditionType.SUCCEEDED):
        return None
    if not is_still_finished(study.resource, study.hypotheses) or not _rests_on_the_same(study, records, status):
        return None
    said = tuple(each for each in status.conditions if each.type != ConditionType.VERIFIABLE)
    return summarised(status.model_copy(update={"conditions": said, "rules": status.rules or FIRST_RULES}))


def _rests_on_the_same(study: Study, records: Records, status: ProxyStudyStatus) -> bool:
    """Tell whether there are as many results and failures of the study's trials as then: an object that was overwritten
    changes keys, and a retry takes failures back."""
    states = progress_of(study, with_readings(study, records)).states
    found = [states[trial.key] for trial in study.design.trials]
    return found.count(State.SUCCEEDED) >= status.trials.succeeded and found.count(State.FAILED) >= status.trials.failed
