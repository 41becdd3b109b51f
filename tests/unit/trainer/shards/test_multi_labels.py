from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from assay_trainer.contract import ExamplesManifest
from assay_trainer.data import open_dataset
from assay_trainer.shards import InvalidSource, TableOptions, build_shards, inspect_dataset, verify_dataset
from assay_trainer.shards.build import BuiltDataset

ROWS = 40
GENRES = [["drama", "war"], ["comedy"], [], ["war"]] * (ROWS // 4)


def built(source: Path, **options: Any) -> BuiltDataset:
    return build_shards(source, str(source.parent / "shards"), name="films", table=TableOptions(**options))


def written(folder: Path, kind: str) -> tuple[Path, dict[str, str], tuple[str, ...]]:
    """A table of one kind whose column `genres` has GENRES, the options that it needs, and the names that it gives."""
    names, number = ("comedy", "drama", "war"), np.arange(ROWS)
    coded = [[names.index(each) for each in row] for row in GENRES]
    if kind == "csv":
        lines = [f"{place},{' | '.join(row)}" for place, row in enumerate(GENRES)]
        (folder / "rows.csv").write_text("number,genres\n" + "\n".join(lines))
        return folder / "rows.csv", {"labels": "genres", "labels_separator": "|"}, names
    if kind == "texts":
        pa.parquet.write_table(pa.table({"number": number, "genres": GENRES}), folder / "rows.parquet")
        return folder / "rows.parquet", {"labels": "genres"}, names
    if kind == "numbers":
        pa.parquet.write_table(pa.table({"number": number, "genres": coded}), folder / "rows.parquet")
        return folder / "rows.parquet", {"labels": "genres"}, ("0", "1", "2")
    saved = folder / "saved"
    saved.mkdir()
    table = pa.table({"number": number, "genres": pa.array(coded, pa.list_(pa.int64()))})
    with pa.ipc.new_stream(str(saved / "data.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    inner = {"names": list(names), "_type": "ClassLabel"}
    features = {"genres": [inner] if kind == "a list of Hugging Face" else {"feature": inner, "_type": "Sequence"}}
    (saved / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data.arrow"}]}))
    (saved / "dataset_info.json").write_text(json.dumps({"features": features}))
    return saved, {}, names


@pytest.mark.parametrize("kind", ["csv", "texts", "numbers", "Hugging Face", "a list of Hugging Face"])
def test_labels_in_lists_are_read_as_a_row_of_zeros_and_ones(tmp_path: Path, kind: str) -> None:
    source, options, want_names = written(tmp_path, kind)
    result = built(source, **options)
    field = result.manifest.fields["genres"]
    assert (field.kind, field.type, field.shape, field.names) == ("multi-label", "uint8", (3,), want_names)
    want = np.array([[int(name in row) for name in ("comedy", "drama", "war")] for row in GENRES])
    opened = open_dataset(result.dataset)
    seen = []
    for split in ("train", "held_out"):
        examples = opened.examples(split)
        arrays = examples.arrays()
        assert np.array_equal(arrays["genres"], want[arrays["number"].astype(int)])
        assert np.array_equal(examples.torch()[3]["genres"], arrays["genres"][3])
        batch = next(examples.batches(5, seed=1))
        assert np.array_equal(batch["genres"], want[batch["number"].astype(int)])
        assert isinstance(result.manifest, ExamplesManifest)
        assert result.manifest.splits[split].class_counts == {"genres": tuple(arrays["genres"].sum(0).tolist())}
        seen += arrays["number"].tolist()
    assert sorted(seen) == list(range(ROWS))
    verify_dataset(inspect_dataset(result.dataset.manifest))


def test_a_manifest_that_counts_labels_wrongly_is_found_out(tmp_path: Path) -> None:
    source, options, _ = written(tmp_path, "texts")
    file = Path(built(source, **options).dataset.manifest.removeprefix("file://"))
    text = file.read_text()
    changed = re.sub(
        r'("class_counts":\{"genres":\[)(\d+)', lambda match: f"{match[1]}{int(match[2]) + 1}", text, count=1
    )
    assert changed != text
    file.write_text(changed)
    with pytest.raises(Exception, match="split, field genres: it says"):
        verify_dataset(inspect_dataset(file.as_uri()))


def test_labels_that_cannot_be_told_apart_are_refused_with_what_to_say(tmp_path: Path) -> None:
    source = tmp_path / "rows.parquet"
    columns = {
        "number": np.arange(4.0),
        "text": ["a;b", "b", "", "a"],
        "gap": pa.array([["a", None], ["b"], [], ["a"]]),
        "none": pa.array([["a"], None, [], ["b"]]),
        "one": pa.array([["a"], ["a"], [], []]),
        "fractions": pa.array([[0.5]] * 4),
    }
    for want, name, options in (
        ("--labels text: texts; --labels-separator has to say", "text", {}),
        ("--labels-separator: the column one has lists", "one", {"labels_separator": ";"}),
        ("--labels-separator is empty", "text", {"labels_separator": ""}),
        ("column gap: 1 labels are missing in lists", "gap", {}),
        ("column none: 1 rows lack a value, the first of them row 1", "none", {}),
        ("column one: 1 labels; expected two or more", "one", {}),
        ("column text: 0 labels; expected two or more", "text", {"labels_separator": "ab"}),
        ("--labels fractions: list<.*>; allowed: lists of texts or whole numbers", "fractions", {}),
        ("--labels number: double; allowed", "number", {}),
        ("--labels txt: no such column; .* did you mean 'text'", "txt", {}),
        ("--labels text: another option has this column", "text", {"label": "text"}),
    ):
        kept = {each: columns[each] for each in ("number", name) if each in columns}
        table = {**kept, **({"text": ["", "", "", ""]} if "0 labels" in want else {})}
        table.setdefault("text", columns["text"])
        pa.parquet.write_table(pa.table(table), source)
        with pytest.raises(InvalidSource, match=want):
            built(source, labels=name, **options)
    with pytest.raises(InvalidSource, match="--labels-separator is of the column that --labels names"):
        built(source, labels_separator=";")


def test_a_column_of_texts_in_lists_says_how_it_is_kept(tmp_path: Path) -> None:
    source, _, _ = written(tmp_path, "texts")
    assert any("--labels genres makes it a multi-label" in note for note in built(source).notes)
