"""What somebody wants to read of a learning curve is never dropped from it."""

from __future__ import annotations

import pytest

from assay_trainer.contract import CurvePoint, read_curve
from assay_trainer.returned.curve import FAILURE_CURVE_BYTES, MOST_POINTS, RESULT_CURVE_BYTES, LearningCurve
from assay_trainer.returned.wanted import Wanted

WANTED = Wanted(epochs=(3, 7), metrics=("accuracy", "loss"))


def a_point(epoch: int, **metrics: float) -> CurvePoint:
    return CurvePoint(epoch=epoch, seconds=epoch, metrics=metrics)


def bytes_of(points: tuple[CurvePoint, ...]) -> int:
    return sum(len(point.model_dump_json()) for point in points)


def test_the_first_points_of_a_wanted_epoch_that_have_a_wanted_metric_are_read() -> None:
    points = [
        a_point(3, gradient=1),
        a_point(3, loss=1),
        a_point(3, loss=2, accuracy=1),
        a_point(3, accuracy=2),
        a_point(4, accuracy=3),
        a_point(7, accuracy=4, loss=4),
    ]
    assert WANTED.read_from(points) == {1: {"loss"}, 2: {"accuracy"}, 5: {"accuracy", "loss"}}


def test_a_curve_of_very_many_points_keeps_those_that_are_read() -> None:
    wanted = Wanted(epochs=(1, 3001, 29_998), metrics=("accuracy",))
    curve = LearningCurve(wanted)
    for epoch in range(30_000):
        curve.add(a_point(epoch, accuracy=epoch))
        assert len(curve.points) <= MOST_POINTS
    kept, notes = curve.bounded(RESULT_CURVE_BYTES)
    assert [read_curve(kept, epoch, "accuracy") for epoch in wanted.epochs] == [1, 3001, 29_998]
    assert [point.epoch for point in kept] == sorted(point.epoch for point in kept)
    assert notes == [f"learning curve: 30,000 points reported, {len(kept):,} of them kept"]


def test_very_many_points_of_a_wanted_epoch_are_thinned_like_any_others() -> None:
    curve = LearningCurve(WANTED)
    for step in range(3 * MOST_POINTS):
        curve.add(a_point(3, accuracy=step))
    assert len(curve.points) <= MOST_POINTS
    kept, _ = curve.bounded(FAILURE_CURVE_BYTES)
    assert bytes_of(kept) <= FAILURE_CURVE_BYTES
    assert read_curve(kept, 3, "accuracy") == 0


def test_of_very_many_metrics_the_wanted_ones_are_kept() -> None:
    curve = LearningCurve(WANTED)
    layers = {f"layer {number}": 0.0 for number in range(600)}
    curve.add(a_point(2, **layers, accuracy=0.25))
    curve.add(a_point(3, **layers, loss=1.0, accuracy=0.5))
    kept, notes = curve.bounded(RESULT_CURVE_BYTES)
    assert [len(point.metrics) for point in kept] == [500, 500]
    assert (read_curve(kept, 2, "accuracy"), read_curve(kept, 3, "loss")) == (0.25, 1.0)
    assert [note.split(";")[0] for note in notes] == ["learning curve: metrics left out"]


def test_where_not_even_the_points_that_are_read_fit_they_keep_what_is_read_of_them() -> None:
    curve = LearningCurve(Wanted(epochs=tuple(range(16)), metrics=("accuracy", "loss")))
    layers = {f"{'x' * 100}{number}": 0.0 for number in range(400)}
    for epoch in range(16):
        curve.add(a_point(epoch, **layers, accuracy=epoch, loss=-epoch))
    kept, notes = curve.bounded(FAILURE_CURVE_BYTES)
    assert bytes_of(kept) <= FAILURE_CURVE_BYTES
    assert [read_curve(kept, epoch, "loss") for epoch in range(16)] == [-epoch for epoch in range(16)]
    assert notes


def test_a_curve_that_nobody_wants_to_read_is_never_enough() -> None:
    curve = LearningCurve()
    curve.add(a_point(1, accuracy=1))
    assert not curve.is_enough
    assert not curve.has_score


@pytest.mark.parametrize(
    ("before", "after", "want"),
    [
        ([1, 2], [3, 4], None),
        ([1, 2], [4], "nothing between epochs 2 and 4, where the run went on from a checkpoint"),
        ([1], [3], "nothing between epochs 1 and 3"),
        ([5, 10], [15, 20], None),
        ([], [5], None),
        ([1, 2], [3, 9], None),
    ],
)
def test_an_epoch_that_a_checkpoint_came_before_is_said_to_be_missing(
    before: list[int], after: list[int], want: str | None
) -> None:
    curve = LearningCurve()
    curve.resume([a_point(each, loss=1) for each in before], len(before))
    for each in after:
        curve.add(a_point(each, loss=1))

    notes = curve.bounded(RESULT_CURVE_BYTES)[1]

    assert [want is not None and want in note for note in notes] == ([True] if want else [])
