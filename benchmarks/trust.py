"""Whether certificates may be trusted: false ones at the boundary, coverage and power, by simulation.

    python benchmarks/trust.py [tau] [other] [looks] [free] [--fast] [--cells WORDS] [--seed N]

It takes about twenty minutes on one core, with --fast about one.

Each row simulates studies: hypotheses with true scores in two arms, seeds, noise. Scores are normal; heavy-tailed
(Student's t of 3) or skewed (exponential), by a monotone map of normal ones. In `heavy+` and `skewed+` the proxy's
score is the reference's plus an independent part, both of that shape, so that they aren't mapped normal ones. Noise is
normal, of s times the spread of the true scores; `unequal`: a third as large for every other hypothesis, at the same
mean variance; `ties`: all scores rounded to half a spread. `--cells` takes words that a row's name must have, such as
"tau K=36 s=0.5". Confidence is 95 %.

**tau**: one look at one proxy, KendallTau at .8.

    false    Trusted although the true tau is .8 (at most .05)
    refused  NotTrusted although it is
    covered  the interval holds the true tau where it is .8; where it is .9
    power    Trusted where the true tau is .9
    known    power of test inversion with the noise that is estimated taken for the true one, as it was known before
    plug-in  the same of these very studies, the noise estimated by variances
    bound    power of the likelihood ratio test that knows both arms' means, variances and noise; none can do better
    boot     percentile bootstrap over hypotheses: false; power

**other**: one look at one proxy, DecisionAccuracy at .9 and WinnerRegret at .8 (the best of K, or one within .3 of the
spread of it, among the proxy's first three). `tau` is the true tau at which they are just reached; power is where the
true value is half way to 1.

**looks**: `certify` itself at four looks (3, 5, 7 and 10 seeds), of three proxies. `all`: a proxy is trusted falsely
where all three have a true tau of .8; `some`: likewise where one has .9; `naive`: as `all`, with each proxy tested at
every look at the full error. power: the one of .9 is trusted at last; `promised`: what `certification_power` says of
it; `first`: it is trusted at the first look; `one look`: a single look at 10 seeds at a proxy of .9 alone; `alone`:
four looks at that one; seeds: that it had on average when it was trusted. Of two fifths as many studies.

**free**: proxies whose noise is partly the reference's own; see `trust_free`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import trust_free
from trust_rates import CONFIDENCE, DRAWS, GOOD, TAU, decision_rates, sequence
from trust_studies import Cell, mixing, simulated
from trust_yardsticks import bootstrap_rate, bound_on_power, naive, plug_in_rate

from assay.ranking import Criterion, certification_power
from assay.ranking.orders.tau import expected_tau

KNOWN = {(8, 0.2): 0.07, (12, 0.2): 0.18, (24, 0.2): 0.47, (36, 0.2): 0.70, (48, 0.2): 0.82, (100, 0.2): 0.99}
KNOWN[36, 0.5] = 0.19
LOOKS = (3, 5, 7, 10)


def tau_row(cell: Cell, studies: int, generator: np.random.Generator) -> str:
    """Return one line of the first table."""
    boundary = simulated(TAU, cell, TAU.threshold, studies, generator)
    good = simulated(TAU, cell, GOOD, studies, generator)
    false, refused, covered = decision_rates(boundary, TAU.threshold, generator)
    power, _, covered_good = decision_rates(good, GOOD, generator)
    line = f"{cell!s:34s}{false:7.3f}{refused:8.3f}{covered:8.3f}{covered_good:6.3f}{power:8.3f}"
    if cell.shape != "normal" or cell.special:
        return line
    known = KNOWN.get((cell.hypotheses, cell.noise)) if cell.seeds == 3 else None
    line += f"{known:7.2f}" if known is not None else "      –"
    line += f"{plug_in_rate(good, TAU, generator):8.3f}{bound_on_power(cell, TAU, GOOD, generator):7.3f}"
    if cell.seeds == 3:
        line += f"{bootstrap_rate(boundary, TAU, generator):8.3f}{bootstrap_rate(good, TAU, generator):6.3f}"
    return line


def other_row(criterion: Criterion, cell: Cell, studies: int, generator: np.random.Generator) -> str:
    """Return one line of the second table."""
    boundary = simulated(criterion, cell, criterion.threshold, studies, generator)
    better = (1 + criterion.threshold) / 2
    good = simulated(criterion, cell, better, studies, generator)
    false, refused, covered = decision_rates(boundary, criterion.threshold, generator)
    power, *_ = decision_rates(good, better, generator)
    tau = float(expected_tau(mixing(criterion, cell, criterion.threshold)))
    return f"{_name(criterion):24s}{cell!s:30s}{tau:5.2f}{false:7.3f}{refused:8.3f}{covered:8.3f}{power:8.3f}"


def _name(criterion: Criterion) -> str:
    within = f" within {criterion.smallest_effect:g}" if criterion.smallest_effect else ""
    return f"{criterion.statistic}{within}"


def looks_row(cell: Cell, studies: int, generator: np.random.Generator) -> str:
    """Return one line of the third table."""
    studies, bad, good = studies * 2 // 5, TAU.threshold, GOOD
    all_bad = sequence(cell, (bad, bad, bad), LOOKS, studies, generator)
    some = sequence(cell, (good, bad, bad), LOOKS, studies, generator)
    alone = sequence(cell, (good,), LOOKS, studies, generator)
    single = sequence(cell, (good,), LOOKS[-1:], studies, generator)
    promised = certification_power(
        cell.hypotheses,
        TAU,
        LOOKS,
        true_value=good,
        noise_to_signal=cell.noise,
        proxies=3,
        generator=generator,
        draws=2000,
    )
    uncorrected = naive(cell, TAU, LOOKS, DRAWS, studies // 4, generator)
    return (
        f"{cell!s:34s}{all_bad.false:7.3f}{some.false:7.3f}{uncorrected:7.3f}"
        f"{some.power:8.3f}{promised:9.3f}{some.first:8.3f}{single.power:10.3f}{alone.power:8.3f}{alone.seeds:7.1f}"
    )


def tables(*, fast: bool) -> Iterator[tuple[str, str, list[tuple[str, Callable[[int, np.random.Generator], str]]]]]:
    """Yield each table's name, heading, and rows; a row is a label and the function that makes its line."""
    counts = (8, 36) if fast else (8, 12, 24, 36, 48, 100)
    cells = [
        Cell(count, noise, seeds, shape)
        for shape in ("normal", "heavy", "skewed")
        for seeds in (3, 5)
        for noise in (0.2, 0.5, 1.0)
        for count in counts
        if not fast or (seeds == 3 and noise < 1)
    ]
    some = (36,) if fast else (12, 36, 100)
    cells += [
        Cell(count, noise, shape=shape)
        for shape in ("heavy+", "skewed+")
        for noise in (0.2, 0.5, 1.0)
        for count in some
    ]
    cells += [
        Cell(count, noise, special=each) for each in ("unequal", "ties") for noise in (0.2, 0.5, 1.0) for count in some
    ]
    yield (
        "tau",
        f"{'':34s}  false refused covered at .9   power  known plug-in  bound    boot power",
        [(f"tau {cell}", partial(tau_row, cell)) for cell in cells],
    )
    others = (
        Criterion("DecisionAccuracy", 0.9, CONFIDENCE),
        Criterion("WinnerRegret", 0.8, CONFIDENCE),
        Criterion("WinnerRegret", 0.8, CONFIDENCE, smallest_effect=0.3),
    )
    yield (
        "other",
        f"{'':54s}  tau  false refused covered   power",
        [
            (f"other {criterion.statistic} {cell}", partial(other_row, criterion, cell))
            for criterion in others
            for count in some
            for shape in ("normal", "heavy", "skewed")
            for noise in ((0.2,) if fast else (0.2, 1.0))
            for cell in (Cell(count, noise, shape=shape),)
        ],
    )
    yield (
        "looks",
        f"{'':34s}    all   some  naive   power promised   first  one look   alone  seeds",
        [
            (f"looks {cell}", partial(looks_row, cell))
            for cell in ((Cell(36, 0.5),) if fast else (Cell(12, 0.2), Cell(36, 0.2), Cell(36, 0.5), Cell(36, 1.0)))
        ],
    )
    yield from trust_free.tables(fast=fast)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", help="only these tables: tau, other, looks, free (all of its three)")
    parser.add_argument("--fast", action="store_true", help="fewer rows and studies, in about a minute")
    parser.add_argument("--cells", default="", help="only rows with all of these words, such as 'tau K=36 s=0.5'")
    parser.add_argument("--studies", type=int, help="per row and true value")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    few, many = (300, 300) if arguments.fast else (1000, 2000)
    words = set(arguments.cells.split())
    began = time.perf_counter()
    for name, heading, rows in tables(fast=arguments.fast):
        if arguments.tables and name.split()[0] not in arguments.tables:
            continue
        wanted = [row for label, row in rows if words <= set(label.split())]
        studies = arguments.studies or (many if name.startswith("free") else few)
        if wanted:
            errors = f"{(0.05 * 0.95 / studies) ** 0.5:.3f} at .05 and .95, {0.5 / studies**0.5:.3f} at .5"
            print(f"\n{name}: {studies} studies per row and true value; standard error {errors}\n{heading}")
        for row in wanted:
            # each row has its own random numbers, so that it is the same alone
            print(row(studies, np.random.default_rng(arguments.seed)), flush=True)
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
