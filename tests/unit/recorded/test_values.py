"""Numbers, durations and times as people and tools write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.recorded.values import numbers, seconds, texts, times


def column(*cells: Any) -> polars.Series:
    return polars.Series("x", cells)


@pytest.mark.parametrize(
    ("cells", "want", "said"),
    [
        (("1", "2.5", "-1e-3", "+4"), [1.0, 2.5, -0.001, 4.0], ""),
        (("inf", "-inf", "NaN", "", "None", "n/a", "-", None), [float("inf"), -float("inf"), *[None] * 6], ""),
        (("1,5", "2", "0,25"), [1.5, 2.0, 0.25], "with a decimal comma"),
        (("0,851", "1.234,5"), [0.851, 1234.5], "with a decimal comma"),
        (("1,234", "2", "1,234,567.5"), [1234.0, 2.0, 1234567.5], "with a comma between thousands"),
        (("85.1 %", "12%"), [85.1, 12.0], "in percent"),
        (("85,1 %", "12%"), [85.1, 12.0], "in percent"),
        ((1, 2, None), [1.0, 2.0, None], ""),
        ((float("nan"), 0.5), [None, 0.5], ""),
        ((True, False), [1.0, 0.0], ""),
    ],
)
def test_numbers_are_read_in_the_ways_that_people_write_them(
    cells: tuple[Any, ...], want: list[float | None], said: str
) -> None:
    read = numbers(column(*cells))
    assert (read.values.to_list(), read.wrong.any(), read.said) == (want, False, said)


def test_what_is_no_number_is_told_cell_by_cell() -> None:
    assert numbers(column("1", "good", None, "1,2,3")).wrong.to_list() == [False, True, False, True]
    assert numbers(column(datetime(2026, 1, 1, tzinfo=UTC))).wrong.to_list() == [True]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_every_float_that_python_writes_is_read_as_it_was(given_: list[float]) -> None:
    assert numbers(column(*map(repr, given_))).values.to_list() == given_


@pytest.mark.parametrize(
    ("cell", "want"),
    [
        ("0 days 00:10:00", 600.0),
        ("0 days 00:10:00.500000", 600.5),
        ("1 day, 2:03:04", 93784.0),
        ("00:10:00", 600.0),
        ("10:03", 603.0),
        ("10m 3s", 603.0),
        ("1h 2m 3s", 3723.0),
        ("1 hour 5 s", 3605.0),
        ("120ms", 0.12),
        ("3.4min", 204.0),
        ("2.0d", 172800.0),
        ("PT1H2M3.5S", 3723.5),
        ("P1DT2H", 93600.0),
        ("12.5", 12.5),
        (timedelta(seconds=90), 90.0),
        (7, 7.0),
    ],
)
def test_durations_are_read_as_tools_write_them(cell: Any, want: float) -> None:
    read = seconds(column(cell))
    assert read.values.to_list() == pytest.approx([want])
    assert not read.wrong.any()


def test_numbers_and_durations_may_stand_in_one_column() -> None:
    read = seconds(column("1.2s", "bad", None, "90"))
    assert (read.values.to_list(), read.wrong.to_list()) == ([1.2, None, None, 90.0], [False, True, False, False])


def test_a_number_counts_in_the_unit_of_its_column() -> None:
    assert seconds(column(1.5), 3600.0).values.to_list() == [5400.0]


TEN = 1793613600.0  # 2026-11-02 10:00:00 UTC


@pytest.mark.parametrize(
    ("cell", "want"),
    [
        ("2026-11-02T10:00:00.000Z", TEN),
        ("2026-11-02 10:00:00", TEN),
        ("2026-11-02 10:00", TEN),
        ("2026-11-02", TEN - 36000),
        ("2026-11-02 10:00:00.123456 UTC", TEN + 0.123456),
        ("2026-11-02 12:00:00+02:00", TEN),
        ("2026-11-02 04:30:00-0530", TEN),
        (TEN, TEN),
        (int(TEN * 1000), TEN),
        (str(int(TEN * 1000)), TEN),
        (int(TEN * 1_000_000_000), TEN),
        (datetime(2026, 11, 2, 10, tzinfo=UTC), TEN),
        (datetime(2026, 11, 2, 10), TEN),  # noqa: DTZ001 - as a tool without time zones has it
    ],
)
def test_times_are_read_as_tools_write_them(cell: Any, want: float) -> None:
    assert times(column(cell)).values.to_list() == pytest.approx([want], abs=1e-6)


def test_what_is_no_time_is_told() -> None:
    assert times(column("2026-11-02", "yesterday")).wrong.to_list() == [False, True]


@pytest.mark.parametrize(
    ("cells", "want"),
    [
        ((0.1, 1e-5, 50.0), ["0.1", "0.00001", "50.0"]),
        ((50.0, 5.0, None), ["50", "5", None]),
        ((50, 5), ["50", "5"]),
        (("0.10", "1e-3"), ["0.10", "1e-3"]),
        ((float("nan"), 1.0), [None, "1"]),
    ],
)
def test_names_are_as_the_table_has_them(cells: tuple[Any, ...], want: list[str | None]) -> None:
    assert texts(column(*cells)).to_list() == want
