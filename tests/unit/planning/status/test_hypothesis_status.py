"""What studies say of a hypothesis, and when it is concluded."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from assay.api.conditions import Condition, Reason
from assay.api.resources import Hypothesis, HypothesisStatus, ProxyStudyStatus, StudyVerdict, Verdict
from assay.planning.plan import plan
from assay.planning.status.hypothesis_status import StudyState, columns_of, concluded, state_of, verdicts_of
from builders import manifests
from builders.studies import a_study, records_of_scores

SCORES = {"baseline": 0.80, "h001": 0.90, "h002": 0.80, "h003": 0.70}


def a_verdict(study: str, verdict: Verdict = Verdict.BETTER, *, generation: int = 1) -> StudyVerdict:
    return StudyVerdict(name=study, verdict=verdict, observed_generation=generation)


def a_hypothesis(said: Iterable[StudyVerdict] = (), *, generation: int = 1) -> Hypothesis:
    plain = manifests.a_hypothesis("h001")
    metadata = plain.metadata.model_copy(update={"generation": generation})
    return plain.model_copy(update={"metadata": metadata, "status": HypothesisStatus(studies=tuple(said))})


def state_with(**condition: Any) -> StudyState:
    plain = manifests.a_proxy_study(name="fashion")
    fields = {"status": "True", "reason": "AllTrialsEnded", "last_transition_time": "2026-01-31T12:00:00Z"}
    said = Condition.model_validate({"type": "Succeeded", "observed_generation": 3, **fields, **condition})
    update = {
        "metadata": plain.metadata.model_copy(update={"generation": 3}),
        "status": ProxyStudyStatus(conditions=(said,)),
    }
    return state_of(plain.model_copy(update=update))


def test_every_hypothesis_has_a_verdict_though_the_ranking_of_a_status_ends_at_fifty() -> None:
    study = a_study(hypotheses=60)
    verdicts = verdicts_of(study, plan(study, {}, 0.0).ranking)
    assert set(verdicts) == {hypothesis.name for hypothesis in study.hypotheses}
    assert verdicts["h059"] == StudyVerdict(name="digits", verdict=Verdict.INCONCLUSIVE, arm="reference")


def test_verdicts_are_those_of_the_ranking() -> None:
    study, noise = a_study(seeds=3), random.Random(1)
    records = records_of_scores(study, lambda trial: SCORES[trial.hypothesis] + noise.gauss(0, 0.003))
    verdicts = verdicts_of(study, plan(study, records, 0.0).ranking)
    assert [verdicts[name].verdict for name in SCORES] == ["Baseline", "Better", "Inconclusive", "Worse"]
    assert verdicts["h001"].rank == 1
    assert verdicts["h001"].difference == "0.10122"


def test_a_hypothesis_is_concluded_when_every_study_that_selects_it_has_succeeded_and_said_its_verdict() -> None:
    said = concluded(
        a_hypothesis([a_verdict("fashion"), a_verdict("digits", Verdict.FAILED)]),
        [StudyState("digits", True, "AllTrialsEnded"), StudyState("fashion", True, "BudgetSpent")],
    )
    assert (said.holds, said.reason) == (True, Reason.VERDICT_REACHED)
    assert said.message == "digits: Failed, fashion: Better."


def test_a_verdict_of_a_study_that_still_runs_may_change() -> None:
    studies = [StudyState("digits", False, "Suspended"), StudyState("fashion", False, "TrialsOpen")]
    said = concluded(a_hypothesis([a_verdict("fashion")]), studies)
    assert (said.holds, said.reason) == (False, Reason.PENDING)
    assert said.message == "Waiting for digits (Suspended), fashion."


def test_while_some_studies_are_open_the_others_verdicts_are_told() -> None:
    studies = [StudyState("digits", False, "TrialsOpen"), StudyState("fashion", True, "AllTrialsEnded")]
    said = concluded(a_hypothesis([a_verdict("fashion")]), studies)
    assert (said.holds, said.message) == (False, "Waiting for digits. fashion: Better.")


def test_all_studies_that_select_it_are_listed_with_their_verdicts() -> None:
    studies = [StudyState(name, True, "AllTrialsEnded") for name in ("digits", "fashion")]
    hypothesis = a_hypothesis([a_verdict("fashion"), a_verdict("digits", Verdict.WORSE)])
    assert columns_of(hypothesis, studies) == {"selectedBy": "digits, fashion", "verdicts": "Worse, Better"}
    edited = a_hypothesis([a_verdict("fashion", generation=2), a_verdict("digits")], generation=2)
    assert columns_of(edited, studies) == {"selectedBy": "digits, fashion", "verdicts": "open, Better"}
    assert columns_of(hypothesis, []) == {}
    many = [StudyState(f"study-{number}", True, "AllTrialsEnded") for number in range(64)]
    assert columns_of(hypothesis, many)["selectedBy"] == "study-0, study-1, study-2, study-3, 60 more"


def test_a_verdict_on_what_the_hypothesis_said_before_does_not_count() -> None:
    edited = a_hypothesis([a_verdict("fashion", generation=1)], generation=2)
    assert concluded(edited, [StudyState("fashion", True, "AllTrialsEnded")]).holds is False


def test_a_hypothesis_that_no_study_selects_is_not_concluded() -> None:
    assert concluded(a_hypothesis(), []).reason == Reason.NOT_SELECTED


def test_what_a_study_said_of_an_earlier_spec_does_not_count() -> None:
    assert state_with().succeeded is True
    assert state_with(observed_generation=2).succeeded is False
    assert state_with(status="False", reason="TrialsOpen") == StudyState("fashion", False, "TrialsOpen")
    assert state_of(manifests.a_proxy_study()).succeeded is False


def test_failed_seeds_are_beside_the_verdict_wherever_it_is_listed() -> None:
    said = a_verdict("digits", Verdict.UNSTABLE).model_copy(update={"seeds": 2, "failed_seeds": 2})
    hypothesis = a_hypothesis([said])
    state = StudyState("digits", True, Reason.ALL_TRIALS_ENDED)
    assert columns_of(hypothesis, [state])["verdicts"] == "Unstable (2/4 seeds failed)"
    assert concluded(hypothesis, [state]).message == "digits: Unstable (2/4 seeds failed)."
