from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from assay_trainer.contract import FIELDS_GROUP, ExamplesManifest
from assay_trainer.data import open_dataset
from assay_trainer.shards import InvalidSource, TableOptions, build_shards
from assay_trainer.shards.build import BuiltDataset
from assay_trainer.shards.format import array_of, group_schema, read_block, read_index

ROWS = 120


def a_table(**further: Any) -> pa.Table:
    random = np.random.default_rng(0)
    return pa.table(
        {
            "price": random.normal(size=ROWS),
            "label": [("cat", "dog", "emu")[place % 3] for place in range(ROWS)],
            "patient": [f"p{place // 10}" for place in range(ROWS)],
            **further,
        }
    )


def built(source: Path, **options: Any) -> BuiltDataset:
    table = TableOptions(**{each: options.pop(each) for each in tuple(options) if each in TableOptions.__annotations__})
    return build_shards(source, str(source.parent / "shards"), name="rows", table=table, **options)


def values(of: BuiltDataset, split: str, name: str) -> np.ndarray:
    """A field as it lies in the files, read block by block."""
    manifest = of.manifest
    assert isinstance(manifest, ExamplesManifest)
    folder = Path(of.dataset.manifest.removeprefix("file://")).parent
    part = manifest.splits[split]
    index = read_index((folder / part.files[FIELDS_GROUP].index).read_bytes(), part.examples)
    found = []
    for place in range(len(index)):
        data = (folder / index.files[index.file[place]]).read_bytes()
        message = data[index.offset[place] : index.offset[place] + index.length[place]]
        block = read_block(message, group_schema(manifest.fields, FIELDS_GROUP), int(index.examples[place]))
        found.append(array_of(block.column(name)))
    return np.concatenate(found)


@pytest.mark.parametrize("kind", ["parquet", "csv", "tsv", "jsonl"])
def test_every_kind_of_table_gives_the_same_examples(tmp_path: Path, kind: str) -> None:
    table, source = a_table(), tmp_path / f"rows.{kind}"
    if kind == "parquet":
        pa.parquet.write_table(table, source, row_group_size=50)
    elif kind == "jsonl":
        source.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    else:
        options = pa.csv.WriteOptions(delimiter="\t" if kind == "tsv" else ",")
        pa.csv.write_csv(table, source, options)
    result = built(source)
    assert {name: field.kind for name, field in result.manifest.fields.items()} == {
        "price": "number",
        "label": "class",
        "patient": "text",
    }
    assert result.manifest.classes == ("cat", "dog", "emu")
    assert result.manifest.held_out.class_counts == {"label": (8, 8, 8)}
    rows = {
        (*row,)
        for split in ("train", "held_out")
        for row in zip(*(values(result, split, name).tolist() for name in ("price", "label", "patient")), strict=True)
    }
    assert rows == {
        (row["price"], ("cat", "dog", "emu").index(row["label"]), row["patient"]) for row in table.to_pylist()
    }
    train = values(result, "train", "label")
    assert all(len(set(train[first : first + 3].tolist())) == 3 for first in range(len(train) - 2)), "interleaved"


def test_columns_become_the_fields_that_they_look_like(tmp_path: Path) -> None:
    table = a_table(
        vector=pa.array([[0.5, 1.0]] * ROWS, pa.list_(pa.float32())),
        matrix=pa.array([[[1, 2], [3, 4]]] * ROWS, pa.list_(pa.list_(pa.int16()))),
        tokens=pa.array([[1] * (place % 4) for place in range(ROWS)], pa.list_(pa.int32())),
        raw=pa.array([b"\0"] * ROWS, pa.binary()),
        yes=[True, False] * (ROWS // 2),
        when=pa.array([0] * ROWS, pa.timestamp("s")),
    )
    pa.parquet.write_table(table, tmp_path / "rows.parquet")
    result = built(tmp_path / "rows.parquet")
    fields = result.manifest.fields
    assert {name: (each.kind, each.type, each.shape) for name, each in fields.items() if name != "label"} == {
        "price": ("number", "float64", ()),
        "patient": ("text", None, ()),
        "vector": ("number", "float32", (2,)),
        "matrix": ("number", "int16", (2, 2)),
        "tokens": ("tokens", "int32", None),
        "raw": ("bytes", None, ()),
        "yes": ("number", "bool", ()),
    }
    assert values(result, "train", "matrix").shape == (96, 2, 2)
    assert "the column when is left out" in " ".join(result.notes)


def test_a_target_is_a_number_and_needs_no_classes(tmp_path: Path) -> None:
    pa.parquet.write_table(pa.table({"x": np.arange(50.0), "y": np.arange(50)}), tmp_path / "rows.parquet")
    result = built(tmp_path / "rows.parquet", target="y", held_out_percent=10)
    assert result.manifest.fields["y"].kind == "number"
    assert (result.manifest.train.examples, result.manifest.held_out.examples) == (45, 5)
    assert result.manifest.train.class_counts == {}


def test_groups_stay_together_and_a_column_may_say_the_split(tmp_path: Path) -> None:
    table = a_table(part=["test" if place // 10 in (3, 7) else "train" for place in range(ROWS)])
    pa.parquet.write_table(table, tmp_path / "rows.parquet")
    by_group = built(tmp_path / "rows.parquet", group_by="patient", held_out_percent=20)
    assert "patient" not in by_group.manifest.fields
    assert by_group.manifest.held_out.examples in (20, 30)
    (tmp_path / "shards").rename(tmp_path / "before")
    by_column = built(tmp_path / "rows.parquet", split_column="part")
    assert set(values(by_column, "held_out", "patient").tolist()) == {"p3", "p7"}
    mixed = a_table(part=["test" if place % 2 else "train" for place in range(ROWS)])
    pa.parquet.write_table(mixed, tmp_path / "rows.parquet")
    with pytest.raises(InvalidSource, match="12 groups are in both parts of the source's own split"):
        built(tmp_path / "rows.parquet", split_column="part", group_by="patient")


def hugging_face(folder: Path, table: pa.Table, features: dict[str, Any]) -> None:
    folder.mkdir(parents=True)
    with pa.ipc.new_stream(str(folder / "data-00000-of-00001.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))


def test_a_data_set_of_hugging_face_keeps_its_split_and_the_names_of_its_classes(tmp_path: Path) -> None:
    features = {"label": {"names": ["zebra", "ape"], "_type": "ClassLabel"}, "text": {"_type": "Value"}}
    for name, rows in (("train", 30), ("test", 10), ("validation", 10)):
        table = pa.table({"text": [f"{name} {row}" for row in range(rows)], "label": [row % 2 for row in range(rows)]})
        hugging_face(tmp_path / "saved" / name, table, features)
    (tmp_path / "saved" / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test", "validation"]}))
    result = built(tmp_path / "saved")
    assert result.manifest.classes == ("zebra", "ape")
    assert set(values(result, "held_out", "text").tolist()) == {f"test {row}" for row in range(10)}
    label_of = dict(
        zip(values(result, "train", "text").tolist(), values(result, "train", "label").tolist(), strict=True)
    )
    assert label_of["train 3"] == 1
    assert "the split validation is not used" in result.notes


def test_what_cannot_be_a_field_is_refused_with_its_column(tmp_path: Path) -> None:
    source = tmp_path / "rows.parquet"

    def refused(want: str, table: pa.Table, **options: Any) -> None:
        pa.parquet.write_table(table, source)
        with pytest.raises(InvalidSource, match=want):
            built(source, **options)
        assert not (tmp_path / "shards").exists()

    gaps = pa.array([None if place % 50 == 0 else 1.0 for place in range(ROWS)])
    refused("column gaps: 3 rows lack a value", a_table(gaps=gaps))
    refused("column gaps: lists with missing values", a_table(gaps=pa.array([[1.0, None]] * ROWS)))
    refused("column ragged: lists of unequal lengths in lists", a_table(ragged=[[[1], [2, 3]]] * ROWS))
    refused("column price: double as a class; allowed: whole numbers", a_table(), label="price")
    refused("--label lable: no such column; allowed: .*; did you mean 'label'", a_table(), label="lable")
    refused("--group-by nowhere: no such column", a_table(), group_by="nowhere")
    refused("column patient: 'p0'; allowed: train, test", a_table(), split_column="patient")
    refused("column label: 1 classes", a_table().set_column(1, "label", pa.array(["one"] * ROWS)))
    refused("no rows", a_table().slice(0, 0))
    for kind, content in (("parquet", b"PAR1"), ("csv", b""), ("jsonl", b"{"), ("csv", b"a,b\n1,2\n3\n")):
        bad = tmp_path / f"bad.{kind}"
        bad.write_bytes(content)
        with pytest.raises(InvalidSource, match=f"bad.{kind}: can't be read as a table"):
            built(bad)


def test_the_same_rows_give_the_same_content_however_they_lie(tmp_path: Path) -> None:
    for name, size in (("a", 10), ("b", 120)):
        (tmp_path / name).mkdir()
        pa.parquet.write_table(a_table(), tmp_path / name / "rows.parquet", row_group_size=size)
    first, second = (built(tmp_path / name / "rows.parquet") for name in ("a", "b"))
    assert first.dataset.content == second.dataset.content
    pa.parquet.write_table(a_table(more=[1] * ROWS), tmp_path / "c.parquet")
    assert built(tmp_path / "c.parquet").dataset.content != first.dataset.content


def image_bytes(number: int, side: int = 6) -> bytes:
    file = io.BytesIO()
    pixels = np.full((side, 8, 3), number, np.uint8)
    PIL.Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("kind", ["bytes", "hugging face", "parquet of hugging face"])
def test_images_in_the_cells_of_a_table_are_decoded_as_files_are(tmp_path: Path, kind: str) -> None:
    files = [image_bytes(number) for number in range(20)]
    cells = pa.array(files) if kind == "bytes" else pa.array([{"bytes": each, "path": "a.png"} for each in files])
    table = pa.table({"picture": cells, "label": [number % 2 for number in range(20)], "number": np.arange(20)})
    source = tmp_path / ("saved" if kind == "hugging face" else "rows.parquet")
    if kind == "hugging face":
        hugging_face(source, table, {"picture": {"_type": "Image"}})
    else:
        pa.parquet.write_table(table, source, row_group_size=7)
    result = built(source, sizes=(4, 2))
    field = result.manifest.fields["picture"]
    assert (field.kind, field.sizes, field.channels) == ("image", (4, 2), 3)
    opened = open_dataset(result.dataset)
    found = opened.examples("train", 2).arrays()
    assert found["picture"].shape == (16, 2, 2, 3)
    assert np.array_equal(found["picture"][:, 0, 0, 0], found["number"])
    assert np.array_equal(opened.train(4)[1], found["number"] % 2)
    assert result.manifest.train.channel_sums == (int(found["number"].sum()) * 16,) * 3
    assert any(note.startswith("fields: picture is an image, label is a class of 2") for note in result.notes)


def test_cells_that_are_no_images_are_named_together_or_skipped(tmp_path: Path) -> None:
    files = [image_bytes(number) for number in range(20)]
    files[17], files[19] = b"", b"GIF8 no more"
    cells = pa.array([{"bytes": each or None, "path": "/etc/passwd"} for each in files])
    pa.parquet.write_table(pa.table({"image": cells, "label": [0, 1] * 10}), tmp_path / "rows.parquet")
    with pytest.raises(
        InvalidSource, match=r"2 of 20 images can't be used:\n  image, row 17: .* it is empty\n  image, r"
    ):
        built(tmp_path / "rows.parquet", sizes=(4,))
    result = built(tmp_path / "rows.parquet", sizes=(4,), skip_unreadable=True)
    assert result.manifest.train.examples + result.manifest.held_out.examples == 18
    assert [(each.kind, each.count) for each in result.left_out] == [("images that can't be used", 2)]
    with pytest.raises(InvalidSource, match="expected squares: give a size to scale them to"):
        built(tmp_path / "rows.parquet", skip_unreadable=True)
