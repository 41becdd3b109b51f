"""What looking after every seed saves, and whether its statements hold: verdicts, the best one, ranks. By simulation.

    python benchmarks/decisions.py [--fast] [--choices] [--table LCDB.parquet]

It takes about ten minutes on one core, with --fast about one.

19 hypotheses, one of them the baseline, with standard normal true scores (so their spread is 1); seed effects common to
all, and noise of deviation s times that of its kind:

    equal      1 for all
    half 3     3 for half of the hypotheses
    one 4      4 for one hypothesis
    base 1.5   1.5 for the baseline
    base 3     3 for the baseline
    lognormal  exp(N(0, 1/2)) for each

All have 3 seeds, and up to 10 where the verdict is open; smallest effect .3, confidence 95 %. Tables:

**Verdicts.** false: share of studies with any false verdict (FamilyWise), or mean share of false ones among a study's
verdicts (FalseDiscovery). Better is false if the difference is 0 or less, Equivalent if it is more than .3 either way.
power: share of the hypotheses with a right verdict. trials: share of 10 seeds for all 19, the baseline's included.
missed: share of studies in which any of the intervals shown misses its difference.

**All equal.** Every hypothesis is as good as the baseline, the smallest effect is 0, all get 10 seeds: any verdict is
false. The hardest case for the error; here by method, noise, and number of hypotheses.

**The best.** regret: how far the chosen hypothesis is behind the best; within: share of studies in which it is at most
.3 behind; candidates: how many "may be the best"; held: share of studies in which they include the best.

**The whole order.** tau: Kendall's tau of the order with the true one; width: mean number of places that a
hypothesis may have; held: share of studies in which all intervals hold the true place (when all are equal: any place).

With `--table`, there is one more, printed first:

**Real noise.** How often any verdict is false if learners of a data set are made equal, so that what differs is the
noise of recorded runs, and what it costs where they differ as they do (see `wild_verdicts.py`), by half of the data
sets, with standard errors clustered by data set; before: as if all learners were equally noisy.

Yardsticks: *10 seeds for all* with Dunnett's test (the one look of `compare_with_baseline`, and with the pooled
variance alone); *Dunnett at every look*, uncorrected; *mSPRT*: the mixture sequential probability ratio t test with
g = 1 (Robbins 1970) at level .05 / 18, with the larger of the pair's and the pooled variance, and with the pair's own.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import wild_verdicts
from decision_policies import assay_best, assay_verdicts, fixed_verdicts, print_choices
from decision_studies import (
    CONFIDENCE,
    HYPOTHESES,
    INITIAL,
    MARGIN,
    MAXIMUM,
    NOISES,
    SimulatedStudy,
    Tally,
    add_choice,
    run,
    studies,
)
from decision_yardsticks import BOUNDS, HALVINGS, fixed_pooled, halving, yardstick
from learning_curves import given_curves
from scipy import stats
from wild_rows import measure

from assay.ranking import Scores, compare_with_baseline, open_for_ranking, rank_intervals


def print_verdicts(count: int, seed: int) -> None:
    """Print the first table."""
    print(f"Verdicts. {count} studies a row; standard error of false at .05: {(0.05 * 0.95 / count) ** 0.5:.3f};")
    print("of the others in brackets.\n")
    print("  s    noise      correction      method                    false   power (s.e.)    trials (s.e.)    missed")
    for scale in (0.2, 0.5):
        for noise in ("equal", "half 3", "one 4", "base 1.5", "base 3", "lognormal"):
            tallies: dict[tuple[str, str], Tally] = {}
            for study in studies(count, noise, scale, 1.0, seed):
                for correction in ("FamilyWise", "FalseDiscovery"):
                    family_wise = correction == "FamilyWise"
                    assay_verdicts(tallies.setdefault((correction, "assay"), Tally()), study, family_wise)
                    fixed_verdicts(tallies.setdefault((correction, "10 seeds for all"), Tally()), study, family_wise)
                pooled = ("FamilyWise", "10 seeds for all, pooled")
                fixed_pooled(tallies.setdefault(pooled, Tally()), study)
                for method in BOUNDS:
                    yardstick(tallies.setdefault(("FamilyWise", method), Tally()), study, method)
            for (correction, method), tally in sorted(tallies.items(), key=lambda each: each[0][0], reverse=True):
                numbers = f"{tally.mean('false'):8.3f}{tally.with_error('power')}{tally.with_error('trials')}"
                numbers += f"{tally.mean('missed'):8.3f}"
                print(
                    f"{scale:4.1f}  {noise:10s} {correction:15s} {method:24s}{numbers}".replace("nan", "  –"),
                    flush=True,
                )
    print()


def print_all_equal(count: int, seed: int) -> None:
    """Print the second table."""
    print(f"All equal. {count} studies a row; standard error at .05: {(0.05 * 0.95 / count) ** 0.5:.3f}. Share of")
    print("studies with any verdict, all of which are false.\n")
    columns = ("FamilyWise", "FalseDiscovery", "10 seeds", "pooled", *BOUNDS)
    print("hypotheses  noise      errors " + "".join(f"{column:>24s}" for column in columns))
    rows = [(HYPOTHESES, noise, "normal") for noise in NOISES]
    rows += [(HYPOTHESES, "equal", errors) for errors in ("heavy", "skewed")]
    rows += [(hypotheses, "equal", "normal") for hypotheses in (2, 3, 5, 9, 37)]
    for hypotheses, noise, errors in rows:
        tallies = {column: Tally() for column in columns}
        for study in studies(count, noise, 1.0, 0.0, seed, hypotheses, errors):
            for correction in ("FamilyWise", "FalseDiscovery", "10 seeds"):
                looking = correction != "10 seeds"
                found = compare_with_baseline(
                    study.scores,
                    "h0",
                    smallest_effect=0.0,
                    confidence=CONFIDENCE,
                    family_wise=correction != "FalseDiscovery",
                    initial=INITIAL if looking else None,
                    maximum=MAXIMUM if looking else None,
                )
                tallies[correction].add(false=any(one.verdict != "Inconclusive" for one in found))
            fixed_pooled(tallies["pooled"], study, 0.0)
            for method in BOUNDS:
                yardstick(tallies[method], study, method, 0.0)
        numbers = "".join(f"{tallies[column].mean('false'):24.3f}" for column in columns)
        print(f"{hypotheses:10d}  {noise:10s} {errors:7s}{numbers}", flush=True)
    print()


def print_best(count: int, seed: int) -> None:
    """Print the third table."""
    print(f"The best. {count} studies a row; standard error of within at .95: {(0.05 * 0.95 / count) ** 0.5:.3f};")
    print("of regret and trials in brackets.\n")
    print("  s    noise      method                      regret (s.e.)    within  trials (s.e.)   candidates  held")
    for scale in (0.2, 0.5):
        for noise in ("equal", "half 3", "one 4"):
            tallies: dict[str, Tally] = {}
            for study in studies(count, noise, scale, 1.0, seed):
                for initial in (3, 2):
                    assay_best(tallies.setdefault(f"assay, from {initial} seeds", Tally()), study, initial)
                for seeds in (3, MAXIMUM):
                    row = int(study.scores.values[:, :seeds].mean(axis=1).argmax())
                    tally = tallies.setdefault(f"{seeds} seeds for all", Tally())
                    add_choice(tally, study, row, float(seeds * len(study.true)))
                for name, rounds in HALVINGS.items():
                    add_choice(tallies.setdefault(name, Tally()), study, *halving(study, rounds))
            for method, tally in tallies.items():
                numbers = f"{tally.with_error('regret', 4)}{tally.mean('within'):8.3f}{tally.with_error('trials')}"
                numbers += f"{tally.mean('candidates'):12.1f}{tally.mean('held'):6.3f}"
                print(f"{scale:4.1f}  {noise:10s} {method:26s}{numbers}".replace("nan", "  –"), flush=True)
    print()


def print_order(count: int, seed: int) -> None:
    """Print the fourth table."""
    print(
        f"The whole order. {count} studies a row; standard error of held at .95: {(0.05 * 0.95 / count) ** 0.5:.3f}.\n"
    )
    print("  s    noise      truth      assay: tau  width   held  trials     10 seeds for all: tau  width   held")
    for scale, spread in ((0.2, 1.0), (0.5, 1.0), (1.0, 0.0)):
        for noise in ("equal", "half 3", "one 4", "lognormal"):
            assay, fixed = Tally(), Tally()
            for study in studies(count, noise, scale, spread, seed):

                def wanted(scores: Scores) -> set[int]:
                    names = open_for_ranking(
                        scores, smallest_effect=MARGIN, confidence=CONFIDENCE, initial=INITIAL, maximum=MAXIMUM
                    )
                    return {scores.row(name) for name in names}

                # where all are equal, all get every seed: the hardest case
                counts = run(study, INITIAL, wanted) if spread else np.full(len(study.true), MAXIMUM)
                assay.add(trials=counts.mean() / MAXIMUM)
                _add_ranks(assay, study, study.after(counts), spread, initial=INITIAL)
                _add_ranks(fixed, study, study.scores, spread, initial=MAXIMUM)
            numbers = "".join(f"{assay.mean(name):7.3f}" for name in ("tau", "width", "held", "trials"))
            others = "".join(f"{fixed.mean(name):7.3f}" for name in ("tau", "width", "held"))
            truth = "spread 1" if spread else "all equal"
            print(f"{scale:4.1f}  {noise:10s} {truth:10s}{numbers:>32s}{others:>43s}".replace("nan", "  –"), flush=True)
    print()


def print_real_noise(count: int, seed: int, table: Path) -> None:
    """Print the table of verdicts on real noise."""
    print(f"Real noise. {count} studies a row.\n")
    print(f"{'':44s}false before    with            power before    difference      trials before   difference")
    for row in wild_verdicts.ROWS:
        if row.name.startswith("verdicts"):
            found = measure(row, count, seed, table, os.cpu_count() or 1)
            cells = [found["false_before"], found["false"]]
            cells += [found[f"{name}_{which}"] for name in ("power", "seeds") for which in ("before", "difference")]
            print(f"{row.name:44s}" + "".join(f"{cell!s:16s}" for cell in cells), flush=True)
    print()


def _add_ranks(tally: Tally, study: SimulatedStudy, scores: Scores, spread: float, initial: int) -> None:
    found = rank_intervals(scores, CONFIDENCE, initial=initial, maximum=MAXIMUM)
    lows, highs = (np.array([getattr(one, end) for one in found]) for end in ("low", "high"))
    if spread:
        places = stats.rankdata(-study.true)
        held = ((lows <= places) & (places <= highs)).all()
        tally.add(tau=stats.kendalltau(study.true, scores.adjusted_means).statistic)
    else:
        held = (lows == 1).all() and (highs == len(found)).all()
    tally.add(width=(highs - lows + 1).mean(), held=held)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", action="store_true", help="fewer studies, in about a minute")
    parser.add_argument("--choices", action="store_true", help="what other values of the constants do, and no more")
    parser.add_argument("--table", type=Path, help="recorded learning curves: adds a table with their noise")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    part = 0.08 if arguments.fast else 1.0
    began = time.perf_counter()
    if arguments.choices:
        print_choices(round(1000 * part), arguments.seed)
        return
    if arguments.table is not None:
        given_curves(parser, arguments.table)
        print_real_noise(round(2000 * part), arguments.seed, arguments.table)
    print_verdicts(round(500 * part), arguments.seed)
    print_all_equal(round(2000 * part), arguments.seed)
    print_best(round(500 * part), arguments.seed)
    print_order(round(400 * part), arguments.seed)
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
