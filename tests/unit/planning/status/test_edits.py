from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from assay.api.conditions import ConditionType, Reason
from assay.api.resources import ProxyArm, Question, Trust, Verdicts
from assay.planning.plan import plan
from assay.planning.records.edit_digest import edit_digest
from assay.planning.status.edits import Edit, edits_of, in_words
from assay.planning.study.history import History
from assay.planning.study.study import Study
from assay.reporting.answers import best_answer, edits_answer, verdict_answer
from assay.rounds.history import with_edits
from builders.studies import a_study, records_of_scores, redefined

SHORT, SMALL = ProxyArm(name="short", epochs=2), ProxyArm(name="small", epochs=4)


def looked_at(*studies: Study) -> Study:
    """Return the last of the studies, knowing that scores of the first were seen by each, one after another."""
    edits: Any = ()
    for study in studies:
        study = with_edits(replace(study, history=History(edits=edits)), records(studies[0]), 1.0)
        edits = study.history.edits
    return study


def records(study: Study) -> Any:
    return records_of_scores(study, lambda trial: 0.5 + 0.01 * int(trial.hypothesis[-1:] == "2") + 0.001 * trial.seed)


def compared_with(baseline: str, study: Study) -> Study:
    """Return the study with another baseline."""
    hypotheses = study.spec.hypotheses.model_copy(update={"baseline": baseline})
    spec = study.spec.model_copy(update={"hypotheses": hypotheses})
    return redefined(study, resource=study.resource.model_copy(update={"spec": spec}))


def said(*studies: Study) -> Sequence[Edit]:
    return edits_of(looked_at(*studies))


def test_a_study_that_was_not_edited_has_no_edits() -> None:
    assert not said(a_study(), a_study())
    assert not edits_of(a_study())
    assert in_words(()) == ""


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        ({"smallest_effect": "0.01"}, "metric.smallestEffect 0 → 0.01"),
        ({"trust": Trust(threshold="0.5")}, "trust.threshold 0.6 → 0.5"),
        ({"verdicts": Verdicts(confidence_percent=90)}, "verdicts.confidencePercent 95 → 90"),
        ({"question": Question.FIND_BEST}, "question RankAll → FindBest"),
    ],
)
def test_the_error_does_not_hold_once_it_is_chosen_after_looking_how_results_are_judged(
    changes: dict[str, Any], want: str
) -> None:
    assert said(a_study(), a_study(**changes)) == (Edit(want, "", holds=False),)


def test_an_edit_that_was_put_back_counts_as_what_it_was() -> None:
    (edit,) = said(a_study(), a_study(smallest_effect="0.01"), a_study())
    assert edit.what == "metric.smallestEffect 0 → 0.01 → 0"


def test_many_values_are_not_all_listed() -> None:
    (edit,) = said(*(a_study(smallest_effect=f"0.{number}") for number in range(1, 9)))
    assert edit.what == "metric.smallestEffect 0.1 → 0.2 → … → 0.7 → 0.8"


@pytest.mark.parametrize(
    ("seeds", "want"),
    [
        ((3, 8), ("seeds.maximum 5 → 8", "later looks go on spending it")),
        ((3, 4), ("seeds.maximum 5 → 4", "bounds stay those of 5 seeds")),
        ((4, 5), ("seeds.initial 3 → 4", "looks stay from 3 seeds on")),
    ],
)
def test_the_error_allows_for_other_numbers_of_seeds(seeds: tuple[int, int], want: tuple[str, str]) -> None:
    initial, maximum = seeds
    study = a_study(seeds=initial, maximum=maximum)
    assert said(a_study(seeds=3, maximum=5), study) == (Edit(*want, holds=True),)


def test_proxies_that_are_added_or_removed_share_the_error() -> None:
    assert said(a_study(proxies=[SHORT]), a_study(proxies=[SMALL])) == (
        Edit("proxies added: small", "they share it with those before", holds=True),
        Edit("proxies removed: short", "they still share it", holds=True),
    )


def test_hypotheses_that_were_removed_are_named_as_far_as_there_is_room() -> None:
    many = a_study(hypotheses=8)
    few = a_study(hypotheses=many.hypotheses[:2])
    (edit,) = said(many, few)
    assert edit == Edit(
        "hypotheses removed or edited: h002, h003, h004 and 3 more", "what they were still counts", holds=True
    )


@pytest.mark.parametrize(
    ("maximum", "want"),
    [
        (4, "no verdict covers it: seeds.maximum 6 would"),
        (6, "verdicts rest on the seeds after the first 4 alone"),
    ],
)
def test_a_baseline_that_was_chosen_by_its_score_is_said_with_the_seeds_that_count(maximum: int, want: str) -> None:
    later = compared_with("h002", a_study(seeds=2, maximum=maximum))
    found = {edit.what: edit.effect for edit in said(a_study(seeds=2, maximum=4), later)}
    assert found["baseline baseline → h002"] == want


def test_what_an_earlier_release_wrote_down_is_an_edit_too() -> None:
    study = a_study()
    assert not edits_of(replace(study, history=History(criteria_seen=frozenset({edit_digest(study.spec)}))))
    (edit,) = edits_of(replace(study, history=History(criteria_seen=frozenset({"a" * 32}))))
    assert not edit.holds


def test_an_edit_of_an_earlier_release_stays_said_beside_the_log() -> None:
    study = looked_at(a_study())
    digests = frozenset({edit_digest(study.spec), "a" * 32})
    (edit,) = edits_of(replace(study, history=replace(study.history, criteria_seen=digests)))
    assert not edit.holds
    edited = looked_at(a_study(), a_study(smallest_effect="0.01"))
    both = frozenset(edit_digest(each.spec) for each in (study, edited))
    (named,) = edits_of(replace(edited, history=replace(edited.history, criteria_seen=both)))
    assert named.what == "metric.smallestEffect 0 → 0.01"


def test_how_large_the_backlog_will_be_counts_as_it_was_said_at_first() -> None:
    trust = Trust(threshold="0.6", expected_hypotheses=48)
    study = looked_at(a_study(), a_study(trust=trust))
    seen = frozenset(edit_digest(each.spec) for each in (a_study(), study))
    (edit,) = edits_of(replace(study, history=replace(study.history, criteria_seen=seen)))
    assert edit == Edit("trust.expectedHypotheses unset → 48", "what was said before the first look counts", holds=True)


def test_a_condition_names_the_edits_of_a_study_without_proxies_too() -> None:
    study = looked_at(a_study(seeds=3), a_study(seeds=3, maximum=5))
    status = plan(study, records(study), 0.0).status
    condition = status.condition(ConditionType.EDITED_AFTER_LOOKING)
    assert condition is not None
    assert (condition.status, condition.reason) == ("True", Reason.ERROR_HOLDS)
    assert condition.message == "The error allows for seeds.maximum 3 → 5 (later looks go on spending it)."
    assert edits_answer(status) == condition.message
    assert "95 % confidence" in verdict_answer(study, status)
    assert plan(a_study(), {}, 0.0).status.condition(ConditionType.EDITED_AFTER_LOOKING) is None


def test_no_confidence_is_claimed_once_the_error_does_not_hold() -> None:
    study = looked_at(a_study(seeds=3), a_study(seeds=3, smallest_effect="0.2"))
    status = plan(study, records(study), 0.0).status
    condition = status.condition(ConditionType.EDITED_AFTER_LOOKING)
    assert condition is not None
    assert condition.reason == Reason.ERROR_DOES_NOT_HOLD
    assert "95 %" not in verdict_answer(study, status) + best_answer(study, status)
