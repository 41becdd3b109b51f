"""What the rows of a ranking say besides their figures."""

from __future__ import annotations

import random

import pytest

from assay.api.resources import ProxyArm, ProxyStudyStatus, Question, Screening, TrustDecision, Verdict
from assay.planning.plan import plan
from assay.planning.study.study import Study
from assay_trainer.contract import FailureReason, PreparationRequest, TrialRequest
from builders.manifests import a_hypothesis
from builders.studies import a_study, records_of_scores
from builders.world import Outcome, PlayedWorld

NOW = 1_000_000.0
SHORT = ProxyArm(name="short", epochs=2)
DIFFERENCES = {"baseline": 0.0, "better": 0.1, "close": 0.004, "worse": -0.1}
Item = TrialRequest | PreparationRequest


def study_of(names: list[str], **fields: object) -> Study:
    hypotheses = [a_hypothesis(name, recipe={"x": name}) for name in names]
    return a_study(hypotheses=hypotheses, seeds=3, **fields)  # type: ignore[arg-type]


def score(item: Item) -> Outcome:
    assert isinstance(item, TrialRequest)
    return 0.5 + DIFFERENCES[item.hypothesis] + random.Random(item.key).gauss(0, 0.01)


def messages(status: ProxyStudyStatus) -> dict[str, str | None]:
    return {row.name: row.message for row in status.ranking}


def test_a_verdict_that_further_seeds_may_reach_is_told_from_one_that_they_hardly_will() -> None:
    study = study_of([*DIFFERENCES], question=Question.BEAT_BASELINE, maximum=8)
    world = PlayedWorld(study, score)
    running = next(
        status
        for status in iter(lambda: _one_more(world), None)
        if any(row.verdict is not Verdict.BASELINE and row.low is not None for row in status.ranking)
    )
    assert messages(running)["close"] == "More seeds may decide it."
    ended = world.to_the_end().status
    verdicts = {row.name: row.verdict for row in ended.ranking}
    assert verdicts == {
        "baseline": Verdict.BASELINE,
        "better": Verdict.BETTER,
        "close": Verdict.INCONCLUSIVE,
        "worse": Verdict.WORSE,
    }
    assert messages(ended)["close"] in ("More seeds would hardly decide it.", "Not decided by 8 seeds.")
    assert messages(ended)["better"] is None
    assert messages(ended)["baseline"] is None


def test_a_hypothesis_whose_seeds_vary_much_more_and_one_with_a_bad_seed_are_named() -> None:
    names = ["baseline", *(f"h{number}" for number in range(8)), "noisy", "unlucky"]
    scores = {
        (name, seed): 0.5 + random.Random(f"{name}{seed}").gauss(0, 0.1 if name == "noisy" else 0.01)
        for name in names
        for seed in range(6)
    }
    scores["unlucky", 4] -= 0.4
    study = a_study(hypotheses=[a_hypothesis(name, recipe={"x": name}) for name in names], seeds=6)
    records = records_of_scores(study, lambda trial: scores[trial.hypothesis, trial.seed])
    said = messages(plan(study, records, NOW).status)
    assert said["unlucky"] is not None
    assert said["unlucky"].endswith("Its seed 4 is far worse than its other seeds.")
    assert said["noisy"] is not None
    assert "Its seeds vary " in said["noisy"]
    assert not any("seeds vary" in (said[name] or "") for name in names if name.startswith("h"))


def _one_more(world: PlayedWorld) -> ProxyStudyStatus:
    status = world.round().status
    if world.running:
        world.end(min(world.running))
    return status


def test_what_the_question_leaves_open_is_said() -> None:
    study = study_of([*DIFFERENCES], question=Question.FIND_BEST, maximum=8)
    status = PlayedWorld(study, score).to_the_end().status
    close = next(row for row in status.ranking if row.name == "close")
    assert close.verdict is Verdict.INCONCLUSIVE
    assert close.seeds < 8
    assert close.message in ("The question asks no more seeds of it.", "More seeds would hardly decide it.")


def test_a_failure_is_said_even_where_other_seeds_have_a_score() -> None:
    study = study_of([*DIFFERENCES])
    bad = next(trial.key for trial in study.design.trials if trial.hypothesis == "better" and trial.seed == 2)

    def failing(item: Item) -> Outcome:
        return FailureReason.TRAIN_FUNCTION_RAISED if item.key == bad else score(item)

    status = PlayedWorld(study, failing).to_the_end().status
    assert (messages(status)["better"] or "").startswith("TrainFunctionRaised: ")
    assert messages(status)["worse"] is None


@pytest.fixture(scope="module")
def screened() -> ProxyStudyStatus:
    """The status of a study that trusts its proxy and has screened twelve more hypotheses on it."""
    first = ["baseline", *(f"first{number:02d}" for number in range(29))]
    added = [f"added{number:02d}" for number in range(12)]

    def truth(item: Item) -> Outcome:
        assert isinstance(item, TrialRequest)
        return random.Random(item.hypothesis).gauss(0.5, 0.1) + random.Random(item.key).gauss(0, 0.01)

    screening = Screening(promote=2, audit_percent=10)
    fields = {"proxies": [SHORT], "screening": screening, "capacity": len(first)}
    calibrated = PlayedWorld(study_of(first, **fields), truth)
    assert calibrated.in_waves().status.arms[1].decision is TrustDecision.TRUSTED
    study = study_of([*first, *added], **fields)
    return PlayedWorld(study, truth, records=calibrated.records, written=calibrated.written).in_waves().status


def test_a_hypothesis_that_was_screened_names_the_proxy_and_its_seeds_there(screened: ProxyStudyStatus) -> None:
    on_proxy = [row for row in screened.ranking if row.arm is not None]
    assert on_proxy
    for row in on_proxy:
        assert row.name.startswith("added")
        assert (row.arm, row.seeds, row.verdict) == ("short", 3, Verdict.INCONCLUSIVE)
        assert row.message == "Screened on short alone; the best of those go on to the reference."


def test_those_that_went_on_to_the_reference_are_as_all_others(screened: ProxyStudyStatus) -> None:
    promoted = [row for row in screened.ranking if row.name.startswith("added") and row.arm is None]
    assert len(promoted) >= 2
    assert all(row.seeds == 3 and row.message is None for row in promoted)


def test_seeds_that_nothing_asked_for_are_not_counted() -> None:
    study = study_of([*DIFFERENCES], maximum=8)
    noise = random.Random(2)
    records = records_of_scores(study, lambda trial: DIFFERENCES[trial.hypothesis] * 10 + noise.gauss(0, 0.001))
    status = plan(study, records, NOW).status
    assert {row.seeds for row in status.ranking} == {3}
