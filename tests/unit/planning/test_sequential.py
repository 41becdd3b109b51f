"""Studies whose hypotheses may get more seeds than the initial ones."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.api.resources import Goal, ProxyArm, ProxyStudyStatus, Question, Verdict
from assay.planning.actions import Start
from assay.planning.plan import plan
from assay.planning.records.records import RunningAttempt, WorkRecord
from assay.planning.study.study import Study
from assay_trainer.contract import FailureReason, PreparationRequest, TrialRequest
from builders.effort import tries
from builders.studies import a_study, records_of_scores
from builders.world import Outcome, PlayedWorld

Item = TrialRequest | PreparationRequest
SHORT = ProxyArm(name="short", epochs=2)
NOISE = 0.02


CLOSE = {
    "baseline": (0.495, 0.501, 0.490),
    "h001": (0.514, 0.517, 0.507),
    "h002": (0.523, 0.522, 0.518),
    "h003": (0.525, 0.518, 0.538),
}
"""Three seeds each, which leave the question open for all."""


def truth(name: str) -> float:
    """h001 is a little better than the baseline, h002 more, and so on."""
    return 0.03 * int("".join(character for character in name if character.isdigit()) or 0)


def score(item: Item) -> Outcome:
    """Return a score that depends on the key alone."""
    return truth(item.hypothesis) + random.Random(item.key).gauss(0, NOISE) if isinstance(item, TrialRequest) else 0.0


def far_apart(item: Item) -> Outcome:
    """The same with differences three times as large."""
    known = score(item)
    assert isinstance(known, float)
    return known + 2 * truth(item.hypothesis) if isinstance(item, TrialRequest) else known


def failing_score(item: Item) -> Outcome:
    """Return the score, but one key in ten fails whenever it is tried."""
    draw = random.Random(item.key)
    return FailureReason.TRAIN_FUNCTION_RAISED if draw.random() < 0.1 else score(item)


def what_was_found(status: ProxyStudyStatus) -> object:
    """Return all but what depends on how many slots were idle, and when."""
    costs = {arm.name: (arm.agreement, arm.decision, arm.message) for arm in status.arms}
    rows = [row.model_copy(update={"relative_cost_percent": None}) for row in status.ranking]
    return rows, costs


def test_a_hypothesis_that_is_decided_gets_no_more_seeds() -> None:
    study = a_study(hypotheses=8, seeds=3, maximum=10, question=Question.BEAT_BASELINE)
    status = PlayedWorld(study, score).to_the_end().status
    seeds = {row.name: row.seeds for row in status.ranking}
    verdicts = {row.name: row.verdict for row in status.ranking}
    assert seeds["h007"] == 3
    assert verdicts["h007"] is Verdict.BETTER
    assert max(seeds.values()) > 3
    assert sum(seeds.values()) < 0.7 * 8 * 10
    assert all(
        row.seeds == 10 or row.verdict is not Verdict.INCONCLUSIVE or row.name == "h001" for row in status.ranking
    )


def test_finding_the_best_runs_only_those_that_may_be_it() -> None:
    study = a_study(hypotheses=10, seeds=3, maximum=10, question=Question.FIND_BEST, smallest_effect="0.005")
    status = PlayedWorld(study, far_apart).to_the_end().status
    best, *others = status.ranking
    assert (best.name, best.may_be_best) == ("h009", True)
    assert not any(row.may_be_best for row in others)
    assert {row.seeds for row in others[4:]} == {3}
    assert best.seeds < 10


@pytest.mark.parametrize("question", list(Question))
def test_what_the_question_does_not_need_is_never_asked_for(question: Question) -> None:
    study = a_study(hypotheses=8, proxies=[SHORT], seeds=3, maximum=10, question=question, capacity=None)
    world = PlayedWorld(study, far_apart)
    world.to_the_end()
    trials = Counter(item.arm for item in world.items.values())
    assert trials["short"] == 8 * 3
    assert trials["reference"] < 8 * 6


def test_a_proxy_gets_the_seeds_of_its_looks_with_all_hypotheses_or_none() -> None:
    study = a_study(hypotheses=12, proxies=[SHORT], seeds=2, maximum=8, question=Question.BEAT_BASELINE)
    world = PlayedWorld(
        study, lambda item: score(item) if item.arm == "reference" else random.Random(item.key).gauss(0, 1)
    )
    world.to_the_end()
    items = [item for item in world.items.values() if isinstance(item, TrialRequest)]
    seeds = Counter(item.hypothesis for item in items if item.arm == "short")
    assert len(set(seeds.values())) == 1


def test_idle_slots_take_what_is_likely_to_be_wanted_next_and_it_does_not_count_before_it_is() -> None:
    study = a_study(
        hypotheses=4, seeds=3, maximum=6, question=Question.BEAT_BASELINE, capacity=6, idle_slots_are_free=True
    )
    known = dict(
        records_of_scores(study, lambda trial: CLOSE[trial.hypothesis][trial.seed] if trial.seed < 3 else None)
    )
    first = [action.item for action in plan(study, known, 0.0).actions if isinstance(action, Start)]
    assert {item.seed for item in first if isinstance(item, TrialRequest)} == {3, 4}
    on_a_cluster = a_study(hypotheses=4, seeds=3, maximum=6, capacity=6, question=Question.BEAT_BASELINE)
    later = [action.item for action in plan(on_a_cluster, known, 0.0).actions if isinstance(action, Start)]
    assert {item.seed for item in later if isinstance(item, TrialRequest)} == {3}
    running = {item.key: WorkRecord(running=RunningAttempt(1, 0.0)) for item in later}
    early = next(item for item in first if isinstance(item, TrialRequest) and item.seed == 4)
    came_first = {early.key: _scored(study, early.key, 9.0)}
    before, after = (plan(study, {**known, **running, **more}, 1.0).status for more in ({}, came_first))
    assert before.ranking == after.ranking


def _scored(study: Study, key: str, value: float) -> WorkRecord:
    trial = next(trial for trial in study.design.trials if trial.key == key)
    return records_of_scores(study, {(trial.hypothesis, trial.arm, trial.seed): value})[key]


sequential = st.builds(
    a_study,
    hypotheses=st.integers(2, 6),
    proxies=st.sampled_from([[], [SHORT]]),
    seeds=st.integers(2, 3),
    maximum=st.integers(4, 6),
    capacity=st.integers(1, 5),
    idle_slots_are_free=st.booleans(),
    question=st.sampled_from(list(Question)),
    smallest_effect=st.sampled_from(["0", "0.02"]),
    goal=st.sampled_from(list(Goal)),
)


@settings(max_examples=tries(12, quick=4))
@given(study=sequential, seed=st.integers(0, 1000))
def test_the_order_of_events_does_not_matter(study: Study, seed: int) -> None:
    one, other = PlayedWorld(study, failing_score), PlayedWorld(study, failing_score)
    first = one.to_the_end().status
    second = other.to_the_end(random.Random(seed).choice).status
    assert what_was_found(first) == what_was_found(second)


@settings(max_examples=tries(12, quick=4))
@given(study=sequential, seed=st.integers(0, 1000), kills=st.integers(1, 10))
def test_a_study_that_is_killed_again_and_again_finds_the_same(study: Study, seed: int, kills: int) -> None:
    undisturbed, killed = PlayedWorld(study, failing_score), PlayedWorld(study, failing_score)
    want = undisturbed.to_the_end().status
    killed.killed_again_and_again(random.Random(seed), kills)
    assert what_was_found(killed.to_the_end().status) == what_was_found(want)
    assert len(set(killed.starts)) == len(killed.starts)


@settings(max_examples=tries(12, quick=4))
@given(study=sequential, seed=st.integers(0, 1000))
def test_every_study_ends_within_its_parallelism_and_its_seeds(study: Study, seed: int) -> None:
    world = PlayedWorld(study, failing_score)
    decided = world.to_the_end(random.Random(seed).choice)
    assert study.capacity.slots is not None
    assert world.most_running <= study.capacity.slots
    assert not world.running
    assert decided.status.trials.pending == 0
    assert all(row.seeds <= study.spec.seeds.maximum for row in decided.status.ranking)
