"""For which question a study has finished: its findings then stay in its status, also while they can't be read
again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from assay.api.conditions import ConditionType
from assay_trainer.contract import canonical_json, short_digest

if TYPE_CHECKING:
    from assay.api.resources import Hypothesis, ProxyStudy


def question_of(study: ProxyStudy, selected: Iterable[Hypothesis]) -> str:
    """Return the digest of what a study asks: of its spec's generation and of the hypotheses that it selects, with
    their names, their specs, and the labels by which the study stratifies and clusters them. Their order does not
    matter."""
    stratum = (study.spec.screening.stratify_by if study.spec.screening else None) or ""
    # a study that clusters nothing asks what it asked before there was the field
    clusters = [study.spec.hypotheses.cluster_by] if study.spec.hypotheses.cluster_by else []
    asked = [
        [each.name, each.spec.to_dict(), *(each.metadata.labels.get(label) for label in (stratum, *clusters))]
        for each in sorted(selected, key=lambda hypothesis: hypothesis.name)
    ]
    return short_digest(canonical_json([study.metadata.generation, asked]))


def is_still_finished(study: ProxyStudy, selected: Sequence[Hypothesis]) -> bool:
    """Tell whether the recorded status of the study answers what is asked now."""
    status = study.status
    if status is None:
        return False
    if status.finished_for is not None:
        return status.finished_for == question_of(study, selected)
    return _was_finished(study, selected)


def _was_finished(study: ProxyStudy, selected: Sequence[Hypothesis]) -> bool:
    """Tell the same for a status by an earlier version of Assay, which did not record the question: by whether every
    hypothesis has its verdict."""
    assert study.status is not None
    succeeded = study.status.condition(ConditionType.SUCCEEDED)
    if succeeded is None or (succeeded.status, succeeded.observed_generation) != ("True", study.metadata.generation):
        return False
    ranked = {row.name for row in study.status.ranking}
    return ranked <= {each.name for each in selected} and all(_is_told(study, each) for each in selected)


def _is_told(study: ProxyStudy, hypothesis: Hypothesis) -> bool:
    """Tell whether the hypothesis, as it is now, has the study's verdict."""
    verdicts = hypothesis.status.studies if hypothesis.status else ()
    return any(
        verdict.name == study.name and verdict.observed_generation == hypothesis.metadata.generation
        for verdict in verdicts
    )
