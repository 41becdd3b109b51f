from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from assay_trainer.contract import DataField
from assay_trainer.shards.tables.ordered import OrderedRows
from assay_trainer.shards.tables.rows import MappedRows, write_rows
from assay_trainer.shards.tables.values import Stored

ROWS = 500
STORED = {
    "number": Stored(DataField(kind="number", type="int32")),
    "pair": Stored(DataField(kind="number", type="float64", shape=(2,))),
    "yes": Stored(DataField(kind="number", type="bool")),
    "text": Stored(DataField(kind="text", shape=())),
    "tokens": Stored(DataField(kind="tokens", type="uint16", shape=None)),
    "label": Stored(DataField(kind="class", type="int64", names=("0", "1", "2"))),
}


def some_rows(folder: Path, *, batch: int = 37) -> MappedRows:
    table = pa.table(
        {
            "number": pa.array(range(ROWS), pa.int32()),
            "unused": ["x"] * ROWS,
            "pair": pa.array([[place, -place] for place in range(ROWS)], pa.list_(pa.float64())),
            "yes": [place % 3 == 0 for place in range(ROWS)],
            "text": [f"row {place}" * (place % 5) for place in range(ROWS)],
            "tokens": pa.array([[place] * (place % 4) for place in range(ROWS)], pa.list_(pa.uint16())),
            "label": [str(place % 3) for place in range(ROWS)],
        }
    )
    with pa.ipc.new_stream(str(folder / "rows.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=batch)
    rows = MappedRows(table.schema)
    assert rows.add(folder / "rows.arrow") == ROWS
    return rows


def assert_are_of(values: dict[str, np.ndarray], want: np.ndarray) -> None:
    assert values["number"].dtype == np.int32
    assert values["number"].tolist() == want.tolist()
    assert values["pair"].tolist() == [[place, -place] for place in want.tolist()]
    assert values["yes"].tolist() == (want % 3 == 0).astype(int).tolist()
    assert values["text"].tolist() == [f"row {place}" * (place % 5) for place in want.tolist()]
    assert [list(each) for each in values["tokens"].tolist()] == [[place] * (place % 4) for place in want.tolist()]
    assert values["label"].tolist() == (want % 3).tolist()


@pytest.mark.parametrize("bucket_bytes", [1, 300, 5_000, 1 << 30])
@pytest.mark.parametrize("count", [1, 123, ROWS])
def test_rows_come_in_any_order_whatever_the_size_of_buckets(tmp_path: Path, bucket_bytes: int, count: int) -> None:
    rows = some_rows(tmp_path)
    order = np.random.default_rng(count).permutation(ROWS)[:count]
    with OrderedRows(rows, STORED, order, 60.0, bucket_bytes) as ordered:
        for first in range(0, count, 50):
            assert_are_of(ordered.values(order[first : first + 50]), order[first : first + 50])
        mixed = np.random.default_rng(0).permutation(order)
        assert_are_of(ordered.values(mixed), mixed)


def test_memory_that_is_held_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    kind = pa.schema([pa.field("number", pa.int64())])
    peaks = []
    for count in (300_000, 1_200_000):
        values = pa.array(np.arange(count))
        write_rows(tmp_path / f"{count}", kind, [pa.record_batch([values], schema=kind)])
        del values
        rows = MappedRows(kind)
        rows.add(tmp_path / f"{count}")
        order = np.random.default_rng(0).permutation(count)
        pool = pa.default_memory_pool()
        before, most = pool.bytes_allocated(), 0
        stored = {"number": Stored(DataField(kind="number", type="int64"))}
        with OrderedRows(rows, stored, order, 8.0, 1 << 20) as ordered:
            for first in range(0, count, 100_000):
                ordered.values(order[first : first + 512])
                most = max(most, pool.bytes_allocated() - before)
        peaks.append(most)
    assert peaks[1] < 1.2 * peaks[0] + (1 << 16)
