"""Sources of data sets of a wanted size, for `shards.py`: tables, arrays, tar archives and MNIST's files."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

SIDE = 32
_ROWS = 4096


def rows(size: int) -> Iterator[pa.RecordBatch]:
    """Yield rows of about `size` bytes in all: a class, a number, 16 float32 and a text of 1 000 characters."""
    random = np.random.default_rng(0)
    row_bytes = 8 + 8 + 64 + 1000
    letters = bytes(random.integers(97, 123, 1 << 20, np.uint8)).decode()
    for first in range(0, max(1, size // row_bytes), _ROWS):
        vectors = random.random((_ROWS, 16), np.float32)
        starts = random.integers(0, len(letters) - 1000, _ROWS).tolist()
        yield pa.record_batch(
            {
                "label": pa.array(random.integers(0, 10, _ROWS)),
                "number": pa.array(np.arange(first, first + _ROWS) + 0.5),
                "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), 16),
                "text": pa.array([letters[start : start + 1000] for start in starts]),
            }
        )


def parquet(folder: Path, size: int) -> Path:
    """Write one group of rows: the worst case of a reader."""
    pa.parquet.write_table(pa.Table.from_batches(rows(size)), folder / "rows.parquet", row_group_size=1 << 30)
    return folder / "rows.parquet"


def narrow(folder: Path, size: int) -> Path:
    """Write rows of 8 bytes each."""
    pa.parquet.write_table(pa.table({"number": np.random.default_rng(0).random(size // 8)}), folder / "rows.parquet")
    return folder / "rows.parquet"


def csv(folder: Path, size: int) -> Path:
    """Write columns without lists, which CSV lacks."""
    file = folder / "rows.csv"
    plain = [name for name in next(rows(1)).schema.names if name != "vector"]
    with pa.OSFile(str(file), "wb") as sink:
        writer = None
        for batch in rows(size):
            batch = batch.select(plain)
            writer = writer or pa.csv.CSVWriter(sink, batch.schema)
            writer.write_batch(batch)
        assert writer is not None
        writer.close()
    return file


def json_lines(folder: Path, size: int) -> Path:
    """Write an object to a line."""
    file = folder / "rows.jsonl"
    with file.open("w") as lines:
        for batch in rows(size):
            lines.writelines(json.dumps(row) + "\n" for row in batch.to_pylist())
    return file


def hugging_face(folder: Path, size: int) -> Path:
    """Write what `save_to_disk` writes."""
    file = folder / "data.arrow"
    with pa.ipc.new_stream(str(file), next(rows(1)).schema) as writer:
        for batch in rows(size):
            writer.write_batch(batch)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": file.name}]}))
    return folder


def npz(folder: Path, size: int, *, compressed: bool = False) -> Path:
    """Write images and labels."""
    images, labels = _images(size)
    (np.savez_compressed if compressed else np.savez)(folder / "data.npz", x=images, y=labels)
    return folder / "data.npz"


def idx(folder: Path, size: int) -> Path:
    """Write MNIST's files, gzipped as they are shared."""
    images, labels = _images(size, channels=1)
    for kind, array in (("images-idx3", images[..., 0]), ("labels-idx1", labels.astype(np.uint8))):
        with gzip.open(folder / f"train-{kind}-ubyte.gz", "wb", compresslevel=1) as file:
            file.write(bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes())
    return folder


def tars(folder: Path, size: int) -> Path:
    """Write PNGs without compression beside their classes, as WebDataset has them."""
    from PIL import Image

    images, labels = _images(size)
    with tarfile.open(folder / "train-0.tar", "w") as archive:
        for place, (image, label) in enumerate(zip(images, labels.tolist(), strict=True)):
            picture = io.BytesIO()
            Image.fromarray(image).save(picture, "BMP")
            for suffix, data in (("bmp", picture.getvalue()), ("cls", str(label).encode())):
                member = tarfile.TarInfo(f"{place:08d}.{suffix}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return folder


def _images(size: int, channels: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    count = size // (SIDE * SIDE * channels)
    return random.integers(0, 256, (count, SIDE, SIDE, channels), np.uint8), random.integers(0, 10, count)


SOURCES: dict[str, Callable[[Path, int], Path]] = {
    "Parquet": parquet,
    "CSV": csv,
    "JSON lines": json_lines,
    "Hugging Face": hugging_face,
    "npz": npz,
    "npz, compressed": lambda folder, size: npz(folder, size, compressed=True),
    "idx, gzipped": idx,
    "tar": tars,
}
