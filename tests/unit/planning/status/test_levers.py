from __future__ import annotations

from assay.api.resources import Goal, Lever, LeverKind, ProxyArm, TrainerSpec
from assay.planning.plan import plan
from builders.studies import a_study, records_of_scores

FAST = ProxyArm(name="fast", recipe={"bf16": True})
SHORT = ProxyArm(name="short", epochs=1)
VISION = TrainerSpec(entrypoint="assay_trainer.vision:train", recipe={"optimizer": "sgd"})


def levers(entrypoint: TrainerSpec = VISION, goal: Goal = Goal.MAXIMIZE) -> dict[str, Lever]:
    study = a_study(hypotheses=4, proxies=[FAST, SHORT], seeds=2, trainer=entrypoint, goal=goal)
    lost = {"reference": 0.0, "fast": 0.001, "short": 0.1}

    def score(arm: str, hypothesis: str, seed: int) -> float:
        return 0.8 + 0.01 * len(hypothesis) + 0.02 * int(hypothesis[-1], 36) % 0.05 + 0.001 * seed - lost[arm]

    records = records_of_scores(study, lambda trial: score(trial.arm, trial.hypothesis, trial.seed))
    return {lever.name: lever for lever in plan(study, records, 0.0).status.levers}


def test_a_lever_says_how_much_scores_change_with_it() -> None:
    found = levers()
    assert found["fast"].change == "-0.001"
    assert found["short"].change == "-0.1"
    assert found["short"].change_low is not None
    assert float(found["short"].change_low) <= -0.1 <= float(found["short"].change_high or "nan")


def test_where_lower_is_better_less_is_a_change_for_the_better() -> None:
    assert levers(goal=Goal.MINIMIZE)["fast"].change == "0.001"


def test_an_arm_that_only_turns_switches_of_our_loop_is_no_proxy() -> None:
    assert {name: lever.kind for name, lever in levers().items()} == {
        "fast": LeverKind.TRAIN_LOOP,
        "short": LeverKind.PROXY,
    }
    theirs = TrainerSpec(entrypoint="team.train:run")
    assert levers(theirs)["fast"].kind is LeverKind.PROXY
