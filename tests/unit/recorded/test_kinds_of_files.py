"""Every kind of file with the same runs gives the same runs."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path

import polars
import pytest

from assay.api.errors import InvalidInput
from assay.recorded.choice import Choice
from assay.recorded.read import STANDARD_INPUT, read_file
from assay.recorded.table import RecordedRun, Table
from builders.table_files import workbook, workbook_of_xml

CSV = "hypothesis,arm,seed,cost,score\nplain,reference,0,2,0.5\nnaïve,reference,0,2.5,0.25\nplain,short,0,10,1\n"
FRAME = polars.read_csv(io.BytesIO(CSV.encode()))
RUNS = {
    ("plain", "reference", 0): RecordedRun(2.0, 0.5),
    ("naive", "reference", 0): RecordedRun(2.5, 0.25),
    ("plain", "short", 0): RecordedRun(10.0, 1.0),
}
SEMICOLONS = CSV.replace(",", ";").replace(".", ",")
ROWS = [row.split(",") for row in CSV.splitlines()]


def parquet() -> bytes:
    buffer = io.BytesIO()
    FRAME.write_parquet(buffer)
    return buffer.getvalue()


def sheet() -> list[list[str | float | None]]:
    cells: list[list[str | float | None]] = [[*ROWS[0]]]
    for row in ROWS[1:]:
        cells.append([row[0], row[1], *map(float, row[2:])])
    return cells


KINDS: dict[str, tuple[str, bytes]] = {
    "commas": ("runs.csv", CSV.encode()),
    "no name": ("runs", CSV.encode()),
    "the name in capitals": ("RUNS.CSV", CSV.encode()),
    "lines of Windows": ("runs.csv", CSV.replace("\n", "\r\n").encode()),
    "lines of old spreadsheets": ("runs.csv", CSV.replace("\n", "\r").encode()),
    "blank lines at the end": ("runs.csv", (CSV + "\n\n,,,,\n").encode()),
    "a blank line first": ("runs.csv", ("\n" + CSV).encode()),
    "blanks around cells": ("runs.csv", CSV.replace(",", " , ").encode()),
    "a column without name and cells": ("runs.csv", CSV.replace("\n", ",\n").encode()),
    "semicolons, decimal commas": ("runs.csv", SEMICOLONS.encode()),
    "what Excel asks for": ("runs.csv", ("sep=;\n" + SEMICOLONS).encode()),
    "tabs": ("runs.tsv", CSV.replace(",", "\t").encode()),
    "text with tabs": ("runs.txt", CSV.replace(",", "\t").encode()),
    "strokes": ("runs.txt", CSV.replace(",", "|").encode()),
    "a mark of UTF-8": ("runs.csv", CSV.encode("utf-8-sig")),
    "UTF-16": ("runs.csv", CSV.encode("utf-16")),
    "UTF-16, the other way round": ("runs.csv", b"\xfe\xff" + CSV.encode("utf-16-be")),
    "UTF-16 without a mark": ("runs.csv", CSV.encode("utf-16-le")),
    "latin-1": ("runs.csv", CSV.encode("latin-1")),
    "packed": ("runs.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
    "packed, and not called so": ("runs.csv", gzip.compress(CSV.encode(), mtime=0)),
    "Parquet": ("runs.parquet", parquet()),
    "Parquet, in capitals": ("RUNS.PARQUET", parquet()),
    "JSON of rows": ("runs.json", json.dumps(FRAME.to_dicts()).encode()),
    "JSON of columns": ("runs.json", json.dumps(FRAME.to_dict(as_series=False)).encode()),
    "JSON of pandas": (
        "runs.json",
        json.dumps({column: dict(enumerate(FRAME[column].to_list())) for column in FRAME.columns}).encode(),
    ),
    "JSON of pandas, split": (
        "runs.json",
        json.dumps(
            {"columns": FRAME.columns, "index": [0, 1, 2], "data": [list(row) for row in FRAME.rows()]}
        ).encode(),
    ),
    "JSON lines": ("runs.jsonl", "\n".join(map(json.dumps, FRAME.to_dicts())).encode()),
    "JSON lines, and a blank one": ("runs.ndjson", "\n\n".join(map(json.dumps, FRAME.to_dicts())).encode()),
    "JSON lines that are called JSON": ("runs.json", "\n".join(map(json.dumps, FRAME.to_dicts())).encode()),
    "JSON lines, packed": ("runs.jsonl.gz", gzip.compress("\n".join(map(json.dumps, FRAME.to_dicts())).encode())),
    "a workbook": ("runs.xlsx", workbook(Runs=sheet())),
    "a workbook with an empty sheet first": ("runs.xlsx", workbook(Notes=[["see the next"]], Runs=sheet())),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_runs_are_read_from_every_kind_of_file(kind: str, tmp_path: Path) -> None:
    name, content = KINDS[kind]
    file = tmp_path / name
    file.write_bytes(content)
    table = read_file(file, Choice())
    assert table.runs == RUNS
    assert sorted(table.hypothesis_names.values()) == ["naïve", "plain"]


@pytest.mark.parametrize("kind", ["commas", "UTF-16", "packed", "Parquet", "JSON of rows", "JSON lines", "a workbook"])
def test_what_is_piped_in_is_known_by_what_it_begins_with(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(KINDS[kind][1])))
    assert read_file(STANDARD_INPUT, Choice()).runs == RUNS


def read(tmp_path: Path, content: bytes, name: str = "runs.csv") -> Table:
    file = tmp_path / name
    file.write_bytes(content)
    return read_file(file, Choice())


def test_objects_inside_of_objects_are_columns(tmp_path: Path) -> None:
    rows = [
        {"config": {"optimizer": name}, "summary": {"acc": acc}, "seed": seed}
        for seed in (0, 1)
        for name, acc in (("adam", 0.5), ("sgd", 0.25))
    ]
    table = read(tmp_path, "\n".join(map(json.dumps, rows)).encode(), "runs.jsonl")
    assert table.hypotheses == ("adam", "sgd")
    assert table.runs["adam", "reference", 1] == RecordedRun(None, 0.5)


def test_what_json_lacks_in_a_row_is_missing_there(tmp_path: Path) -> None:
    rows = ['{"hypothesis": "a", "seed": 1}', '{"hypothesis": "a", "seed": 2, "score": NaN}']
    rows += ['{"hypothesis": "a", "seed": 3, "score": 1}']
    table = read(tmp_path, "\n".join(rows).encode(), "runs.jsonl")
    assert [run.score for run in table.runs.values()] == [None, None, 1.0]


@pytest.mark.parametrize(
    ("name", "content", "want"),
    [
        ("runs.csv", b"", "given an empty file"),
        ("runs.csv", b"\n\n", "given an empty file"),
        ("runs.csv", CSV.splitlines()[0].encode(), "given a table without rows"),
        ("runs.csv", CSV.encode() + b"a,b,0,1,0.5,extra,more\n", "given 7 cells in row 4, which begins with 'a'"),
        ("runs.csv", b"hypothesis score\na 1\n", "given a table of one column, 'hypothesis score'"),
        ("runs.csv", b"a,b\n\x00\x01\x02\x03,1\n", "given bytes that are no text"),
        ("runs.csv", b"\xff\xfea\x00,\x00b", "given text that is not in UTF-16-LE"),
        ("runs.json", b'{"hypothesis": ["a"], "score": [1, 2]}', "given 2 cells in score and 1 in hypothesis"),
        ("runs.json", b"[1, 2]", "given 1 as row 1"),
        ("runs.json", b"5", "given JSON of another shape: 5"),
        ("runs.json", b'{"a": 5, "b": [1]}', "a: given 5"),
        ("runs.json", b"[{", "given no JSON"),
        ("runs.json", b"[" * 100_000, "given no JSON"),
        ("runs.jsonl", b'{"a": 1}\n{"a": 2\n', "given no JSON in line 2"),
        ("runs.parquet", b"a,b\n1,2\n", "given a file that ends in .parquet and is none"),
        ("runs.parquet", b"PAR1 but not for long", "given what can't be read as a table"),
        ("runs.parquet", parquet()[:200] + parquet()[250:], "given what can't be read as a table"),
        ("runs.xlsx", b"PK\x03\x04 but not for long", "given no workbook that can be read"),
        ("runs.xlsx", workbook(Notes=[["nothing"]]), "given a workbook without a table"),
        ("runs.xlsx", workbook_of_xml(Runs="<worksheet"), "given no workbook that can be read"),
        ("runs.xls", b"\xd0\xcf\x11\xe0", "given a file that ends in .xls"),
        ("runs.csv.gz", gzip.compress(CSV.encode(), mtime=0)[:30], "given what can't be read as a table"),
    ],
)
def test_what_is_no_table_is_refused_and_told(name: str, content: bytes, want: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        read(tmp_path, content, name)
    (problem,) = error.value.problems
    assert str(problem).startswith(f"{tmp_path / name}: {want}")
    assert problem.allowed


def test_a_folder_or_a_path_where_nothing_is_is_no_table(tmp_path: Path) -> None:
    for path, want in ((tmp_path, "a folder"), (tmp_path / "none.csv", "a path where nothing is")):
        with pytest.raises(InvalidInput, match=f"given {want}; allowed: a table with a row per run"):
            read_file(path, Choice())


def test_of_several_sheets_it_is_said_which_is_read(tmp_path: Path) -> None:
    said = read(tmp_path, workbook(Notes=[["see"]], Runs=sheet()), "runs.xlsx").said
    assert said[0] == "Of 2 sheets, 'Runs' is read, the first that has a table."


def test_how_a_text_was_read_is_said(tmp_path: Path) -> None:
    said = " ".join(read(tmp_path, SEMICOLONS.encode("latin-1")).said)
    assert "Its text is not in UTF-8; it is read as Windows-1252, as Excel writes it." in said
    assert "Its columns are apart by semicolons." in said
    assert "score is read with a decimal comma." in said
