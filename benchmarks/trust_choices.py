"""What other values of the certificates' constants would do: each row changes one; the present ones are the yardstick.

    python benchmarks/trust_choices.py [--studies N]

One look at one proxy, KendallTau at .8, in the kinds of study that ask for the constants (see trust.py). For each kind:
false, the share Trusted where the true tau is .8; refused, NotTrusted there; covered, of the intervals at .8 and .9;
power, Trusted at .9.
"""

from __future__ import annotations

import argparse
from types import ModuleType

import numpy as np
import trust_rates
from trust_rates import GOOD, TAU, decision_rates
from trust_studies import Cell, simulated

from assay.ranking.certificates.look import Look
from assay.ranking.true_orders import noise_estimates, tau_spread, tie_breaking, true_correlation

CELLS = (
    Cell(8, 0.2),
    Cell(36, 0.2),
    Cell(36, 0.5),
    Cell(36, 1.0, special="unequal"),
    Cell(36, 0.2, shape="heavy+"),
    Cell(100, 0.2, shape="heavy+"),
    Cell(100, 0.5, shape="heavy"),
    Cell(100, 0.5, shape="skewed"),
    Cell(36, 1.0, shared=0.5),
    Cell(36, 1.0, shared=0.5, special="differs"),
)
CHOICES: tuple[tuple[ModuleType, str, tuple[float, ...]], ...] = (
    (tie_breaking, "LEAST_SHARE", (1.0, 0.25, 0.0)),
    (tau_spread, "CHANCE_LOW", (5.0, 20.0, 1e9)),
    (tau_spread, "CHANCE_HIGH", (0.0, 10.0, 1e9)),
    (noise_estimates, "LITTLE", (1.0, 2.0, 1e9)),
    (noise_estimates, "MUCH", (1.0, 1.2)),
    (noise_estimates, "SLACK", (0.0, 0.004)),
    (true_correlation, "OF_ORDERS", (0.6, 1.0)),
    (true_correlation, "HIGHER", (0.0, 1.0, 2.0)),
    (trust_rates, "BEYOND", (0.5, 1.0)),
)


def print_line(name: str, value: float, boundary: list[Look], good: list[Look]) -> None:
    """Print what the studies at the boundary and the good ones give with the present constants."""
    false, refused, covered = decision_rates(boundary, TAU.threshold, np.random.default_rng(1))
    power, _, covered_good = decision_rates(good, GOOD, np.random.default_rng(1))
    numbers = f"{false:8.3f}{refused:8.3f}{covered:8.3f}{covered_good:7.3f}{power:8.3f}"
    print(f"{name:14s}{value:8.4g}{numbers}".replace("nan", "   "), flush=True)


def main() -> None:
    """Print a table for each kind of study."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000, help="per row and true value")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"{arguments.studies} studies; standard error at .05: {(0.05 * 0.95 / arguments.studies) ** 0.5:.3f}")
    for cell in CELLS:
        generator = np.random.default_rng(arguments.seed)
        boundary = simulated(TAU, cell, TAU.threshold, arguments.studies, generator)
        good = simulated(TAU, cell, GOOD, arguments.studies, generator)
        print(f"\n{cell}\n{'':22s}   false refused covered  at .9   power")
        print_line("as it is", np.nan, boundary, good)
        for module, name, values in CHOICES:
            present = getattr(module, name)
            for value in values:
                setattr(module, name, value)
                print_line(name, value, boundary, good)
            setattr(module, name, present)


if __name__ == "__main__":
    main()
