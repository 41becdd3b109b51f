from __future__ import annotations

import random
from collections import Counter

import pytest

from assay.api.conditions import ConditionType, Reason
from assay.api.resources import Budget, ProxyArm, ProxyStudyStatus, Question, Subset, TrustDecision
from assay.planning.study.study import Study
from assay_trainer.contract import FailureReason, PreparationRequest, TrialRequest
from builders.studies import a_study
from builders.world import Outcome, PlayedWorld

PROXIES = [ProxyArm(name="half", epochs=5), ProxyArm(name="short", epochs=2)]
SECONDS = {"reference": 10.0, "half": 5.0, "short": 2.0, "coreset": 2.0}
LEVEL = {"reference": 0.0, "half": -0.05, "short": -0.1, "coreset": -0.1}
HYPOTHESES = 12


def study_for(seconds: int, proxies: list[ProxyArm] = PROXIES, **spec: object) -> Study:
    return a_study(
        hypotheses=HYPOTHESES,
        proxies=proxies,
        seeds=3,
        maximum=5,
        budget=Budget(accelerator_seconds=seconds),
        **spec,  # type: ignore[arg-type]
    )


def score(item: TrialRequest | PreparationRequest) -> Outcome:
    if isinstance(item, PreparationRequest):
        return 0.0
    number = int("".join(each for each in item.hypothesis if each.isdigit()) or 0)
    return 0.5 + 0.03 * number + LEVEL[item.arm] + random.Random(item.key).gauss(0, 0.005)


def cost(item: TrialRequest | PreparationRequest) -> float:
    return SECONDS[item.arm]


def condition(status: ProxyStudyStatus, kind: ConditionType) -> tuple[str, str]:
    return next((each.status, each.reason) for each in status.conditions if each.type == kind)


@pytest.mark.parametrize("question", list(Question))
@pytest.mark.parametrize("seconds", [40, 160])
def test_a_small_budget_buys_an_order_of_all_hypotheses(question: Question, seconds: int) -> None:
    world = PlayedWorld(study_for(seconds, question=question), score, seconds=cost)
    status = world.to_the_end().status
    assert float(status.cost.accelerator_seconds) <= seconds
    assert condition(status, ConditionType.SUCCEEDED) == ("True", Reason.BUDGET_SPENT)
    ranked = [row.name for row in status.ranking]
    assert [row.rank for row in status.ranking] == list(range(1, HYPOTHESES + 1))
    numbers = [int("".join(each for each in name if each.isdigit()) or 0) for name in ranked]
    ordered_rightly = sum(one > other for at, one in enumerate(numbers) for other in numbers[at + 1 :])
    assert ordered_rightly / (HYPOTHESES * (HYPOTHESES - 1) / 2) > 0.9
    assert 0.5 <= float(status.ranking_accuracy or 0) <= 1


def test_a_hypothesis_is_ranked_by_its_score_as_expected_on_the_reference_and_the_arm_is_named() -> None:
    status = PlayedWorld(study_for(100), score, seconds=cost).to_the_end().status
    arms = Counter(row.arm or "reference" for row in status.ranking)
    assert arms["reference"] > 0
    assert arms["half"] + arms["short"] > 0
    for row in status.ranking:
        number = int("".join(each for each in row.name if each.isdigit()) or 0)
        assert float(row.score or 0) == pytest.approx(0.5 + 0.03 * number, abs=0.06)


def test_a_small_budget_buys_no_certificate() -> None:
    status = PlayedWorld(study_for(100), score, seconds=cost).to_the_end().status
    proxies = [arm for arm in status.arms if arm.name != "reference"]
    assert {(arm.decision, arm.reason) for arm in proxies} == {(TrustDecision.UNDECIDED, "BudgetTooSmall")}
    assert condition(status, ConditionType.PROXY_TRUSTED) == ("False", Reason.UNDECIDED)


def test_a_budget_that_pays_for_all_is_spent_as_if_there_were_none() -> None:
    plenty = PlayedWorld(study_for(10_000, capacity=HYPOTHESES), score, seconds=cost).in_waves().status
    unlimited = a_study(hypotheses=HYPOTHESES, proxies=PROXIES, seeds=3, maximum=5, capacity=HYPOTHESES)
    want = PlayedWorld(unlimited, score, seconds=cost).in_waves().status
    assert [row.seeds for row in plenty.ranking] == [row.seeds for row in want.ranking]
    assert [arm.decision for arm in plenty.arms] == [arm.decision for arm in want.arms]


def test_what_failed_by_no_fault_of_its_own_is_tried_again() -> None:
    lost: set[str] = set()

    def fails_once(item: TrialRequest | PreparationRequest) -> Outcome:
        if item.key not in lost and random.Random(item.key).random() < 0.3:
            lost.add(item.key)
            return FailureReason.DISRUPTED
        return score(item)

    world = PlayedWorld(study_for(100), fails_once, seconds=cost)
    status = world.to_the_end().status
    assert lost
    assert status.trials.failed == 0
    assert float(status.cost.accelerator_seconds) <= 100 + 2 * SECONDS["reference"]


def test_a_core_set_is_no_rung() -> None:
    proxies = [*PROXIES, ProxyArm(name="coreset", data_percent=25, subset=Subset.EL2N)]
    world = PlayedWorld(study_for(60, proxies), score, seconds=cost)
    world.to_the_end()
    assert {item.arm for item in world.items.values()} <= {"short", "half", "reference"}


def test_a_budget_that_was_just_enough_is_not_too_small_in_hindsight() -> None:
    whole = 3 * HYPOTHESES * sum(SECONDS[arm] for arm in ("reference", "half", "short"))
    study = study_for(round(whole), capacity=HYPOTHESES)
    last = study.design.initial_trials[-1].key
    status = PlayedWorld(study, score, seconds=lambda item: cost(item) + 5.0 * (item.key == last)).in_waves().status
    assert float(status.cost.accelerator_seconds) > whole
    assert status.trials.succeeded >= len(study.design.initial_trials)
    assert not any(arm.reason == "BudgetTooSmall" for arm in status.arms)


def test_an_arm_that_is_cheaper_than_its_epochs_say_is_tried_before_the_budget_is_called_spent() -> None:
    study = a_study(
        hypotheses=2, proxies=[ProxyArm(name="short", epochs=1)], epochs=9, budget=Budget(accelerator_seconds=9)
    )
    seconds = {"reference": 3.0, "short": 1.0}
    world = PlayedWorld(study, score, seconds=lambda item: seconds[item.arm])
    status = world.to_the_end().status
    assert status.arms[0].trials.succeeded > 0
    assert 5 < float(status.cost.accelerator_seconds) <= 9
    assert "9 are spent" in next(each.message for each in status.conditions if each.reason == Reason.BUDGET_SPENT)
