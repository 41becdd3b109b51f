from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pyarrow as pa
import pytest

from assay_trainer.contract import FIELDS_GROUP, DataField
from assay_trainer.shards import InvalidDataset
from assay_trainer.shards.format import BlockFile, array_of, column_of, group_schema, groups_of, read_block
from assay_trainer.shards.format.index import index_of, read_index, write_index

FIELDS = {
    "image": DataField(kind="image", type="uint8", shape=None, channels=3, sizes=(4, 2), encoding="uint8"),
    "label": DataField(kind="class", type="int64", names=("a", "b")),
    "price": DataField(kind="number", type="float32"),
    "matrix": DataField(kind="number", type="float32", shape=(2, 3)),
    "tokens": DataField(kind="tokens", type="uint16", shape=None),
    "raw": DataField(kind="bytes"),
    "said": DataField(kind="text"),
}
VALUES: dict[str, Any] = {
    "label": np.array([0, 1, 1]),
    "price": np.array([0.5, 1.5, np.inf], np.float32),
    "matrix": np.arange(18, dtype=np.float32).reshape(3, 2, 3),
    "tokens": [[1, 2], [], [3]],
    "raw": [b"", b"\0\xff", b"x" * 100],
    "said": ["", "ä", "two"],
}


def block() -> pa.RecordBatch:
    schema = group_schema(FIELDS, FIELDS_GROUP)
    return pa.record_batch([column_of(VALUES[each.name], each.type) for each in schema], schema=schema)


def test_images_have_a_group_for_each_size_and_all_else_is_one() -> None:
    assert groups_of(FIELDS) == ("image-4", "image-2", "fields")
    assert group_schema(FIELDS, "image-2").field("image").type.shape == [2, 2, 3]
    with pytest.raises(InvalidDataset, match="group image-3: not in the data set; expected image-4, image-2, fields"):
        group_schema(FIELDS, "image-3")


def test_a_block_is_read_from_its_range_of_bytes_alone_and_its_numbers_are_views_of_them(tmp_path: Path) -> None:
    file = BlockFile(group_schema(FIELDS, FIELDS_GROUP))
    places = [file.add(block())[0] for _ in range(3)]
    data = bytes(file.finish())
    where = places[1]
    found = read_block(data[where.offset : where.offset + where.length], group_schema(FIELDS, FIELDS_GROUP), 3)
    for name, want in VALUES.items():
        assert [np.asarray(each).tolist() for each in array_of(found.column(name))] == [
            np.asarray(each).tolist() for each in want
        ]
    mapped = np.frombuffer(data, np.uint8)[where.offset : where.offset + where.length]
    views = read_block(pa.py_buffer(mapped), group_schema(FIELDS, FIELDS_GROUP), 3)
    for name in ("label", "price", "matrix"):
        assert np.shares_memory(array_of(views.column(name)), mapped), name
    (tmp_path / "x.arrow").write_bytes(data)
    assert polars.read_ipc(tmp_path / "x.arrow")["label"].to_list() == [0, 1, 1] * 3
    assert pa.ipc.open_file(tmp_path / "x.arrow").num_record_batches == 3


def test_a_block_of_any_other_bytes_is_refused_and_never_a_crash() -> None:
    schema = group_schema(FIELDS, FIELDS_GROUP)
    whole = bytes(block().serialize())
    random = np.random.default_rng(0)
    read = 0
    for _ in range(500):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[random.integers(0, len(whole), 3)] = random.integers(0, 256, 3)
        try:
            found = read_block(damaged[: random.integers(1, len(whole) + 1)].tobytes(), schema, 3)
        except InvalidDataset:
            continue
        read += 1
        for column in found.columns:
            array_of(column)
    assert read < 250
    with pytest.raises(InvalidDataset, match="a block has 3 examples; expected 4"):
        read_block(whole, schema, 4)


def test_an_index_comes_back_as_it_was_and_a_damaged_one_is_refused() -> None:
    sha = hashlib.sha256(b"").digest()
    index = index_of([("train/fields/00000-a.arrow", 8, 100, 3, sha), ("train/fields/00001-b.arrow", 8, 90, 2, sha)])
    data = write_index(index)
    found = read_index(data, 5)
    assert (found.files, found.first.tolist(), found.length.tolist()) == (index.files, [0, 3], [100, 90])
    with pytest.raises(InvalidDataset, match="an index of blocks has 5 examples; expected 6"):
        read_index(data, 6)
    for blocks, want in (
        ([("../x", 8, 100, 3, sha)], "no object names"),
        ([("x", -8, 100, 3, sha)], "places that can't be"),
        ([("x", 8, 100, 0, sha)], "places that can't be"),
    ):
        with pytest.raises(InvalidDataset, match=want):
            read_index(write_index(index_of(blocks)), 3)
    for cut in range(0, len(data), 7):
        with pytest.raises(InvalidDataset):
            read_index(data[:cut], 5)
