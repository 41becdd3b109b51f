"""Studies that are edited after their scores were seen."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from assay.api.resources import ProxyStudyStatus, Question, RankedHypothesis, Seeds, Verdict
from assay.planning.study.study import Study
from assay_trainer.contract import PreparationRequest, TrialRequest
from builders.studies import a_study, redefined
from builders.world import Outcome, PlayedWorld


def score(item: TrialRequest | PreparationRequest) -> Outcome:
    """Return a score that depends on the key alone; h003 is much better than the others."""
    assert isinstance(item, TrialRequest)
    return (0.1 if item.hypothesis == "h003" else 0.0) + random.Random(item.key).gauss(0.5, 0.01)


def edited(study: Study, *, baseline: str | None = None, seeds: Seeds | None = None, **spec: Any) -> Study:
    """Return the study with fields of its spec changed."""
    if baseline is not None:
        spec["hypotheses"] = study.spec.hypotheses.model_copy(update={"baseline": baseline})
    if seeds is not None:
        spec["seeds"] = seeds
    changed = study.resource.model_copy(update={"spec": study.spec.model_copy(update=spec)})
    return redefined(study, resource=changed)


def finish(world: PlayedWorld) -> ProxyStudyStatus:
    return world.in_waves().status


def row(status: ProxyStudyStatus, name: str) -> RankedHypothesis:
    return next(each for each in status.ranking if each.name == name)


@pytest.mark.parametrize("question", list(Question))
def test_a_baseline_that_was_chosen_by_its_score_is_compared_by_seeds_that_nobody_had(question: Question) -> None:
    world = PlayedWorld(a_study(hypotheses=5, seeds=3, maximum=12, question=question), score)
    assert row(finish(world), "h003").verdict is Verdict.BETTER
    had = max(item.seed for item in world.items.values() if isinstance(item, TrialRequest)) + 1
    world.study = edited(world.study, baseline="h003")
    status = world.round().status
    assert {each.verdict for each in status.ranking} == {Verdict.BASELINE, Verdict.INCONCLUSIVE}
    status = finish(world)
    assert row(status, "h001").verdict is Verdict.WORSE
    assert row(status, "h001").seeds >= had + 3
    world.study = edited(world.study, baseline="baseline")
    assert row(finish(world), "h003").verdict is Verdict.BETTER


@pytest.mark.parametrize("question", list(Question))
def test_where_too_few_seeds_are_left_the_verdicts_say_that_they_do_not_cover_it(question: Question) -> None:
    world = PlayedWorld(a_study(hypotheses=5, seeds=3, maximum=3, question=question), score)
    finish(world)
    world.study = edited(world.study, baseline="h003")
    status = finish(world)
    others = [each for each in status.ranking if each.verdict is not Verdict.BASELINE]
    want = "The baseline was chosen by its score, so only later seeds may compare it: set seeds.maximum to 6."
    assert {(each.verdict, each.difference, each.message) for each in others} == {(Verdict.INCONCLUSIVE, None, want)}
    world.study = edited(world.study, seeds=Seeds(initial=3, maximum=6))
    assert row(finish(world), "h001").verdict is Verdict.WORSE


def test_a_baseline_that_is_new_is_compared_by_all_seeds() -> None:
    world = PlayedWorld(a_study(hypotheses=5, seeds=3), score)
    finish(world)
    fourth = a_study(hypotheses=6).hypotheses[-1]
    hypotheses = (fourth, *world.study.hypotheses)
    world.study = edited(redefined(world.study, hypotheses=hypotheses), baseline=fourth.name)
    assert row(finish(world), "h003").verdict is Verdict.BETTER


def test_a_verdict_stays_when_the_maximum_is_raised_or_the_first_number_changed() -> None:
    world = PlayedWorld(a_study(hypotheses=5, seeds=3, maximum=4), score)
    before = row(finish(world), "h003")
    for seeds in (Seeds(initial=3, maximum=8), Seeds(initial=5, maximum=8), Seeds(initial=2, maximum=3)):
        world.study = edited(world.study, seeds=seeds)
        after = row(finish(world), "h003")
        assert (after.verdict, after.difference) == (Verdict.BETTER, before.difference)
        assert (after.difference_low, after.difference_high) == (before.difference_low, before.difference_high)


def test_who_was_removed_still_counts_as_a_comparison() -> None:
    world = PlayedWorld(a_study(hypotheses=12, seeds=3, maximum=4), score)
    before = row(finish(world), "h003")
    kept = tuple(each for each in world.study.hypotheses if each.name in ("baseline", "h002", "h003"))
    whole = world.study
    world.study = redefined(world.study, hypotheses=kept)
    finish(world)
    history = replace(whole.history, edits=world.edits)
    assert [replace(each, history=history).looks.removed for each in (whole, world.study)] == [0, 9]
    forgetful = PlayedWorld(world.study, score, records=dict(world.records))
    widths = [
        float(each.difference_high or 0) - float(each.difference_low or 0)
        for each in (row(finish(forgetful), "h003"), row(finish(world), "h003"))
    ]
    assert widths[0] < widths[1]
    assert before.verdict is Verdict.BETTER
