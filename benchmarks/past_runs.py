"""Past runs judged: how often a proxy is trusted falsely where tables have gaps, and what a large table takes.

    python benchmarks/past_runs.py trust 400
    python benchmarks/past_runs.py speed

`trust`: the true scores of reference and proxy are normal with a true tau of .8, the threshold, and so every
certificate is a false one; at 95 % confidence .05 of tables may have one. Each hypothesis has up to six runs; "gaps"
leaves out each run with probability .3, and "steps" has the proxy read from the reference's own runs (noise correlation
.9), of which each has ended before the last step with probability .3. s is the noise of one run over the spread of true
scores.

`speed`: CPU and wall seconds from a CSV file to the printed answer, of a process of its own with one thread for linear
algebra, for tables of 100 000 rows; and over those of counting to ten million, which say how fast the machine is.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from assay.judging.judge import judge_table
from assay.judging.options import JudgingOptions
from assay.recorded.table import RecordedRun, Table
from assay_trainer.contract import digest

RUNS, LEFT_OUT = 6, 0.3
SHAPES = ((1000, 10, 10), (2000, 10, 5), (500, 4, 50), (250, 4, 100))
"""Hypotheses, arms and seeds of the large tables."""

_PROGRAM = """
import sys, time
import assay
began = time.perf_counter()
found = str(assay.judge(sys.argv[1], baseline="h0"))
taken = time.process_time(), time.perf_counter() - began
began = time.process_time()
for _ in range(10**7):
    pass
print(*taken, time.process_time() - began)
"""


def table(kind: str, hypotheses: int, noise: float, draw: np.random.Generator) -> Table:
    """Return a table at the threshold."""
    true_correlation = math.sin(0.8 * math.pi / 2)
    shared = 0.9 if kind == "steps" else 0.0
    truth = draw.multivariate_normal([0, 0], [[1, true_correlation], [true_correlation, 1]], size=hypotheses)
    luck = draw.multivariate_normal([0, 0], [[1, shared], [shared, 1]], size=(hypotheses, RUNS)) * noise
    there = draw.random((hypotheses, RUNS, 2)) >= LEFT_OUT
    if kind == "steps":
        there[:, :, 1] = True
    cells = (
        (row, seed, at, float(truth[row, at] + luck[row, seed, at]))
        for row in range(hypotheses)
        for seed in range(RUNS)
        for at in range(2)
        if there[row, seed, at]
    )
    runs = {(f"h{row}", ("full", "part")[at], seed): RecordedRun(2.0 - at, score) for row, seed, at, score in cells}
    return Table(runs, digest(b"a table"), score_column="score")


def trust(tables: int) -> None:
    """Print how often the proxy is trusted."""
    print("false certificates; simulation error in brackets")
    for kind in ("gaps", "steps"):
        for hypotheses in (24, 36):
            for noise in (0.2, 0.5, 1.0):
                draw = np.random.default_rng(1)
                found = [
                    judge_table(table(kind, hypotheses, noise, draw), JudgingOptions(), name="runs", by_step=False)
                    for _ in range(tables)
                ]
                share = float(np.mean([str(each.status.arms[1].decision) == "Trusted" for each in found]))
                error = math.sqrt(max(share, 1 / tables) * (1 - share) / tables)
                print(f"{kind:6} {hypotheses} hypotheses, s = {noise}: {share:.3f} ({error:.3f})", flush=True)


def speed() -> None:
    """Print the CPU seconds that large tables take."""
    draw = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for hypotheses, arms, seeds in SHAPES:
            row, arm, seed = np.meshgrid(np.arange(hypotheses), 2 ** np.arange(arms), np.arange(seeds), indexing="ij")
            scores = draw.normal(size=hypotheses)[row] + 0.3 * draw.normal(size=row.shape)
            columns = {
                "hypothesis": [f"h{number}" for number in row.ravel()],
                "epochs": arm.ravel(),
                "seed": seed.ravel(),
                "loss": scores.ravel(),
                "runtime": 10.0 * arm.ravel(),
            }
            file = Path(folder) / "runs.csv"
            pl.DataFrame(columns).write_csv(file)
            command = [sys.executable, "-c", _PROGRAM, str(file)]
            variables = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}
            ended = subprocess.run(command, check=True, capture_output=True, text=True, env=variables)
            cpu, wall, counting = map(float, ended.stdout.split())
            print(
                f"{hypotheses} hypotheses x {arms} arms x {seeds} seeds, 100 000 rows: {cpu:.1f} CPU seconds, "
                f"{wall:.1f} in all; {cpu / counting:.0f} times as long as counting to ten million"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["speed"]:
        speed()
    else:
        trust(int(sys.argv[2]) if len(sys.argv) > 2 else 400)
