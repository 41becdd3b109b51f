"""Whatever a table has in it, it is read or refused in words that can be printed, and never crashed on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.api.errors import InvalidInput
from assay.recorded.choice import REPEATS, Choice, Repeats
from assay.recorded.read import read_file, read_frame
from assay.recorded.runs.labels import resource_names
from assay.recorded.table import Table

SUFFIXES = ("", ".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xlsx", ".csv.gz")
BEGINNINGS = (b"", b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08", b"\xff\xfe", b"[", b"{", b"hypothesis,score\n")
CELLS = st.one_of(
    st.none(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.booleans(),
    st.text(max_size=8),
    st.binary(max_size=3),
    st.datetimes(),
    st.timedeltas(),
    st.sampled_from(["finished", "failed", "NaN", "1,5", "0 days 00:10:00", "\x1b[31m", "10 %", "2026-01-01"]),
    st.lists(st.integers(), max_size=2),
)
NAMES = st.one_of(
    st.sampled_from(
        ["hypothesis", "arm", "size", "seed", "score", "cost", "State", "start_time", "end_time", "epochs", "lr"]
    ),
    st.sampled_from(["params.lr", "metrics.acc", "values_0", "a\nb", "\x1b[31mred", "", "\0row"]),
    st.text(max_size=6),
)
CHOICES = st.builds(Choice, repeats=st.sampled_from([None, *REPEATS]), needs_cost=st.booleans())


def checked(table: Table) -> None:
    shown = (*table.said, *table.hypothesis_names.values(), *table.arm_names.values())
    assert all(text.isprintable() for text in shown)
    assert table.runs
    assert all(run.score is None or abs(run.score) < float("inf") for run in table.runs.values())
    assert all(run.cost is None or 0 <= run.cost < float("inf") for run in table.runs.values())


def refused(error: InvalidInput) -> None:
    assert error.problems
    for problem in error.problems:
        assert problem.given
        assert problem.allowed
        assert "\x1b" not in str(problem)
        assert len(str(problem)) < 3000


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(BEGINNINGS), st.sampled_from(SUFFIXES))
def test_any_bytes_are_a_table_or_refused(content: bytes, beginning: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"runs{suffix}"
        file.write_bytes(beginning + content)
        try:
            checked(read_file(file, Choice()))
        except InvalidInput as error:
            refused(error)


@settings(max_examples=150, deadline=None)
@given(st.data(), CHOICES)
def test_any_columns_are_a_table_or_refused(data: st.DataObject, choice: Choice) -> None:
    height = data.draw(st.integers(0, 5))
    names = data.draw(st.lists(NAMES, unique=True, max_size=6))
    columns: dict[str, list[Any]] = {
        name: data.draw(st.lists(CELLS, min_size=height, max_size=height)) for name in names
    }
    try:
        checked(read_frame(columns, choice))
    except InvalidInput as error:
        refused(error)


PLAUSIBLE: dict[str, list[Any]] = {
    "hypothesis": ["a", "b", "lr=1", "日本", "A", "a "],
    "arm": ["x", "25 %", 5, 50],
    "seed": [0, 1, 2, "p", 1.0],
    "cost": [1.0, "00:10:00", "3s", None, "1,5", 0],
    "score": [0.5, 0.6, "nan", None, "0,5", "1e400"],
    "State": ["finished", "PRUNED", "failed", None, "?"],
    "data": ["m", "n"],
    "epoch": [1, 2, 3],
    "start_time": ["2026-01-01", "2026-01-01 10:00", None],
}


@settings(deadline=None)
@given(st.data(), st.sampled_from([None, *REPEATS]))
def test_every_row_becomes_a_run_or_is_counted_with_those_that_do_not(
    data: st.DataObject, repeats: Repeats | None
) -> None:
    height = data.draw(st.integers(1, 15))
    others = data.draw(st.sets(st.sampled_from(sorted(PLAUSIBLE))))
    columns: dict[str, list[Any]] = {
        name: data.draw(st.lists(st.sampled_from(PLAUSIBLE[name]), min_size=height, max_size=height))
        for name in sorted(others | {"hypothesis", "score"})
    }
    try:
        table = read_frame(columns, Choice(repeats=repeats))
    except InvalidInput as error:
        refused(error)
        return
    checked(table)
    counts = table.counts
    left_out = counts.unfinished + counts.duplicates + (counts.repeated if repeats != "seeds" else 0)
    assert (counts.rows, len(table.runs) + left_out) == (height, height)
    assert counts.failed == sum(run.score is None for run in table.runs.values())
    assert counts.missing == len(table.hypotheses) * len(table.arms) * table.seeds - len(table.runs)


def test_ten_thousand_columns_are_read_and_an_error_does_not_list_them() -> None:
    columns: dict[str, list[Any]] = {f"c{number}": [number, number + 1] for number in range(10_000)}
    assert len(read_frame({"hypothesis": ["a", "b"], "score": [1, 2], **columns}, Choice()).runs) == 2
    with pytest.raises(InvalidInput, match=r"c0, c1, .*, …") as error:
        read_frame(columns, Choice())
    refused(error.value)


def test_a_cell_of_a_megabyte_is_shortened_in_the_error() -> None:
    with pytest.raises(InvalidInput) as error:
        read_frame({"hypothesis": ["a"], "score": ["x" * (1 << 20)]}, Choice())
    refused(error.value)


@given(st.sets(st.text(min_size=1, max_size=70), max_size=30))
def test_each_text_has_a_resource_name_of_its_own(texts: set[str]) -> None:
    names = resource_names(texts, "hypothesis")
    assert set(names) == texts
    assert len(set(names.values())) == len(texts)
    for name in names.values():
        assert len(name) <= 63
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert name.strip("-") == name != ""
