"""A study that has finished stays finished for as long as the same question is asked."""

from __future__ import annotations

from typing import Any

import pytest

from assay.api.conditions import Condition
from assay.api.resources import (
    Hypothesis,
    HypothesisStatus,
    ProxyStudy,
    ProxyStudyStatus,
    RankedHypothesis,
    StudyVerdict,
    Verdict,
)
from assay.planning.status.finished import is_still_finished, question_of
from builders import manifests

BASELINE, OTHER = (manifests.a_hypothesis(name) for name in ("baseline", "other"))


def served(status: ProxyStudyStatus | None = None, *, generation: int = 1) -> ProxyStudy:
    return manifests.a_proxy_study(uid="uid", generation=generation, status=status)


def finished(*hypotheses: Hypothesis) -> ProxyStudyStatus:
    return ProxyStudyStatus(finished_for=question_of(served(), hypotheses))


def edited(hypothesis: Hypothesis, **spec: Any) -> Hypothesis:
    return hypothesis.model_copy(update={"spec": hypothesis.spec.model_copy(update=spec)})


def test_what_was_found_is_the_answer_while_the_same_is_asked() -> None:
    status = finished(BASELINE, OTHER)
    assert is_still_finished(served(status), [BASELINE, OTHER])
    assert is_still_finished(served(status), [OTHER, BASELINE])


@pytest.mark.parametrize(
    ("generation", "hypotheses"),
    [
        (2, [BASELINE, OTHER]),
        (1, [BASELINE]),
        (1, [BASELINE, OTHER, manifests.a_hypothesis("new")]),
        (1, [BASELINE, edited(OTHER, recipe={"x": 2})]),
        (1, [BASELINE, edited(OTHER, statement="Another one.")]),
        (1, [BASELINE, manifests.a_hypothesis("renamed")]),
    ],
)
def test_an_edit_of_the_study_or_of_its_hypotheses_asks_something_else(
    generation: int, hypotheses: list[Hypothesis]
) -> None:
    assert not is_still_finished(served(finished(BASELINE, OTHER), generation=generation), hypotheses)


def test_a_study_that_has_said_nothing_has_not_finished() -> None:
    assert not is_still_finished(served(), [BASELINE])
    assert not is_still_finished(served(ProxyStudyStatus()), [BASELINE])


# ------------------------------------------------------------- statuses that do not say for what they are


def told(hypothesis: Hypothesis, *, generation: int = 1, of: int = 1, study: str = "digits") -> Hypothesis:
    """Return the hypothesis with an entry of the study for that generation of the hypothesis."""
    entry = StudyVerdict(name=study, verdict=Verdict.BETTER, observed_generation=of)
    metadata = hypothesis.metadata.model_copy(update={"generation": generation})
    return hypothesis.model_copy(update={"metadata": metadata, "status": HypothesisStatus(studies=(entry,))})


def succeeded(*ranked: str, holds: str = "True", generation: int = 1) -> ProxyStudyStatus:
    fields = {"type": "Succeeded", "status": holds, "reason": "AllTrialsEnded", "observed_generation": generation}
    condition = Condition.model_validate({**fields, "last_transition_time": "2026-01-31T12:00:00Z"})
    rows = tuple(RankedHypothesis(name=name, verdict=Verdict.BETTER) for name in ranked)
    return ProxyStudyStatus(conditions=(condition,), ranking=rows)


def test_a_status_of_an_earlier_version_counts_if_each_hypothesis_has_its_verdict() -> None:
    status = succeeded("baseline", "other")
    assert is_still_finished(served(status), [told(BASELINE), told(OTHER)])
    # Of a thousand hypotheses a status ranks fifty.
    assert is_still_finished(served(succeeded("baseline")), [told(BASELINE), told(OTHER)])


@pytest.mark.parametrize(
    ("status", "hypotheses"),
    [
        (succeeded("baseline", "other", holds="False"), [told(BASELINE), told(OTHER)]),
        (succeeded("baseline", "other", generation=0), [told(BASELINE), told(OTHER)]),
        (succeeded("baseline", "other"), [told(BASELINE), OTHER]),
        (succeeded("baseline", "other"), [told(BASELINE), told(OTHER, generation=2)]),
        (succeeded("baseline", "other"), [told(BASELINE), told(OTHER, study="fashion")]),
        (succeeded("baseline", "other"), [told(BASELINE)]),
    ],
)
def test_otherwise_it_does_not(status: ProxyStudyStatus, hypotheses: list[Hypothesis]) -> None:
    assert not is_still_finished(served(status), hypotheses)


def test_another_label_of_a_hypothesis_asks_something_else_if_the_study_clusters_by_it() -> None:
    def asked(cluster_by: str | None, value: str) -> str:
        study = served()
        selection = study.spec.hypotheses.model_copy(update={"cluster_by": cluster_by})
        spec = study.spec.model_copy(update={"hypotheses": selection})
        labelled = manifests.a_hypothesis("other", labels={"family": value})
        return question_of(study.model_copy(update={"spec": spec}), [BASELINE, labelled])

    assert asked("family", "a") != asked("family", "b")
    assert asked(None, "a") == asked(None, "b")
