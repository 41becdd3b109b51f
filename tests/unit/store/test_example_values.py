"""What trials said of each held-out example, as it is read: nothing that is in the store can make it fail."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from assay.planning.study.planned import PlannedTrial
from assay.ranking import example_variances
from assay.store import Ledger, Turn
from assay.store.ledger import RELIST_SECONDS
from assay_trainer.contract import PerExample, TrialResult, digest, examples_name
from assay_trainer.objects import MemoryObjects, StoreError
from assay_trainer.returned.examples import ExampleValues
from builders.studies import a_result, a_study

STUDY = a_study(hypotheses=2, seeds=3)
CORRECT = np.random.default_rng(0).random((2, 3, 40)) < 0.8
"""(baseline and hypothesis, seeds, examples)."""
ANOTHER = np.random.default_rng(1).random(40) < 0.5


class CountingObjects(MemoryObjects):
    """Counts what is read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self.away = False

    def get(self, name: str, limit: int = 1 << 30) -> bytes:
        self.read.append(name)
        if self.away:
            raise StoreError("the store is away")
        return super().get(name, limit)


Results = dict[int, TrialResult]
Values = dict[str, np.ndarray]


@pytest.fixture
def objects() -> CountingObjects:
    return CountingObjects()


def trials_of(row: int) -> Sequence[PlannedTrial]:
    return [trial for trial in STUDY.design.trials if trial.hypothesis == STUDY.hypotheses[row].name]


def reported(objects: MemoryObjects, row: int, scale: Any = 1.0, **values: np.ndarray) -> Results:
    """Return the results of a hypothesis by seed, whose values are in the store."""
    found = {}
    for trial in trials_of(row):
        given = ExampleValues()
        given.take(**{kind: values[kind][trial.seed] if kind in values else None for kind in ("correct", "loss")})
        kept, _ = given.kept()
        for each in kept:
            objects.put_if_absent(examples_name(trial.key, each.described), each.data)
        score = scale * float(next(iter(values.values()))[trial.seed].mean())
        described = tuple(each.described for each in kept)
        found[trial.seed] = a_result(STUDY, trial, score).model_copy(update={"per_example": described})
    return found


def both(objects: MemoryObjects) -> tuple[Results, Results]:
    return reported(objects, 1, correct=CORRECT[1]), reported(objects, 0, correct=CORRECT[0])


def change(objects: MemoryObjects, result: TrialResult, data: bytes | None) -> None:
    """Put something else where the values of a result were."""
    name = examples_name(result.key, result.per_example[0])
    if data is None:
        del objects._objects[name]
    else:
        objects._objects[name] = data


WANT = tuple(example_variances(CORRECT[1].astype(float) - CORRECT[0], 40))
WITHOUT_THE_FIRST = tuple(example_variances(CORRECT[1, 1:].astype(float) - CORRECT[0, 1:], 40))


def test_it_is_worked_out_from_what_both_reported_and_read_once(objects: CountingObjects) -> None:
    own, baseline = both(objects)
    ledger = Ledger(objects)
    found = ledger.example_errors(own, baseline, "accuracy")
    assert found.variances == pytest.approx(WANT)
    assert found.missing == ""
    assert len(objects.read) == 6
    assert ledger.example_errors(own, baseline, "accuracy") is found
    assert len(objects.read) == 6


def test_one_seed_more_reads_no_more_than_its_own(objects: CountingObjects) -> None:
    own, baseline = both(objects)
    ledger = Ledger(objects)
    first = ledger.example_errors({seed: own[seed] for seed in (0, 1)}, baseline, "accuracy")
    assert first.variances == pytest.approx(WANT[:2])
    assert ledger.example_errors(own, baseline, "accuracy").variances[:2] == pytest.approx(first.variances)
    assert len(objects.read) == 6


def test_losses_are_read_and_percents_count_as_such(objects: CountingObjects) -> None:
    losses = np.random.default_rng(2).exponential(size=(2, 3, 40)).astype(np.float32)
    own, baseline = (reported(objects, row, loss=losses[row]) for row in (1, 0))
    want = example_variances(losses[1].astype(float) - losses[0], 40)
    assert Ledger(objects).example_errors(own, baseline, "accuracy").variances == pytest.approx(want)
    objects = CountingObjects()
    own, baseline = (reported(objects, row, 100.0, correct=CORRECT[row]) for row in (1, 0))
    found = Ledger(objects).example_errors(own, baseline, "accuracy").variances
    assert found == pytest.approx([1e4 * each for each in WANT])


@pytest.mark.parametrize(
    "data",
    [None, b"", b"\0" * 5, b"\0" * 4, b"\0" * (1 << 20)],
    ids=["gone", "empty", "others", "too short", "too large"],
)
def test_values_that_are_not_as_they_were_written_do_not_count(objects: CountingObjects, data: bytes | None) -> None:
    own, baseline = both(objects)
    change(objects, own[0], data)
    found = Ledger(objects).example_errors(own, baseline, "accuracy")
    assert found.variances == pytest.approx((math.inf, *WITHOUT_THE_FIRST))
    assert found.missing == ""


def test_where_none_are_left_it_is_said_and_looked_for_again(objects: CountingObjects) -> None:
    own, baseline = both(objects)
    before = dict(objects._objects)
    for result in own.values():
        change(objects, result, None)
    ledger = Ledger(objects)
    ledger.refresh(0.0)
    for _ in range(2):
        found = ledger.example_errors(own, baseline, "accuracy")
        assert found.variances == ()
        assert found.missing == "the values that were reported per example are no longer in the store as they were"
    assert len(objects.read) == 6
    objects._objects.update(before)
    ledger.refresh(RELIST_SECONDS)
    assert ledger.example_errors(own, baseline, "accuracy").variances == pytest.approx(WANT)


def test_losses_that_are_not_finite_do_not_count(objects: CountingObjects) -> None:
    losses = np.ones((3, 40), np.float32)
    own, baseline = reported(objects, 1, loss=losses), reported(objects, 0, loss=losses)
    given = ExampleValues()
    given.take(correct=None, loss=losses[0])
    (kept,), _ = given.kept()
    data = np.full(40, np.inf, "<f4").tobytes()
    described = kept.described.model_copy(update={"digest": digest(data)})
    for seed, result in own.items():
        objects.put_if_absent(examples_name(result.key, described), data)
        own[seed] = result.model_copy(update={"per_example": (described,)})
    assert "no longer in the store" in Ledger(objects).example_errors(own, baseline, "accuracy").missing


@pytest.mark.parametrize(
    ("own", "baseline", "want"),
    [
        ({}, {"correct": CORRECT[0]}, "its function does not report them (trial.per_example), or they could not"),
        ({"correct": CORRECT[1]}, {}, "of the baseline: its function does not report them"),
        ({"correct": CORRECT[1, :, :30]}, {"correct": CORRECT[0]}, "it reported correct of 30 examples, the baseline"),
        ({"loss": CORRECT[1] * 1.0}, {"correct": CORRECT[0]}, "it reported loss of 40 examples, the baseline correct"),
    ],
)
def test_what_cannot_be_compared_is_said(objects: CountingObjects, own: Values, baseline: Values, want: str) -> None:
    results = []
    for row, values in ((1, own), (0, baseline)):
        found = reported(objects, row, **(values or {"correct": CORRECT[row]}))
        without = {seed: each.model_copy(update={"per_example": ()}) for seed, each in found.items()}
        results.append(found if values else without)
    answer = Ledger(objects).example_errors(results[0], results[1], "accuracy")
    assert answer.variances == ()
    assert answer.missing.startswith(want)
    assert not objects.read


def test_values_that_the_metric_is_not_the_mean_of_do_not_count(objects: CountingObjects) -> None:
    own, baseline = reported(objects, 1, 0.5, correct=CORRECT[1]), reported(objects, 0, correct=CORRECT[0])
    missing = Ledger(objects).example_errors(own, baseline, "accuracy").missing
    assert missing.startswith("it reported correct of mean 0.")
    assert missing.endswith("is not the mean of")


def test_what_is_left_to_1_counts_as_a_rate_of_errors(objects: CountingObjects) -> None:
    results = []
    for row in (1, 0):
        found = reported(objects, row, correct=CORRECT[row])
        results.append(
            {
                seed: each.model_copy(update={"metrics": {"error": 1 - each.score}, "metric": "error"})
                for seed, each in found.items()
            }
        )
    answer = Ledger(objects).example_errors(results[0], results[1], "error")
    assert answer.variances == pytest.approx(WANT)


def test_while_the_store_is_away_nothing_is_decided(objects: CountingObjects) -> None:
    own, baseline = both(objects)
    ledger = Ledger(objects)
    objects.away = True
    with pytest.raises(StoreError, match="away"):
        ledger.example_errors(own, baseline, "accuracy")
    objects.away = False
    assert ledger.example_errors(own, baseline, "accuracy").variances == pytest.approx(WANT)


def test_a_result_that_claims_too_many_values_is_refused() -> None:
    with pytest.raises(ValueError, match="less than or equal to 16384"):
        PerExample(kind="loss", examples=10**9, kept=10**9, mean=0.0, digest="sha256:" + "0" * 64)


def test_a_turn_that_is_over_reads_nothing_more(objects: CountingObjects) -> None:
    own, baseline = both(objects)
    ledger = Ledger(objects)
    with ledger.turn(0.0) as turn:
        assert isinstance(turn, Turn)
        ledger.example_errors({0: own[0]}, baseline, "accuracy")  # each turn reads something
        with pytest.raises(StoreError, match="next turn"):
            ledger.example_errors(own, baseline, "accuracy")
