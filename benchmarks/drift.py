"""How far the order at a smaller size is from that at the full size, in units of one seed's noise.

    python benchmarks/drift.py [--table PATH]

It takes a few seconds.

The data are recorded learning curves (see `lcdb.py`), all seeds of them. For each data set and size, the drift is the
deviation over learners of the gain from there to the largest size (1.48 times the median absolute deviation), divided
by the median deviation of a seed at the largest size. Columns: halvings of the size; the median over data sets, with
its standard error; and the yardstick, .47 per halving, which `assay.ranking.budget.multifidelity_scores` assumes. The
last line has the spread of the learners in the same unit.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from lcdb import TABLE
from learning_curves import Curves, given_curves

from assay.ranking.arrays import FloatArray
from assay.ranking.budget.multifidelity_scores import DRIFT_PER_HALVING

HALVINGS = (0, 1, 2, 3, 4, 5, 6)


def drifts(curves: Curves) -> tuple[FloatArray, float]:
    """Return the drift at each of HALVINGS on one data set, and the spread of the learners, both over a seed's
    noise."""
    at = [int(np.argmin(np.abs(np.log2(curves.sizes / curves.sizes[-1]) + halvings))) for halvings in HALVINGS]
    counts = (~np.isnan(curves.scores[:, at])).sum(axis=2)
    means = np.nansum(curves.scores[:, at], axis=2) / np.where(counts > 0, counts, np.nan)
    gains = means[:, :1] - means
    full = curves.scores[:, -1]
    residuals = full - np.nanmean(full, axis=0)
    noise = float(np.nanmedian(np.nanstd(residuals, axis=1)))
    deviations = 1.4826 * np.nanmedian(np.abs(gains - np.nanmedian(gains, axis=0)), axis=0)
    spread = float(np.subtract(*np.nanquantile(means[:, 0], [0.75, 0.25])) / 1.349)
    return deviations / noise, spread / noise


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=TABLE, help="recorded learning curves, as Parquet")
    sets, _ = given_curves(parser, parser.parse_args().table)
    found = [drifts(curves) for curves, _ in sets]
    table = np.array([drift for drift, _ in found])
    resamples = np.random.default_rng(0).integers(len(table), size=(1000, len(table)))
    errors = np.std([np.median(table[rows], axis=0) for rows in resamples], axis=0)
    print(f"{len(sets)} data sets\n\nhalvings  drift over noise  error   {DRIFT_PER_HALVING} each")
    for at, halvings in enumerate(HALVINGS):
        print(f"{halvings:8d}{np.median(table[:, at]):18.2f}{errors[at]:7.2f}{DRIFT_PER_HALVING * halvings:11.2f}")
    print(f"\nThe learners' spread over a seed's noise: median {np.median([spread for _, spread in found]):.1f}.")


if __name__ == "__main__":
    main()
