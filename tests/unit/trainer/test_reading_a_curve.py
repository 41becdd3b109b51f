"""Tests of reading a metric off a learning curve."""

from __future__ import annotations

import math

from assay_trainer.contract import CurvePoint, read_curve

CURVE = (
    CurvePoint(epoch=4, seconds=1, metrics={"loss": 2.0}),
    CurvePoint(epoch=5, seconds=2, metrics={"loss": 1.0}),
    CurvePoint(epoch=5, seconds=3, metrics={"loss": 9.0, "accuracy": 0.5}),
    CurvePoint(epoch=6, seconds=4, metrics={"accuracy": math.nan}),
)


def test_the_first_point_of_an_epoch_that_has_the_metric_counts() -> None:
    assert read_curve(CURVE, 5, "loss") == 1.0
    assert read_curve(CURVE, 5, "accuracy") == 0.5


def test_what_was_not_reported_is_missing() -> None:
    assert read_curve(CURVE, 3, "loss") is None
    assert read_curve(CURVE, 6, "loss") is None
    assert read_curve((), 5, "loss") is None


def test_what_was_reported_as_nan_is_no_less_reported() -> None:
    value = read_curve(CURVE, 6, "accuracy")
    assert value is not None
    assert math.isnan(value)
