"""What studies say of each hypothesis, and whether all has been said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from assay.api.conditions import ConditionType, Reason
from assay.api.resources import REFERENCE, Hypothesis, ProxyStudy, StudyVerdict
from assay.planning.status.conditions import Statement

if TYPE_CHECKING:
    from assay.api.resources import RankedHypothesis
    from assay.planning.study.study import Study


def verdicts_of(study: Study, ranking: Iterable[RankedHypothesis]) -> Mapping[str, StudyVerdict]:
    """Return what the study says of every hypothesis that it selects, by name; `ranking` is its plan's."""
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
            seeds=row.seeds if row.failed_seeds else None,
            failed_seeds=row.failed_seeds,
        )
        for row in ranking
    }


_UNDER_WAY = (Reason.PROGRESSING, Reason.TRIALS_OPEN)


class StudyState(NamedTuple):
    """How far a study is; `reason` is that of its condition Succeeded."""

    name: str
    succeeded: bool
    reason: str


def state_of(study: ProxyStudy) -> StudyState:
    """Return how far a study is, as its status says. A condition of an earlier spec does not count."""
    succeeded = study.status.condition(ConditionType.SUCCEEDED) if study.status else None
    if succeeded is None or succeeded.observed_generation != study.metadata.generation:
        return StudyState(study.name, False, Reason.PROGRESSING)
    return StudyState(study.name, succeeded.status == "True", succeeded.reason)


LISTED = 4
"""Studies whose names and verdicts are listed: more of them would not fit on a line."""

OPEN = "open"


def columns_of(hypothesis: Hypothesis, studies: Sequence[StudyState]) -> dict[str, str]:
    """Return what `kubectl get` shows of a hypothesis, by the field of its status: the studies that select it, and in
    the same order what each of them says of it. Empty if no study selects it."""
    if not studies:
        return {}
    said = _in_force(hypothesis)
    shown = [(study.name, _in_short(said.get(study.name))) for study in studies[:LISTED]]
    names, verdicts = zip(*shown, strict=True)
    more = f", {len(studies) - LISTED} more" if len(studies) > LISTED else ""
    return {"selectedBy": ", ".join(names) + more, "verdicts": ", ".join(verdicts)}


def _in_short(said: StudyVerdict | None) -> str:
    """Return the verdict, and how many seeds failed, if any did."""
    if said is None:
        return OPEN
    failed = said.failed_seeds
    return f"{said.verdict} ({failed}/{(said.seeds or 0) + failed} seeds failed)" if failed else str(said.verdict)


def _in_force(hypothesis: Hypothesis) -> Mapping[str, StudyVerdict]:
    """Return the verdicts that are about the hypothesis as it is now, by the study's name."""
    verdicts = hypothesis.status.studies if hypothesis.status else ()
    return {each.name: each for each in verdicts if each.observed_generation == hypothesis.metadata.generation}


def concluded(hypothesis: Hypothesis, studies: Sequence[StudyState]) -> Statement:
    """Say whether all studies that select the hypothesis have their verdict about it as it is now."""
    kind = ConditionType.CONCLUDED
    if not studies:
        return Statement(kind, False, Reason.NOT_SELECTED, "No study selects it.")
    said = _in_force(hypothesis)
    open_studies, told = [], []
    for study in studies:
        if not study.succeeded:
            open_studies.append(study.name if study.reason in _UNDER_WAY else f"{study.name} ({study.reason})")
        elif study.name not in said:
            open_studies.append(study.name)
        else:
            told.append(f"{study.name}: {_in_short(said[study.name])}")
    if open_studies:
        known = f" {', '.join(told)}." if told else ""
        return Statement(kind, False, Reason.PENDING, f"Waiting for {', '.join(open_studies)}.{known}")
    return Statement(kind, True, Reason.VERDICT_REACHED, f"{', '.join(told)}.")
