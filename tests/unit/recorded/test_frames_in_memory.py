"""Data frames of any make."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas
import polars
import pytest

from assay.api.errors import InvalidInput
from assay.recorded.choice import Choice
from assay.recorded.read import read_frame
from assay.recorded.table import RecordedRun

COLUMNS: dict[str, list[Any]] = {
    "hypothesis": ["plain", "wide", "plain", "wide"],
    "epochs": [50, 50, 5, 5],
    "seed": [0, 0, 0, 0],
    "score": [0.5, None, 0.25, float("inf")],
    "duration": [timedelta(seconds=90), timedelta(seconds=91), timedelta(seconds=9), None],
}
RUNS = {
    ("plain", "50", 0): RecordedRun(90.0, 0.5),
    ("wide", "50", 0): RecordedRun(91.0, None),
    ("plain", "5", 0): RecordedRun(9.0, 0.25),
    ("wide", "5", 0): RecordedRun(None, None),
}


class Arrow:
    """What has nothing but the C stream of Arrow."""

    def __init__(self, frame: polars.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


class Convertible:
    """What can only be made a frame of pandas."""

    def to_pandas(self) -> pandas.DataFrame:
        return pandas.DataFrame(COLUMNS)


def rows() -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]


MAKES: dict[str, Callable[[], Any]] = {
    "polars": lambda: polars.DataFrame(COLUMNS),
    "polars, lazy": lambda: polars.LazyFrame(COLUMNS),
    "polars, categories": lambda: polars.DataFrame(COLUMNS).with_columns(
        polars.col("hypothesis").cast(polars.Categorical)
    ),
    "pandas": lambda: pandas.DataFrame(COLUMNS),
    "pandas, an index of its own": lambda: pandas.DataFrame(COLUMNS, index=[7, 7, 1, 2]),
    "pandas, objects": lambda: pandas.DataFrame(COLUMNS, dtype=object),
    "pandas, types of its own": lambda: pandas.DataFrame(COLUMNS).convert_dtypes(dtype_backend="numpy_nullable"),
    "pandas, categories": lambda: pandas.DataFrame(COLUMNS).astype({"hypothesis": "category"}),
    "a stream of Arrow": lambda: Arrow(polars.DataFrame(COLUMNS)),
    "what has to_pandas": Convertible,
    "a mapping": lambda: COLUMNS,
    "a mapping of series": lambda: {name: polars.Series(cells) for name, cells in COLUMNS.items()},
    "rows": rows,
}


@pytest.mark.parametrize("make", MAKES)
def test_the_same_runs_are_read_from_a_frame_of_any_make(make: str) -> None:
    assert read_frame(MAKES[make](), Choice()).runs == RUNS


def test_a_frame_is_not_changed_by_being_read() -> None:
    frame = polars.DataFrame({" hypothesis": ["a"], "score": [1]})
    read_frame(frame, Choice())
    assert frame.columns == [" hypothesis", "score"]


def test_structures_become_columns_and_lists_none() -> None:
    frame = polars.DataFrame({"config": [{"opt": {"lr": 0.1}, "tags": [1]}], "curve": [[0.1, 0.2]], "acc": [0.5]})
    assert read_frame(frame, Choice(hypothesis=("config.opt.lr",))).hypotheses == ("0-1",)
    assert read_frame(frame.with_columns(n=polars.lit("x")), Choice(hypothesis=("n",))).hypotheses == ("x",)


def test_times_of_pandas_with_a_zone_are_times() -> None:
    times = pandas.to_datetime([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 1, tzinfo=UTC)])
    frame = pandas.DataFrame({"hypothesis": ["a"], "score": [1], "start_time": times[:1], "end_time": times[1:]})
    assert read_frame(frame, Choice()).runs == {("a", "reference", 0): RecordedRun(60.0, 1.0)}


def test_columns_of_pandas_with_several_levels_or_one_name_twice_are_read() -> None:
    levels = pandas.DataFrame([["a", 1.0]], columns=pandas.MultiIndex.from_tuples([("params", "m"), ("metrics", "f1")]))
    assert read_frame(levels, Choice(hypothesis=("params.m",))).hypotheses == ("a",)
    twice = pandas.DataFrame([["a", 1.0, 2.0]], columns=["hypothesis", "score", "score"])
    assert read_frame(twice, Choice()).runs["a", "reference", 0].score == 1.0


@pytest.mark.parametrize(
    ("given", "want"),
    [
        (5, "given a int; allowed: a data frame"),
        ("runs.csv", "given a str; allowed: a data frame"),
        ([1, 2], "given a list; allowed: a data frame"),
        (
            {"hypothesis": ["a"], "score": [1, 2]},
            "given 2 cells in score and 1 in hypothesis; allowed: columns of one length",
        ),
        ({}, "given a table without rows"),
        (polars.DataFrame({"hypothesis": [], "score": []}), "given a table without rows"),
    ],
)
def test_what_is_no_frame_is_refused(given: Any, want: str) -> None:
    with pytest.raises(InvalidInput, match=want):
        read_frame(given, Choice())


def test_errors_call_the_frame_as_the_caller_does() -> None:
    with pytest.raises(InvalidInput, match=r"^my frame: score"):
        read_frame({"hypothesis": ["a"]}, Choice(), "my frame")
