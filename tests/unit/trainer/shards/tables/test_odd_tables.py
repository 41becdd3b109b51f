"""Tables as strangers have them: each becomes a data set, or ends with a sentence that names what is at fault."""

from __future__ import annotations

import datetime
import decimal
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest

from assay_trainer.data import open_dataset
from assay_trainer.shards import InvalidSource, TableOptions, build_shards
from assay_trainer.shards.build import BuiltDataset

ROWS = 20
CSV = "x,label\n" + "1.5,a\n2,b\n" * (ROWS // 2)
OBJECTS = [{"x": place, "label": "ab"[place % 2]} for place in range(ROWS)]


def columns(**further: Any) -> dict[str, Any]:
    return {"x": np.arange(ROWS) * 0.5, "label": ["a", "b"] * (ROWS // 2), **further}


def built(source: Path, **options: Any) -> BuiltDataset:
    return build_shards(source, str(source.parent / "shards"), name="rows", table=TableOptions(**options))


def of_columns(folder: Path, further: dict[str, Any], **options: Any) -> BuiltDataset:
    pa.parquet.write_table(pa.table(columns(**further)), folder / "rows.parquet")
    return built(folder / "rows.parquet", **options)


def of_files(folder: Path, files: dict[str, Any], **options: Any) -> BuiltDataset:
    for name, content in files.items():
        file = folder / "rows" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, str):
            pa.parquet.write_table(content if isinstance(content, pa.Table) else pa.table(content), file)
        else:
            file.write_text(content)
    return built(folder / "rows", **options)


def lines(*further: object) -> str:
    return "".join(json.dumps(each) + "\n" for each in (*OBJECTS, *further))


@pytest.mark.parametrize(
    ("column", "want"),
    [
        ([decimal.Decimal("1.25")] * ROWS, ("number", "float64", ())),
        (np.ones(ROWS, np.float16), ("number", "float32", ())),
        (pa.array([[1.5, 2]] * ROWS, pa.list_(pa.float16())), ("number", "float32", (2,))),
        (pa.array([2**63 + 5] * ROWS, pa.uint64()), ("number", "uint64", ())),
        (pa.array(["u", "v"] * (ROWS // 2)).dictionary_encode(), ("text", None, ())),
        (pa.array(["u"] * ROWS, pa.large_string()), ("text", None, ())),
        (pa.array(["u"] * ROWS, pa.string_view()), ("text", None, ())),
        (pa.array([[1]] * ROWS, pa.large_list(pa.int8())), ("tokens", "int8", (1,))),
        (
            pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(ROWS * 6.0).reshape(ROWS, 2, 3)),
            ("number", "float64", (2, 3)),
        ),
        (["1.5"] * ROWS, ("text", None, ())),
    ],
    ids=str,
)
def test_types_of_other_tools_are_the_field_that_they_mean(tmp_path: Path, column: Any, want: tuple[Any, ...]) -> None:
    field = of_columns(tmp_path, {"t": column}).manifest.fields["t"]
    assert (field.kind, field.type, field.shape) == want


def test_tensors_keep_their_values(tmp_path: Path) -> None:
    tensors = np.arange(ROWS * 6.0).reshape(ROWS, 2, 3)
    result = of_columns(tmp_path, {"t": pa.FixedShapeTensorArray.from_numpy_ndarray(tensors)})
    found = open_dataset(result.dataset).examples("train").arrays()
    assert np.array_equal(found["t"], tensors[(found["x"] * 2).astype(int)])


def test_what_polars_writes_is_read(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        columns(
            kind=pl.Series(["p", "q"] * (ROWS // 2), dtype=pl.Categorical),
            pair=pl.Series([[1.0, 2.0]] * ROWS, dtype=pl.Array(pl.Float32, 2)),
            raw=[b"x"] * ROWS,
        )
    )
    frame.write_parquet(tmp_path / "rows.parquet")
    fields = built(tmp_path / "rows.parquet", label="kind").manifest.fields
    assert fields["kind"].names == ("p", "q")
    assert {name: each.kind for name, each in fields.items()} == {
        "x": "number",
        "label": "text",
        "kind": "class",
        "pair": "number",
        "raw": "bytes",
    }


def test_columns_that_are_no_fields_are_left_out_and_named_by_type(tmp_path: Path) -> None:
    day, struct = [datetime.date(2020, 1, 1)] * ROWS, [{"a": 1, "b": {"c": "x"}}] * ROWS
    result = of_columns(tmp_path, {**{f"day-{n}": day for n in range(7)}, "s": struct, "__index_level_0__": day})
    assert set(result.manifest.fields) == {"x", "label"}
    assert (
        "the columns day-0, day-1, day-2, day-3, day-4 and 2 more are left out: date32[day] is no type of a field"
        in result.notes
    )
    assert "the column s is left out: struct<a: int64, b: struct<c: string>> is no type of a field" in result.notes
    assert any("'__index_level_0__' is left out: an index of pandas" in note for note in result.notes)


def test_a_wide_table_is_said_in_a_few_words(tmp_path: Path) -> None:
    pa.parquet.write_table(pa.table({f"c{n}": np.arange(4.0) for n in range(300)}), tmp_path / "rows.parquet")
    result = built(tmp_path / "rows.parquet")
    assert result.notes[-1].startswith("fields: c0 is number (float64), ")
    assert result.notes[-1].endswith(" and 288 more")
    found = open_dataset(result.dataset).examples("train").arrays()
    assert all(np.array_equal(found[f"c{n}"], found["c0"]) for n in range(300))


@pytest.mark.parametrize(
    ("want", "further", "options"),
    [
        ("column t: 1 rows have NaN or infinity, the first of them row 2; expected numbers", "nan", {"target": "t"}),
        ("column t: 1 rows lack a value, the first of them row 2", "null", {"target": "t"}),
        ("--target t: string; allowed: numbers, and lists of them", "text", {"target": "t"}),
        ("column t: the class 'a.n'; expected names that can be printed", "newline", {"label": "t"}),
        ("column t: struct<.*>; expected a text, a number or a truth value", "struct", {"group_by": "t"}),
        ("column t: 'a'; allowed: train, test, validation", "text", {"split_column": "t"}),
        ("column t: 0.5; allowed: train, test, validation", "half", {"split_column": "t"}),
    ],
)
def test_a_column_at_fault_is_named_with_its_row(
    tmp_path: Path, want: str, further: str, options: dict[str, str]
) -> None:
    values: dict[str, Any] = {
        "nan": [0.0, 1.0, float("nan")] + [1.0] * (ROWS - 3),
        "null": pa.array([0.0, 1.0, None] + [1.0] * (ROWS - 3)),
        "text": ["a"] * ROWS,
        "newline": ["a\n", "b"] * (ROWS // 2),
        "struct": [{"a": 1}] * ROWS,
        "half": [0.5] * ROWS,
    }
    with pytest.raises(InvalidSource, match=f"rows.parquet: {want}"):
        of_columns(tmp_path, {"t": values[further]}, **options)


def test_numbers_that_are_none_are_kept_and_counted(tmp_path: Path) -> None:
    result = of_columns(tmp_path, {"t": [float("nan"), float("inf")] + [1.0] * (ROWS - 2)})
    assert "columns with NaN or infinity: t (2 rows)" in result.notes


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1.0] * ROWS)] * 2, ["x", "x"])
    pa.parquet.write_table(table, tmp_path / "rows.parquet")
    with pytest.raises(InvalidSource, match="several columns of one name: x; expected each name once"):
        built(tmp_path / "rows.parquet")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("rows.csv", CSV.encode("utf-8-sig")),
        ("rows.csv", CSV.encode("utf-16")),
        ("rows.csv", CSV.replace("\n", "\r\n").encode()),
        ("rows.csv", (CSV + "\n\n").encode()),
        ("rows.csv", ("," + CSV.replace("\n", "\n7,")).removesuffix("7,").encode()),
        ("rows.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        ("rows.TSV", CSV.replace(",", "\t").encode()),
        ("rows.jsonl", lines().encode("utf-8-sig")),
        ("rows.jsonl.gz", gzip.compress(lines({"x": 2.5, "label": "a"}).encode(), mtime=0)),
        ("rows.ndjson", (lines() + "\n\n").encode()),
    ],
)
def test_texts_of_other_encodings_and_packings_are_read(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    fields = built(tmp_path / name).manifest.fields
    assert {each: field.kind for each, field in fields.items()} == {"x": "number", "label": "class"}


@pytest.mark.parametrize(
    ("name", "text", "want"),
    [
        ("rows.csv", CSV.replace(",", ";"), "one column, 'x;label': its values are separated by semicolons; allowed"),
        ("rows.csv", CSV + "3\n", "CSV parse error: Row #22: Expected 2 columns, got 1: 3"),
        ("rows.csv", CSV + "NA,a\n", "column x: 1 rows lack a value, the first of them row 20"),
        ("rows.csv", "x,label\n", "no rows"),
        ("rows.csv.gz", CSV, "can't be read as a table: zlib inflate failed"),
        ("rows.jsonl", lines({"x": "q", "label": "a"}), r"Column\(/x\) changed from number to string in line 21"),
        ("rows.jsonl", lines({"label": "a"}), "column x: 1 rows lack a value, the first of them row 20"),
        ("rows.jsonl", lines({**OBJECTS[0], "z": 1}), "column z: 20 rows lack a value, the first of them row 0"),
        ("rows.jsonl", lines() + '{"x": 1', "Missing a comma or '}' after an object member. in line 21"),
        ("rows.jsonl", json.dumps(OBJECTS, indent=1), "objects, one to a line: .* changed from object to array"),
        ("rows.jsonl", "", "no rows"),
    ],
)
def test_texts_that_are_no_table_are_refused_with_the_row(tmp_path: Path, name: str, text: str, want: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidSource, match=f"{name}: .*{want}|{name}: {want}"):
        built(tmp_path / name)


def test_a_text_that_is_not_of_utf_8_is_refused_wherever_it_is(tmp_path: Path) -> None:
    for text in (CSV + "3,é\n", "x,label\n3,é\n" + CSV.removeprefix("x,label\n")):
        (tmp_path / "rows.csv").write_bytes(text.encode("latin-1"))
        with pytest.raises(InvalidSource, match="column label: texts that are not of UTF-8; expected UTF-8 or UTF-16"):
            built(tmp_path / "rows.csv")


def test_types_of_a_text_are_those_of_all_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay_trainer.shards.tables.csv_files.READ_BYTES", 64)
    monkeypatch.setattr("assay_trainer.shards.tables.json_lines.READ_BYTES", 64)
    (tmp_path / "rows.csv").write_text("later,text,label\n" + "1,1,a\n" * 20 + "2.5,q,b\n" * 20)
    result = built(tmp_path / "rows.csv")
    found = {name: (each.kind, each.type) for name, each in result.manifest.fields.items()}
    assert found == {"later": ("number", "float64"), "text": ("text", None), "label": ("class", "int64")}
    assert "text, though numbers are among it: the column text ('q' in row 22 is no int64)" in result.notes
    late = [{**each, "list": []} for each in OBJECTS] + [{"x": 2.5, "label": "b", "list": [0.5]}] * ROWS
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(each) + "\n" for each in late))
    (tmp_path / "shards").rename(tmp_path / "before")
    fields = built(tmp_path / "rows.jsonl").manifest.fields
    assert (fields["x"].type, fields["list"].type, fields["list"].shape) == ("float64", "float64", None)
    mixed = [*late, {"x": "q", "label": "b", "list": [0.5]}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(each) + "\n" for each in mixed))
    with pytest.raises(InvalidSource, match=r"column x has incompatible types: .* vs string; expected one type"):
        built(tmp_path / "rows.jsonl")


def test_files_of_a_folder_may_differ_in_the_order_and_the_width_of_columns(tmp_path: Path) -> None:
    whole = {"label": ["a", "b"] * (ROWS // 2), "x": np.arange(ROWS)}
    result = of_files(tmp_path, {"a.parquet": columns(), "b.parquet": whole, "_SUCCESS": "", ".a.parquet.crc": "x"})
    assert result.manifest.fields["x"].type == "float64"
    assert result.manifest.train.examples + result.manifest.held_out.examples == 2 * ROWS


def test_folders_named_by_a_value_are_columns(tmp_path: Path) -> None:
    files = {f"part={part}/year={year}/a.parquet": columns() for part in ("train", "test") for year in (2020, 2021)}
    result = of_files(tmp_path, files, split_column="part")
    assert (result.manifest.train.examples, result.manifest.held_out.examples) == (2 * ROWS, 2 * ROWS)
    found = open_dataset(result.dataset).examples("train").arrays()
    assert np.bincount(found["year"].astype(int) - 2020).tolist() == [ROWS, ROWS]


def test_parts_that_are_not_used_are_named(tmp_path: Path) -> None:
    result = of_files(tmp_path, {f"{part}.parquet": columns() for part in ("train", "test", "validation")})
    assert (result.manifest.train.examples, result.manifest.held_out.examples) == (ROWS, ROWS)
    assert "not used, since other files are named as the training part: validation.parquet" in result.notes


@pytest.mark.parametrize(
    ("files", "want"),
    [
        (
            {"a.parquet": columns(), "b.parquet": columns(x=["s"] * ROWS)},
            "b.parquet: column x has incompatible types: double vs string; expected one type",
        ),
        (
            {"a.parquet": columns(z=[1] * ROWS), "b.parquet": columns()},
            "b.parquet lacks columns that a.parquet has: z",
        ),
        (
            {"train.parquet": columns(), "test.parquet": {"x": [1.0] * ROWS}},
            "test.parquet lacks columns that train.parquet has: label",
        ),
        ({"year=2020/a.parquet": columns(), "a.parquet": columns()}, "is in folders of year; others: none"),
        ({"x=2020/a.parquet": columns()}, "column x: in the files and in the names of their folders"),
        (
            {
                "train.parquet": columns(),
                "test.parquet": {"x": pa.array([], pa.float64()), "label": pa.array([], "str")},
            },
            "nothing is held out",
        ),
    ],
)
def test_files_that_do_not_go_together_are_named(tmp_path: Path, files: dict[str, Any], want: str) -> None:
    with pytest.raises(InvalidSource, match=want):
        of_files(tmp_path, files)


@pytest.mark.parametrize("name", ["label", " label", "Class"])
def test_a_column_that_is_named_as_a_class_and_is_none_is_named(tmp_path: Path, name: str) -> None:
    pa.parquet.write_table(pa.table({"x": [1.5] * ROWS, name: [0.0, 1.0] * (ROWS // 2)}), tmp_path / "rows.parquet")
    found = built(tmp_path / "rows.parquet")
    assert [note for note in found.notes if f"the column {name!r}" in note]


def test_a_folder_of_tables_in_text_is_a_table_with_the_split_that_their_names_say(tmp_path: Path) -> None:
    found = of_files(tmp_path, {"train.csv": CSV, "test.csv": "x,label\n1.5,a\n2,b\n"}).manifest
    assert (found.train.examples, found.held_out.examples) == (ROWS, 2)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ('{"a": ' + "[" * 200_000 + "]" * 200_000 + "}\n", "more than 200 levels"),
        (
            "".join(json.dumps({f"k{row}_{key}": 1 for key in range(50)}) + "\n" for row in range(500)),
            "25,000 different keys",
        ),
    ],
    ids=["deep", "many keys"],
)
def test_json_that_arrow_would_die_of_is_refused(tmp_path: Path, text: str, want: str) -> None:
    with pytest.raises(InvalidSource, match=want):
        of_files(tmp_path, {"rows.jsonl": text})


def test_brackets_in_texts_are_no_levels_and_a_wide_table_is_read(tmp_path: Path) -> None:
    wide = {f"c{number}": 1 for number in range(1500)}
    rows = "".join(json.dumps({**wide, "said": "[{" * 300, "label": "ab"[row % 2]}) + "\n" for row in range(ROWS))
    found = of_files(tmp_path, {"rows.jsonl": rows}).manifest
    assert len(found.fields) == 1502
