"""What studies say of each hypothesis, and whether all has been said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from assay.api.conditions import ConditionType, Reason
from assay.api.resources import REFERENCE, Hypothesis, ProxyStudy, StudyVerdict
from assay.planning.conditions import Statement
from assay.planning.judgement import assessment_of, judge
from assay.planning.ranking_status import ranking_rows

if TYPE_CHECKING:
    from assay.planning.records import Records
    from assay.planning.study import Study


def verdicts_of(study: Study, records: Records) -> Mapping[str, StudyVerdict]:
    """What the study says of every hypothesis that it selects, by name."""
    judgement = judge(study, records)
    rows = ranking_rows(study, records, judgement, assessment_of(study, judgement))
    generations = {hypothesis.name: hypothesis.metadata.generation for hypothesis in study.hypotheses}
    return {
        row.name: StudyVerdict(
            name=study.name,
            verdict=row.verdict,
            observed_generation=generations[row.name],
            difference=row.difference,
            low=row.difference_low,
            high=row.difference_high,
            rank=row.rank,
            rank_low=row.rank_low,
            rank_high=row.rank_high,
            arm=row.arm or REFERENCE,
        )
        for row in rows
    }


_UNDER_WAY = (Reason.PROGRESSING, Reason.TRIALS_OPEN)


class StudyState(NamedTuple):
    """How far a study is; `reason` is that of its condition Succeeded."""

    name: str
    succeeded: bool
    reason: str


def state_of(study: ProxyStudy) -> StudyState:
    """As its status says. What was said of an earlier spec does not count."""
    status = study.status
    said = {condition.type: condition for condition in status.conditions} if status else {}
    succeeded = said.get(ConditionType.SUCCEEDED)
    if succeeded is None or succeeded.observed_generation != study.metadata.generation:
        return StudyState(study.name, False, Reason.PROGRESSING)
    return StudyState(study.name, succeeded.status == "True", succeeded.reason)


def concluded(hypothesis: Hypothesis, studies: Sequence[StudyState]) -> Statement:
    """Whether the studies that select the hypothesis, as it is now, all have their verdict."""
    kind = ConditionType.CONCLUDED
    if not studies:
        return Statement(kind, False, Reason.NOT_SELECTED, "No study selects it.")
    said = {verdict.name: verdict for verdict in hypothesis.status.studies} if hypothesis.status else {}
    open_studies = []
    for study in studies:
        verdict = said.get(study.name)
        if not study.succeeded:
            open_studies.append(study.name if study.reason in _UNDER_WAY else f"{study.name} ({study.reason})")
        elif verdict is None or verdict.observed_generation != hypothesis.metadata.generation:
            open_studies.append(study.name)
    if open_studies:
        return Statement(kind, False, Reason.PENDING, f"Waiting for {', '.join(open_studies)}.")
    verdicts = ", ".join(f"{study.name}: {said[study.name].verdict}" for study in studies)
    return Statement(kind, True, Reason.VERDICT_REACHED, f"{verdicts}.")
