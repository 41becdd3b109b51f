"""What shards cost to build and to read. `python benchmarks/shards.py [--only build|read] [--mebibytes N] [...]`

Reading: examples as Assay's data sets hold them, in Arrow files, against raw records of the same bytes, mapped by
numpy. Contestants take turns in one process, CPU seconds of all threads; both are in the page cache, and Assay's blocks
were checked in an earlier reading, as on a node with a cache. Printed are medians of the ratio with their standard
error, beside the target of 1.5. Read are all examples into memory, a random tenth of them, and shuffled batches of 512
(raw: the records of a permutation, 512 at a time).

Building: of sources of two sizes, one process each, the CPU seconds for a GiB, and the peak of anonymous memory
(RssAnon, looked at every 2 ms) above that of the process when it had imported all. It must not grow with the source;
1.15 is allowed for what a sampled peak is off, and for what is kept of each row. Of rows of 8 bytes it is printed how
many bytes that is.

About 5 minutes on two quiet cores, and 2 GiB of the folder for temporary files (TMPDIR).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray
from shards_sources import SOURCES, narrow

from assay_trainer.contract import CACHE_VARIABLE
from assay_trainer.data import Examples, open_dataset
from assay_trainer.shards import build_shards

WANTED = 1.5
"""Arrow against raw records: CPU seconds."""

GROWTH = 1.15
"""Of the memory of a build, from the smaller source to the larger one."""

MIB = 2**20
BATCH = 512


class Peak(NamedTuple):
    """What a build took: bytes of anonymous memory above that of the imports, and CPU seconds."""

    memory: int
    seconds: float


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("build", "read"))
    parser.add_argument("--mebibytes", type=int, default=64, help="Size of the smaller source; the other has 3 times.")
    parser.add_argument("--read-mebibytes", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--sources", default=",".join(SOURCES), help="Which sources are built, separated by commas.")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _build(Path(options.child[0]), options.child[1])
        return
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        if options.only != "build":
            print_reading(Path(folder), options.read_mebibytes * MIB, options.rounds)
        if options.only != "read":
            wanted = [name for name in SOURCES if name in options.sources.split(",")]
            print_building(Path(folder), wanted, options.mebibytes * MIB)


def print_building(folder: Path, names: Sequence[str], size: int) -> None:
    """Build each source at two sizes."""
    print(f"\nBuilding: sources of {size / MIB:.0f} and {3 * size / MIB:.0f} MiB of values")
    print(f"{'source':16}{'CPU s/GiB':>10}{'peak MiB':>10}{'3 x':>8}{'growth':>8}   allowed {GROWTH}")
    for name in names:
        peaks = [measured(folder, SOURCES[name], each) for each in (size, 3 * size)]
        small, large = (each.memory / MIB for each in peaks)
        per_gib = peaks[1].seconds / (3 * size) * 2**30
        growth = large / small
        said = "" if growth <= GROWTH else "  GROWS"
        print(f"{name:16}{per_gib:10.1f}{small:10.0f}{large:8.0f}{growth:8.2f}{said}", flush=True)
    fewer, more = (measured(folder, narrow, each * MIB).memory for each in (8, 40))
    print(
        f"kept of each row: {(more - fewer) * 8 / (32 * MIB):.0f} bytes (Parquet, of 1 and 5 million rows of 8 bytes)"
    )


def measured(folder: Path, write: Callable[[Path, int], Path], size: int) -> Peak:
    """Build one source in a process of its own."""
    there = folder / "source"
    there.mkdir()
    try:
        source = write(there, size)
        command = [sys.executable, __file__, "--child", str(source), str(folder / "built")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdout.readline()
            before = most = _anonymous(child.pid)
            child.stdin.write("\n")
            child.stdin.close()
            while child.poll() is None:
                most = max(most, _anonymous(child.pid))
                time.sleep(0.002)
            return Peak(most - before, json.loads(child.stdout.read()))
    finally:
        shutil.rmtree(there)
        shutil.rmtree(folder / "built", ignore_errors=True)


def _anonymous(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), 0)


def _build(source: Path, to: str) -> None:
    """Build shards, and print the CPU seconds that it took, once a line has come."""
    import PIL.Image
    import pyarrow.compute
    import pyarrow.csv
    import pyarrow.json  # noqa: F401 - what any build may import

    PIL.Image.init()
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.process_time()
    build_shards(source, to, name="benchmark")
    print(json.dumps(time.process_time() - began))


Read = Callable[[], object]


def print_reading(folder: Path, size: int, rounds: int) -> None:
    """Read examples of several kinds from our shards and from raw records, in turns."""
    os.environ[CACHE_VARIABLE] = str(folder / "cache")
    print(f"Reading {size / MIB:.0f} MiB: CPU seconds, ours over raw, medians of {rounds} turns")
    print(f"{'examples':24}{'whole':>16}{'random tenth':>16}{'batches':>16}   wanted {WANTED}")
    for name, shape, kind in (
        ("images, 64x64x3 uint8", (64, 64, 3), np.uint8),
        ("tokens, 256 int32", (256,), np.int32),
        ("rows of 32 float32", (32,), np.float32),
    ):
        raw, ours, field = _written(folder, size, shape, np.dtype(kind))
        ratios = [_ratio(pair, rounds) for pair in contestants(raw, ours, field)]
        print(f"{name:24}" + "".join(f"{ratio:9.2f} ± {error:.2f}" for ratio, error in ratios), flush=True)


def _written(folder: Path, size: int, shape: tuple[int, ...], kind: np.dtype[np.generic]) -> tuple[Path, Examples, str]:
    """Return the same examples as a file of raw records and as a data set of ours, whose field is named, too."""
    for each in ("raw", "built", "source"):
        shutil.rmtree(folder / each, ignore_errors=True)
    (folder / "source").mkdir()
    (folder / "raw").mkdir()
    count = size // (math.prod(shape) * kind.itemsize)
    values = np.random.default_rng(0).integers(0, 200, (count, *shape)).astype(kind)
    if len(shape) == 3:
        source, field = folder / "source" / "data.npz", "image"
        np.savez(source, x=values, y=np.arange(count) % 2)
    else:
        source, field = folder / "source" / "rows.parquet", "values"
        column = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), shape[0])
        pa.parquet.write_table(pa.table({field: column}), source)
    del values
    built = build_shards(source, str(folder / "built"), name="benchmark", held_out_percent=1)
    time.sleep(2.5)  # a file that was written just now may still change: its blocks would be checked each time
    examples = open_dataset(built.dataset).examples("train")
    examples.arrays()[field].tofile(folder / "raw" / "records")
    return folder / "raw" / "records", examples, field


def contestants(
    file: Path, examples: Examples, field: str
) -> Sequence[tuple[Callable[[int], object], Callable[[int], object]]]:
    """Return what is timed, ours and raw, of each way to read; both are given the number of the turn, and open their
    files anew, as each trial does."""
    first = examples.arrays()[field]
    kind, shape, examples_there = first.dtype, first.shape[1:], len(first)
    del first

    def raw() -> NDArray[np.generic]:
        return np.memmap(file, kind, "r", shape=(examples_there, *shape))

    def ours(rows: NDArray[np.int64] | None = None) -> Examples:
        return replace(examples, rows=rows)

    def chosen(turn: int) -> NDArray[np.int64]:
        return np.sort(np.random.default_rng(turn).permutation(examples_there)[: examples_there // 10])

    def raw_batches(turn: int) -> None:
        order, mapped = np.random.default_rng(turn).permutation(examples_there), raw()
        for start in range(0, len(order), BATCH):
            _ = mapped[order[start : start + BATCH]]

    def our_batches(turn: int) -> None:
        for _ in ours().batches(BATCH, epoch=turn):
            pass

    return (
        (lambda _: ours().arrays()[field], lambda _: np.array(raw())),
        (lambda turn: ours(chosen(turn)).arrays()[field], lambda turn: raw()[chosen(turn)]),
        (our_batches, raw_batches),
    )


def _ratio(pair: tuple[Callable[[int], object], Callable[[int], object]], rounds: int) -> tuple[float, float]:
    """Return the median ratio over the turns, and the standard error of a median of so many."""
    ratios = []
    for turn in range(-1, rounds):
        took = [0.0, 0.0]
        for each in (0, 1) if turn % 2 else (1, 0):
            began = time.process_time()
            pair[each](turn + 1)
            took[each] = time.process_time() - began
        if turn >= 0:  # the first turn warms both up
            ratios.append(took[0] / took[1])
    return statistics.median(ratios), 1.2533 * statistics.stdev(ratios) / math.sqrt(rounds)


if __name__ == "__main__":
    main()
