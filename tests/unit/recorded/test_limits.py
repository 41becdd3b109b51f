"""Tables that are too large, or would be when unpacked, are refused before they take the machine's memory."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import polars
import pytest

from assay.api.errors import InvalidInput
from assay.recorded.choice import Choice
from assay.recorded.frames import limits
from assay.recorded.read import read_file, read_frame
from builders.table_files import csv_file, workbook, workbook_of_xml

HEADER = "hypothesis,arm,seed,cost,score"


def refusal(path: Path) -> str:
    with pytest.raises(InvalidInput) as error:
        read_file(path, Choice())
    return str(error.value)


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILE", limits.FILE >> 10)
    monkeypatch.setattr(limits, "STRUCTURED", limits.STRUCTURED >> 8)
    monkeypatch.setattr(limits, "ROWS", 1000)
    monkeypatch.setattr(limits, "COLUMNS", 100)


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    with file.open("wb") as large:
        large.truncate(limits.FILE + 1)
    assert "given a file of more than 1 MiB; allowed: at most 1 MiB, also unpacked; leave out rows" in refusal(file)


@pytest.mark.parametrize("packs", [1, 2])
def test_what_unpacks_to_too_much_is_not_unpacked(packs: int, tmp_path: Path) -> None:
    bomb = HEADER.encode() + b"\n" + b"\n" * (64 << 20)
    for _ in range(packs):
        bomb = gzip.compress(bomb)
    file = tmp_path / "runs.csv.gz"
    file.write_bytes(bomb)
    want = "what unpacks to a file of more than 1 MiB" if packs == 1 else "bytes that are no text"
    assert f"given {want}" in refusal(file)


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "runs.xlsx"
    file.write_bytes(workbook_of_xml(Runs=" " * (limits.STRUCTURED + 1)))
    assert "given what unpacks to a workbook of more than 1 MiB" in refusal(file)


def test_a_workbook_that_lies_about_its_size_is_not_believed(tmp_path: Path) -> None:
    content = bytearray(workbook(Runs=[["hypothesis", "score"], ["a", 1.0]]))
    start = content.rfind(b"PK\x01\x02")  # the entry of the sheet in the directory at the end
    content[start + 24 : start + 28] = (1).to_bytes(4, "little")
    file = tmp_path / "runs.xlsx"
    file.write_bytes(content)
    assert zipfile.ZipFile(io.BytesIO(content)).infolist()[-1].file_size == 1
    assert "given no workbook that can be read" in refusal(file)


def test_cells_at_the_far_ends_of_a_sheet_do_not_make_it_a_table_of_all_between_them(tmp_path: Path) -> None:
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    file = tmp_path / "runs.xlsx"
    file.write_bytes(workbook_of_xml(Runs=f"<worksheet><sheetData>{cells}</sheetData></worksheet>"))
    assert "given 16,384 columns; allowed: at most 100 columns" in refusal(file)


def test_too_many_rows_or_columns_are_refused_whatever_the_kind_of_file(tmp_path: Path) -> None:
    rows = polars.DataFrame({"hypothesis": ["a"] * 1001, "score": [1.0] * 1001})
    columns = polars.DataFrame({f"c{number}": [1] for number in range(101)})
    for frame, want in (
        (rows, "1,001 rows; allowed: at most 1,000 rows"),
        (columns, "101 columns; allowed: at most 100"),
    ):
        frame.write_csv(tmp_path / "runs.csv")
        frame.write_parquet(tmp_path / "runs.parquet")
        frame.write_ndjson(tmp_path / "runs.jsonl")
        (tmp_path / "runs.json").write_text(json.dumps(frame.to_dict(as_series=False)))
        for kind in ("csv", "parquet", "jsonl", "json"):
            assert f"given {want}" in refusal(tmp_path / f"runs.{kind}")
        with pytest.raises(InvalidInput, match=f"given {want}"):
            read_frame(frame, Choice())
        with pytest.raises(InvalidInput, match=f"given {want}"):
            read_frame(frame.to_dict(as_series=False), Choice())


def test_a_first_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEADER", 1000)
    assert "given a first line of more than" in refusal(csv_file(tmp_path, "a" * 2000))


def test_a_hypothesis_with_more_runs_than_anybody_does_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = csv_file(tmp_path, "hypothesis,score,x", *(f"a,{n / 7},{n}" for n in range(999)))
    assert read_file(file, Choice()).seeds == 999
    monkeypatch.setattr(limits, "ROWS", 5000)
    file = csv_file(tmp_path, "hypothesis,score,x", *(f"a,{n / 7},{n}" for n in range(1001)))
    assert "seed: given 1001 runs of 'a' on the arm 'reference'; allowed: at most 1000" in refusal(file)
