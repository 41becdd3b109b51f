"""Results as train functions may return them, too: whatever one of them says, the others' study goes on."""

from __future__ import annotations

import random

import pytest

from assay.api.resources import Goal, HypothesesSelection, Metric, OnFailure, Question
from assay.planning.plan import plan
from assay.planning.records.records import WorkRecord
from assay.planning.study.study import Study
from assay_trainer.contract import FailureReason
from builders.manifests import a_hypothesis, a_proxy
from builders.studies import a_failure, a_result, a_study, redefined

HYPOTHESES = 6


def study_of(question: Question, *, in_families: bool) -> Study:
    hypotheses = [a_hypothesis(f"h{row}", labels={"family": "ab"[row % 2]}) for row in range(1, HYPOTHESES)]
    study = a_study(
        hypotheses=[a_hypothesis("baseline"), *hypotheses],
        proxies=(a_proxy(),),
        seeds=3,
        maximum=5,
        question=question,
        metric=Metric(name="accuracy", goal=Goal.MINIMIZE, on_failure=OnFailure.UNSTABLE),
    )
    if not in_families:
        return study
    selection = HypothesesSelection(baseline="baseline", cluster_by="family")
    spec = study.spec.model_copy(update={"hypotheses": selection})
    return redefined(study, resource=study.resource.model_copy(update={"spec": spec}))


@pytest.mark.parametrize("question", list(Question))
@pytest.mark.parametrize("in_families", [False, True])
@pytest.mark.parametrize("scale", [1e-300, 1.7e308])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_result_however_large_or_small_keeps_a_study_from_its_answers(
    question: Question, in_families: bool, scale: float
) -> None:
    study, draw = study_of(question, in_families=in_families), random.Random(1)
    records = {}
    for trial in study.design.trials:
        result = a_result(study, trial, draw.choice([-scale, scale, draw.uniform(-1, 1) * min(scale, 1.0)]))
        extreme = {"metrics": {**result.metrics, "loss": draw.choice([1e308, -1e308, 1e-310])}}
        failed = (trial.hypothesis, trial.seed) == ("h1", 1)
        failure = a_failure(trial.key, reason=FailureReason.SCORE_NOT_FINITE, message="n" * 2000)
        records[trial.key] = (
            WorkRecord(failures=(failure,)) if failed else WorkRecord(result=result.model_copy(update=extreme))
        )

    decided = plan(study, records, 0.0)

    assert decided.finished
    assert {row.name for row in decided.ranking} == {each.name for each in study.hypotheses}
