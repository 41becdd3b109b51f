"""A study that has finished keeps its answers when the rules of judging change."""

from __future__ import annotations

from typing import Any

import pytest

from assay.api.conditions import Condition, ConditionType
from assay.api.resources import ProxyStudyStatus
from assay.planning.actions import Start
from assay.planning.plan import plan
from assay.planning.records.records import Records
from assay.planning.status.rules import FIRST_RULES, RULES
from assay.planning.study.study import Study
from assay.reporting.answers import rules_answer
from builders.studies import a_study, records_of_scores, redefined


def served(study: Study, **metadata: Any) -> Study:
    """Return the study as a cluster has it."""
    resource = study.resource
    known = resource.metadata.model_copy(update={"uid": "uid", "generation": 1, **metadata})
    return redefined(study, resource=resource.model_copy(update={"metadata": known}))


def with_status(study: Study, status: ProxyStudyStatus) -> Study:
    return redefined(study, resource=study.resource.model_copy(update={"status": status}))


def scores(study: Study, more: float = 0.0) -> Records:
    return records_of_scores(study, lambda trial: 0.5 + 0.01 * trial.seed + more * int(trial.hypothesis == "h002"))


STUDY = served(a_study(seeds=3))
FINISHED = plan(STUDY, scores(STUDY), 0.0).status
EARLIER = FINISHED.model_copy(update={"rules": None, "ranking_accuracy": "0.93", "report": "s3://b/r.html"})


def test_a_study_that_has_finished_says_by_which_rules() -> None:
    assert FINISHED.rules == RULES
    assert plan(STUDY, {}, 0.0).status.rules is None
    assert rules_answer(FINISHED) == ""


@pytest.mark.parametrize("rules", [None, FIRST_RULES, RULES + 1])
def test_what_was_found_by_other_rules_stays(rules: int | None) -> None:
    earlier = EARLIER.model_copy(update={"rules": rules})
    decided = plan(with_status(STUDY, earlier), scores(STUDY, more=0.3), 1.0)
    assert decided.status == earlier.model_copy(update={"rules": rules or FIRST_RULES})
    assert (decided.kept, decided.finished, decided.actions, decided.requeue_after) == (True, True, (), None)
    assert f"version {rules or FIRST_RULES} of the rules" in rules_answer(decided.status)


def test_nothing_is_started_that_only_the_new_rules_want() -> None:
    study = served(a_study(seeds=3, maximum=10))
    close = {"baseline": (0.495, 0.501, 0.490), "h001": (0.514, 0.517, 0.507), "h002": (0.523, 0.522, 0.518)}
    records = records_of_scores(a_study(seeds=3), lambda trial: close.get(trial.hypothesis, close["h002"])[trial.seed])
    wanted = plan(study, records, 0.0)
    assert any(isinstance(action, Start) for action in wanted.actions)
    done = plan(served(a_study(seeds=3)), records, 0.0).status
    kept = plan(with_status(study, done.model_copy(update={"rules": None})), records, 0.0)
    assert (kept.kept, kept.actions) == (True, ())


def test_what_was_found_by_the_same_rules_is_judged_as_always() -> None:
    decided = plan(with_status(STUDY, FINISHED), scores(STUDY, more=0.3), 1.0)
    assert not decided.kept
    assert decided.status.ranking != FINISHED.ranking


def test_an_edit_is_judged_by_the_present_rules() -> None:
    edited = with_status(served(a_study(seeds=3), generation=2), EARLIER)
    assert plan(edited, scores(edited), 1.0).status.rules == RULES


def test_results_that_no_longer_count_are_found_anew() -> None:
    study = with_status(STUDY, EARLIER)
    assert not plan(study, {}, 1.0).kept


def test_a_study_that_has_not_succeeded_is_not_kept() -> None:
    failed = tuple(
        each.model_copy(update={"status": "False"}) if each.type == ConditionType.SUCCEEDED else each
        for each in EARLIER.conditions
    )
    study = with_status(STUDY, EARLIER.model_copy(update={"conditions": failed}))
    assert not plan(study, scores(study), 1.0).kept


def test_failures_that_are_tried_again_are_judged_by_the_present_rules() -> None:
    study = with_status(STUDY, EARLIER.model_copy(update={"trials": EARLIER.trials.model_copy(update={"failed": 1})}))
    assert not plan(study, scores(study), 1.0).kept


def test_what_could_not_be_read_for_a_while_is_no_longer_said_once_it_can() -> None:
    away = Condition.model_validate(
        {
            "type": "Verifiable",
            "status": "False",
            "reason": "StoreUnreachable",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    )
    study = with_status(STUDY, EARLIER.model_copy(update={"conditions": (*EARLIER.conditions, away)}))
    decided = plan(study, scores(study), 1.0)
    assert decided.kept
    assert decided.status.condition(ConditionType.VERIFIABLE) is None
