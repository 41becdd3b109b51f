"""How often answers are wrong in situations that teams meet, and what it costs to be right. By simulation.

    python benchmarks/in_the_wild.py [WORD ...] [--table LCDB.parquet] [--studies 2000] [--fast]

Only rows whose names have all the words are measured. Each study is judged twice: by Assay, and by Assay without what
it does about the situation of its row. Columns, each with its standard error in brackets:

    false      share of studies with a wrong answer, where at most .05 are allowed: without, and with
    power      share of what could rightly be said that was said: without, and the difference, in pairs
    seeds      share of the seeds that it took: without, and the difference, in pairs

Rows with real noise take it from `--table` (columns of LCDB: openmlid, learner, train_size, seed, train_seconds,
valid_accuracy, test_accuracy); their standard errors are clustered by data set. Without a table they are left out, and
a line says so.

Exit code 1: the share of wrong answers of some row is above what is allowed for it (`!` stands behind the row).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import wild_backlogs
import wild_edits
import wild_examples
import wild_failures
import wild_kin
import wild_verdicts
from learning_curves import given_curves
from real_noise import real_noise
from wild_rows import Row, measure

ROWS: tuple[Row, ...] = (
    *wild_backlogs.ROWS,
    *wild_edits.ROWS,
    *wild_examples.ROWS,
    *wild_failures.ROWS,
    *wild_kin.ROWS,
    *wild_verdicts.ROWS,
)
"""All rows, group by group."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="only rows whose names have all of these words")
    parser.add_argument("--table", type=Path, help="recorded learning curves, for the rows with real noise")
    parser.add_argument("--studies", type=int, help="studies per row; 2000 if not said")
    parser.add_argument("--fast", action="store_true", help="200 studies per row")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    studies = arguments.studies or (200 if arguments.fast else 2000)
    rows = [row for row in ROWS if set(arguments.words) <= set(row.name.split())]
    if not rows:
        parser.error(
            f"no row has the words {' '.join(arguments.words)}; the rows are:\n" + "\n".join(row.name for row in ROWS)
        )
    if arguments.table is not None:
        given_curves(parser, arguments.table)
        noise, left_out = real_noise(arguments.table)
        print(f"real noise: of {len(noise)} data sets; left out, with too few learners or seeds: {len(left_out)}")
    print(f"{studies} studies a row; standard error of a share of .05: {(0.05 * 0.95 / studies) ** 0.5:.3f}\n")
    print(f"{'':44s}false before   with            power before   difference      seeds before   difference")
    failed = False
    for row in rows:
        if row.needs_table and arguments.table is None:
            print(f"{row.name:44s}left out: it needs --table")
            continue
        began = time.perf_counter()
        found = measure(row, studies, arguments.seed, arguments.table, arguments.processes)
        cells = [found["false_before"], found["false"]]
        cells += [found[f"{name}_{which}"] for name in ("power", "seeds") for which in ("before", "difference")]
        too_many = found["false"].mean > row.most_false
        failed = failed or too_many
        line = f"{row.name:44s}" + "".join(f"{cell!s:16s}" for cell in cells)
        print(f"{line}{time.perf_counter() - began:5.0f} s{' !' if too_many else ''}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
