from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from assay.api.resources import Goal, RankedBy, ReadAt, Screening
from assay.planning.forecast import forecast
from assay.planning.records.trust_records import trust_records
from assay.planning.study.history import History
from assay.planning.study.study import Study
from assay.reporting.markdown import markdown
from assay.reporting.tables import summary
from assay_trainer.contract import CurvePoint, PreparationRequest, TrialRequest
from builders.manifests import a_hypothesis, a_proxy
from builders.studies import a_study
from builders.terminal import shown
from builders.world import PlayedWorld

EARLY = a_proxy("early", read_at=ReadAt(epochs=(2,)))
EPOCHS = 10


def truth(count: int) -> Mapping[str, float]:
    generator = np.random.default_rng(5)
    return dict(zip(names(count), generator.normal(0.5, 0.1, count).tolist(), strict=True))


def names(count: int) -> list[str]:
    return ["baseline", *(f"h{index:03d}" for index in range(1, count))]


def a_free_study(count: int, **spec: object) -> Study:
    hypotheses = [a_hypothesis(name, recipe={"x": name}) for name in names(count)]
    return a_study(
        hypotheses=hypotheses,
        proxies=[EARLY],
        seeds=2,
        epochs=EPOCHS,
        threshold="0.3",
        capacity=16,
        **spec,  # type: ignore[arg-type]
    )


def world_of(study: Study, count: int) -> PlayedWorld:
    """A world whose curves order the hypotheses as their ends do."""
    level = truth(count)

    def score(item: TrialRequest | PreparationRequest) -> float:
        assert isinstance(item, TrialRequest)
        return level[item.hypothesis] + 0.001 * item.seed

    def curve(item: TrialRequest) -> tuple[CurvePoint, ...]:
        last = item.fidelity.stop_after or item.fidelity.epochs
        return tuple(
            CurvePoint(epoch=epoch, seconds=0.9 * epoch, metrics={"accuracy": score(item) * epoch / EPOCHS})
            for epoch in range(1, last + 1)
        )

    def seconds(item: TrialRequest | PreparationRequest) -> float:
        return 1.0 + 0.9 * (item.fidelity.stop_after or item.fidelity.epochs)

    return PlayedWorld(study, score, seconds, curve)


def test_calibrating_on_the_reference_curve_runs_the_reference_alone() -> None:
    world = world_of(a_free_study(24), 24)
    status = world.to_the_end().status
    assert {item.arm for item in world.items.values() if isinstance(item, TrialRequest)} == {"reference"}
    assert (status.trials.planned, status.trials.succeeded) == (48, 48)
    reference, early = status.arms
    assert (reference.cost.free, early.cost.free) == (None, True)  # type: ignore[union-attr]
    assert early.decision == "Trusted"
    assert early.trials.succeeded == 48
    assert early.saving_percent == pytest.approx(72, abs=1)
    assert status.cost.accelerator_seconds == "480"
    assert early.cost is not None
    assert float(early.cost.saved_accelerator_seconds or 0) == pytest.approx(48 * 2.8, rel=0.1)
    assert early.break_even_hypotheses == 0


def test_words_say_what_is_free_and_what_that_saved() -> None:
    world = world_of(a_free_study(24), 24)
    decided = world.to_the_end()
    text = " ".join(shown(summary(world.study, decided.status, explain=True), 160).split())
    assert " free " in text
    assert "Free: its scores are read from trials that run anyway; its own would have cost" in text
    assert "free to calibrate" in markdown(world.study, decided.status)


def test_screening_on_a_free_arm_runs_trials_that_end_after_its_epoch_and_the_best_to_the_end() -> None:
    screening = Screening(promote=2, audit_percent=0)
    before = world_of(a_free_study(24, screening=screening), 24)
    before.to_the_end()
    world = world_of(a_free_study(34, screening=screening), 34)
    world.records, world.items, world.written, world.edits = before.records, {}, before.written, before.edits
    status = world.to_the_end().status
    ran = [item for item in world.items.values() if isinstance(item, TrialRequest)]
    early = [item for item in ran if item.arm == "early"]
    new = set(names(34)[24:])
    assert {item.hypothesis for item in early} == new
    assert {(item.fidelity.stop_after, item.fidelity.epochs, item.wanted_epochs) for item in early} == {
        (2, EPOCHS, (2,))
    }
    level = truth(34)
    best = set(sorted(new, key=lambda name: -level[name])[:2])
    assert {item.hypothesis for item in ran if item.arm == "reference"} == best
    assert status.trials.succeeded == 48 + 20 + 4
    rows = {row.name: row for row in status.ranking}
    assert {rows[name].arm for name in new - best} == {"early"}
    assert float(status.cost.screening_accelerator_seconds or 0) == pytest.approx(20 * 2.8)
    assert status.arms[1].trials.succeeded == 68


@pytest.mark.parametrize("seed", range(5))
def test_a_runner_that_is_killed_again_and_again_loses_and_repeats_nothing(seed: int) -> None:
    study = a_free_study(12, screening=Screening(promote=1, audit_percent=0))
    calm = world_of(study, 12)
    want = calm.to_the_end().status
    world = world_of(study, 12)
    world.killed_again_and_again(random.Random(seed), 6)
    status = world.to_the_end().status
    assert status.ranking == want.ranking
    assert status.trials.succeeded == want.trials.succeeded


def test_a_budget_that_is_too_small_buys_trials_that_end_early() -> None:
    study = a_free_study(24, budget={"accelerator_seconds": 200})
    world = world_of(study, 24)
    status = world.to_the_end().status
    arms = {item.arm for item in world.items.values() if isinstance(item, TrialRequest)}
    assert arms == {"early", "reference"}
    assert float(status.cost.accelerator_seconds) <= 200


def test_an_arm_ranked_by_another_metric_is_turned_by_its_own_goal() -> None:
    loss = a_proxy("loss", metric=RankedBy(name="loss", goal=Goal.MINIMIZE), epochs=2)
    study = a_study(hypotheses=24, proxies=[loss], seeds=2, threshold="0.3", capacity=16)
    level = dict(zip([each.name for each in study.hypotheses], truth(24).values(), strict=True))

    def score(item: TrialRequest | PreparationRequest) -> float:
        assert isinstance(item, TrialRequest)
        assert item.metric == ("loss" if item.arm == "loss" else "accuracy")
        return (1 - level[item.hypothesis] if item.arm == "loss" else level[item.hypothesis]) + 0.001 * item.seed

    world = PlayedWorld(study, score)
    status = world.to_the_end().status
    assert status.arms[1].agreement is not None
    assert status.arms[1].agreement.kendall_tau == "1"
    assert status.arms[1].decision == "Trusted"


def test_a_forecast_bounds_what_screening_on_a_free_arm_may_take() -> None:
    screening = Screening(promote=2, audit_percent=20)
    before = world_of(a_free_study(24, screening=screening), 24)
    before.to_the_end()
    study = a_free_study(30, screening=screening)
    history = History(before.begun_at, trust_records=trust_records(before.written.values()), edits=before.edits)
    found = forecast(replace(study, history=history), before.records)
    assert found.most_accelerator_seconds is not None
    world = world_of(study, 30)
    world.records, world.items, world.written, world.edits = dict(before.records), {}, before.written, before.edits
    spent = float(world.to_the_end().status.cost.accelerator_seconds)
    assert spent - 480 <= found.most_accelerator_seconds
