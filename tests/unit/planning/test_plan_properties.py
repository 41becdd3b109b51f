from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.api.resources import Budget, ProxyArm, Subset
from assay.planning.study.study import Study
from assay_trainer.contract import FailureReason, PreparationRequest, TrialRequest
from builders.effort import tries
from builders.studies import a_study, redefined
from builders.world import Outcome, PlayedWorld

PROXIES = [ProxyArm(name="short", epochs=2), ProxyArm(name="coreset", data_percent=25, subset=Subset.EL2N)]

studies = st.builds(
    a_study,
    hypotheses=st.integers(2, 5),
    proxies=st.sampled_from([[], PROXIES[:1], PROXIES]),
    seeds=st.integers(2, 3),
    capacity=st.integers(1, 5),
    budget=st.builds(Budget, parallelism=st.none() | st.integers(1, 4)),
)


def outcome(item: TrialRequest | PreparationRequest) -> Outcome:
    """Return mostly a score, sometimes a failure of either kind; it depends on the key and the attempt alone."""
    draw = random.Random(f"{item.key} {item.attempt}")
    if draw.random() < 0.1:
        return FailureReason.TRAIN_FUNCTION_RAISED if draw.random() < 0.3 else FailureReason.WORKER_DIED
    return random.Random(item.key).gauss(0.9, 0.02)


def final_score(item: TrialRequest | PreparationRequest) -> Outcome:
    """Return a score that depends on the key alone; one key in ten fails whenever it is tried."""
    draw = random.Random(item.key)
    return FailureReason.TRAIN_FUNCTION_RAISED if draw.random() < 0.1 else draw.gauss(0.9, 0.02)


@settings(max_examples=tries(25, quick=6))
@given(study=studies, seed=st.integers(0, 1000))
def test_every_study_ends_within_its_parallelism(study: Study, seed: int) -> None:
    world = PlayedWorld(study, outcome)
    decided = world.to_the_end(random.Random(seed).choice)
    limits = [limit for limit in (study.capacity.slots, study.spec.budget.parallelism) if limit]
    assert world.most_running <= min(limits)
    assert not world.running
    trials = decided.status.trials
    assert trials.succeeded + trials.failed == trials.planned
    assert len(set(world.starts)) == len(world.starts)


@settings(max_examples=tries(25, quick=6))
@given(study=studies, seed=st.integers(0, 1000))
def test_the_order_of_events_does_not_matter(study: Study, seed: int) -> None:
    one, other = PlayedWorld(study, outcome), PlayedWorld(study, outcome)
    first = one.to_the_end().status
    second = other.to_the_end(random.Random(seed).choice).status
    assert list(one.scores()) == list(other.scores())
    times = {"conditions"}
    assert first.model_dump(exclude=times) == second.model_dump(exclude=times)


@settings(max_examples=tries(25, quick=6))
@given(study=studies, seed=st.integers(0, 1000), kills=st.integers(1, 10))
def test_a_study_whose_runner_is_killed_again_and_again_reaches_the_same_end(
    study: Study, seed: int, kills: int
) -> None:
    undisturbed, killed = PlayedWorld(study, final_score), PlayedWorld(study, final_score)
    want = undisturbed.to_the_end().status
    killed.killed_again_and_again(random.Random(seed), kills)
    got = killed.to_the_end().status
    assert list(killed.scores()) == list(undisturbed.scores())
    assert got.ranking == want.ranking
    assert [arm.decision for arm in got.arms] == [arm.decision for arm in want.arms]
    assert got.trials == want.trials


@settings(max_examples=tries(25, quick=6))
@given(
    study=studies,
    limit=st.integers(20, 300),
    error=st.floats(0.5, 2.0),
    seed=st.integers(0, 1000),
)
def test_the_budget_is_exceeded_by_no_more_than_what_ran_was_mispredicted(
    study: Study, limit: int, error: float, seed: int
) -> None:
    resource = study.resource
    budget = resource.spec.budget.model_copy(update={"accelerator_seconds": limit})
    spec = resource.spec.model_copy(update={"budget": budget})
    study = a_study_like(study, spec)

    def seconds(item: TrialRequest | PreparationRequest) -> float:
        usual = {"reference": 10.0, "short": 2.0}.get(item.arm, 3.0)
        return usual * random.Random(item.key).choice([1.0, error])

    world = PlayedWorld(study, final_score, seconds=seconds)
    decided = world.to_the_end(random.Random(seed).choice)
    spent = float(decided.status.cost.accelerator_seconds)
    slots = min(each for each in (study.capacity.slots, budget.parallelism) if each)
    # Each of the trials that ran at the end may have taken up to its longest instead of what was expected.
    longest = 10.0 * max(1.0, error)
    assert spent <= limit + slots * longest
    assert decided.finished


def a_study_like(study: Study, spec: object) -> Study:
    resource = study.resource.model_copy(update={"spec": spec})
    return redefined(study, resource=resource)
