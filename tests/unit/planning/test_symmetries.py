"""What must not matter to what a study finds: names, a constant that is added to all scores, which way is better."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.api.resources import Budget, Goal, ProxyArm, Question
from assay_trainer.contract import PreparationRequest, TrialRequest
from builders.effort import tries
from builders.manifests import a_hypothesis
from builders.studies import a_study, redefined
from builders.world import PlayedWorld

PROXIES = [ProxyArm(name="half", epochs=5), ProxyArm(name="short", epochs=2)]
SECONDS = {"reference": 10.0, "half": 5.0, "short": 2.0}


class Case(NamedTuple):
    """A study, but for names and scale."""

    hypotheses: int
    seed: int
    question: Question
    maximum: int
    budget: int | None


class Found(NamedTuple):
    """What is found of one hypothesis."""

    rank: int | None
    rank_low: int | None
    rank_high: int | None
    may_be_best: bool | None
    verdict: str
    seeds: int
    arm: str | None


cases = st.builds(
    Case,
    hypotheses=st.integers(3, 6),
    seed=st.integers(0, 1000),
    question=st.sampled_from(list(Question)),
    maximum=st.sampled_from([2, 5]),
    budget=st.sampled_from([None, 60]),
)


def find(
    case: Case,
    name_of: Callable[[int], str] = "h{:03d}".format,
    constant: float = 0.0,
    goal: Goal = Goal.MAXIMIZE,
) -> tuple[dict[int, Found], list[Any]]:
    """What is found of each hypothesis by its number (0 is the baseline), and the decisions about the proxies."""
    numbers = {name_of(number): number for number in range(case.hypotheses)}
    study = a_study(
        hypotheses=[a_hypothesis(name, recipe={"x": number}) for name, number in numbers.items()],
        proxies=PROXIES,
        seeds=2,
        maximum=case.maximum,
        question=case.question,
        goal=goal,
        smallest_effect="0.01",
        budget=Budget(accelerator_seconds=case.budget),
    )
    resource = study.resource
    selection = resource.spec.hypotheses.model_copy(update={"baseline": name_of(0)})
    spec = resource.spec.model_copy(update={"hypotheses": selection})
    study = redefined(study, resource=resource.model_copy(update={"spec": spec}))

    def score(item: TrialRequest | PreparationRequest) -> float:
        assert isinstance(item, TrialRequest)
        number = numbers[item.hypothesis]
        true = random.Random(case.seed * 100 + number).gauss(0, 0.05)
        noise = random.Random(f"{case.seed} {number} {item.arm} {item.seed}").gauss(0, 0.02)
        value = round(true + noise, 6) + constant
        return value if goal is Goal.MAXIMIZE else -value

    status = PlayedWorld(study, score, seconds=lambda item: SECONDS[item.arm]).to_the_end().status
    rows = {
        numbers[row.name]: Found(
            row.rank, row.rank_low, row.rank_high, row.may_be_best, row.verdict.value, row.seeds, row.arm
        )
        for row in status.ranking
    }
    return rows, [(arm.name, arm.decision, arm.trials.succeeded) for arm in status.arms]


@settings(max_examples=tries(5, quick=3))
@given(case=cases)
def test_names_do_not_matter(case: Case) -> None:
    assert find(case) == find(case, lambda number: f"x{(number * 7 + 3) % 10}-{number}")


@settings(max_examples=tries(5, quick=3))
@given(case=cases, constant=st.sampled_from([-3.0, 0.5, 8.0]))
def test_a_constant_that_is_added_to_all_scores_does_not_matter(case: Case, constant: float) -> None:
    assert find(case) == find(case, constant=constant)


@settings(max_examples=tries(5, quick=3))
@given(case=cases)
def test_minimize_mirrors_maximize(case: Case) -> None:
    assert find(case) == find(case, goal=Goal.MINIMIZE)
