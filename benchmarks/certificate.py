"""Does the certificate keep its word? False certificates at the boundary, coverage and power, by simulation.

    python benchmarks/certificate.py [--fast]

Each row simulates studies (hypotheses with true scores whose tau is .8 or .9, seeds, noise) and decides each with
the tau test inversion of `assay.ranking`, and with the percentile bootstrap over hypotheses as yardstick. The
threshold is .8 and the confidence 95 %. Columns:

    false     Trusted although the true tau is .8 (should be at most .05)
    refused   NotTrusted although the true tau is .8 (likewise)
    covered   the interval holds .8 (should be at least .90: 1 - 2 x .05)
    power     Trusted when the true tau is .9
    ignoring  `false` if the noise that the arms share were ignored
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from assay.ranking.certificate import concordant_pairs, estimate_noise
from assay.ranking.scores import FloatArray, Scores
from assay.ranking.tau_distribution import TauDraws, correlation_of
from assay.ranking.true_tau import NoiseDraws, NoiseEstimates, bound, bound_true_tau

THRESHOLD, CONFIDENCE, SEEDS, DRAWS, RESAMPLES = 0.8, 0.95, 3, 2000, 400

SHAPES: dict[str, Callable[[FloatArray], FloatArray]] = {
    "normal": lambda scores: scores,
    "heavy": lambda scores: stats.t.ppf(stats.norm.cdf(scores), 3) / np.sqrt(3),
    "skewed": lambda scores: stats.expon.ppf(stats.norm.cdf(scores)),
}
"""Of the hypotheses' true scores, each of variance 1: from standard normal ones by a map that keeps the order."""


@dataclass(frozen=True)
class Row:
    """One kind of study."""

    hypotheses: int
    noise: float
    """Deviation of one seed's noise over that of the true scores, in both arms."""
    shared: float = 0.0
    """Correlation of the two arms' noise."""
    shape: str = "normal"


ROWS = (
    *(Row(hypotheses, noise) for noise in (0.2, 0.5) for hypotheses in (8, 12, 16, 24, 36)),
    *(Row(hypotheses, noise, shared=0.5) for noise in (0.2, 0.5) for hypotheses in (16, 36)),
    *(Row(36, noise, shape=shape) for shape in ("heavy", "skewed") for noise in (0.2, 0.5)),
)


@dataclass(frozen=True)
class Studies:
    """What simulated studies observed."""

    at_least: np.ndarray
    at_most: np.ndarray
    estimates: NoiseEstimates
    bootstrap_low: FloatArray


def simulate(row: Row, true_tau: float, studies: int, generator: np.random.Generator) -> Studies:
    """Draws studies, and estimates as `certify` does."""
    names = tuple(map(str, range(row.hypotheses)))
    correlation = float(correlation_of(true_tau))
    shape = (row.hypotheses, SEEDS)
    observed, estimates, lows = [], [], []
    for _ in range(studies):
        signal, rest = generator.standard_normal((2, row.hypotheses))
        noise, other = generator.standard_normal((2, *shape))
        arms = []
        for true_score, error in (
            (signal, noise),
            (
                correlation * signal + np.sqrt(1 - correlation**2) * rest,
                row.shared * noise + np.sqrt(1 - row.shared**2) * other,
            ),
        ):
            seed_effects = generator.standard_normal(SEEDS)
            values = SHAPES[row.shape](true_score)[:, None] + row.noise * error + seed_effects
            arms.append(Scores(names, tuple(range(SEEDS)), values))
        reference, proxy = arms
        observed.append(concordant_pairs(reference.means, proxy.means))
        estimates.append(estimate_noise(reference, proxy))
        lows.append(percentile_bootstrap(reference.means, proxy.means, generator))
    return Studies(
        np.array([low for low, _ in observed]),
        np.array([high for _, high in observed]),
        NoiseEstimates(
            np.concatenate([one.reference_ratio for one in estimates]),
            np.concatenate([one.proxy_ratio for one in estimates]),
            np.concatenate([one.noise_correlation for one in estimates]),
        ),
        np.array(lows),
    )


def percentile_bootstrap(reference: FloatArray, proxy: FloatArray, generator: np.random.Generator) -> float:
    """The lower end for tau: the .05 quantile over resampled hypotheses (a hypothesis is not paired with itself)."""
    alike = np.sign(np.subtract.outer(reference, reference) * np.subtract.outer(proxy, proxy))
    times = generator.multinomial(len(reference), np.full(len(reference), 1 / len(reference)), size=RESAMPLES)
    pairs = times.sum(axis=1) ** 2 - (times**2).sum(axis=1)
    taus = ((times @ alike) * times).sum(axis=1) / np.maximum(pairs, 1)
    return float(np.quantile(taus, 1 - CONFIDENCE))


def ends(row: Row, studies: Studies, generator: np.random.Generator, blocks: int = 10) -> tuple[FloatArray, FloatArray]:
    """The interval of each study; ten independent sets of draws serve a tenth of the studies each."""
    lows, highs = [], []
    for part in np.array_split(np.arange(len(studies.at_least)), blocks):
        taus = TauDraws.simulate(row.hypotheses, generator, DRAWS, ordered=True)
        noise = NoiseDraws.simulate((row.hypotheses - 1) * (SEEDS - 1), generator, DRAWS)
        estimates = NoiseEstimates(
            studies.estimates.reference_ratio[part],
            studies.estimates.proxy_ratio[part],
            studies.estimates.noise_correlation[part],
        )
        lows.append(bound("low", bound_true_tau("low", taus, noise, estimates, studies.at_least[part]), CONFIDENCE))
        highs.append(bound("high", bound_true_tau("high", taus, noise, estimates, studies.at_most[part]), CONFIDENCE))
    return np.concatenate(lows), np.concatenate(highs)


def measure(row: Row, studies: int, generator: np.random.Generator) -> list[float]:
    """The columns of one row."""
    boundary, good = (simulate(row, tau, studies, generator) for tau in (THRESHOLD, 0.9))
    low, high = ends(row, boundary, generator)
    low_if_good, _ = ends(row, good, generator)
    ignorant = NoiseEstimates(
        boundary.estimates.reference_ratio, boundary.estimates.proxy_ratio, np.full(studies, -1.0)
    )
    low_ignoring, _ = ends(
        row, Studies(boundary.at_least, boundary.at_most, ignorant, boundary.bootstrap_low), generator
    )
    return [
        float(np.mean(share))
        for share in (
            low >= THRESHOLD,
            high < THRESHOLD,
            (low <= THRESHOLD) & (high >= THRESHOLD),
            low_if_good >= THRESHOLD,
            low_ignoring >= THRESHOLD,
            boundary.bootstrap_low >= THRESHOLD,
            good.bootstrap_low >= THRESHOLD,
        )
    ]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", action="store_true", help="a fifth of the studies, in under a minute")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    studies = 400 if arguments.fast else 2000
    generator = np.random.default_rng(arguments.seed)
    began = time.perf_counter()
    error = (0.05 * 0.95 / studies) ** 0.5
    print(f"{studies} studies per row and true tau, {SEEDS} seeds. Standard error at .05: {error:.3f}; at .5:", end=" ")
    print(f"{0.5 / studies**0.5:.3f}.\n")
    print("                                  tau test inversion                       percentile bootstrap")
    print("   K  noise shared shape     false refused covered   power ignoring           false   power")
    for row in ROWS:
        false, refused, covered, power, ignoring, bootstrap_false, bootstrap_power = measure(row, studies, generator)
        print(
            f"{row.hypotheses:4d} {row.noise:6.1f} {row.shared:6.1f} {row.shape:8s}"
            f"{false:8.3f}{refused:8.3f}{covered:8.3f}{power:8.3f}{ignoring:9.3f}"
            f"{bootstrap_false:16.3f}{bootstrap_power:8.3f}",
            flush=True,
        )
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
