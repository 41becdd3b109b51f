"""Is the reference's own learning curve as good a proxy as shorter runs? `python benchmarks/free_proxies.py [--fast]`

24 recipes on scikit-learn's digits with three seeds each, under three schedules of the learning rate: runs of 32
epochs, their learning curves read at 2, 4, 8 and 16 epochs, and runs that are scheduled for so many epochs. It says how
alike these order the recipes (tau, with its standard error by the jackknife over recipes), what certificates say of
them, how much of its seed noise the curve shares with the full run, and what calibration costs with the curve alone and
with shorter runs. A quarter of an hour of CPU; --fast: two minutes, with fewer and shorter runs. With --store FOLDER,
what has run is kept there and not run again.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from free_proxy_runs import HYPOTHESES, Design, Runs, evenly_chosen, runs_of

from assay.ranking.arrays import IntArray
from assay.ranking.certificates.certificate import Certificate
from assay.ranking.certificates.certification import certify
from assay.ranking.certificates.criterion import Criterion
from assay.ranking.orders.agreement import kendall_tau_b
from assay.ranking.orders.ceiling import noise_ceiling
from assay.ranking.scores import Scores

SCHEDULES = ("cosine", "onecycle", "constant")
FULL = Design(tuple(HYPOTHESES), seeds=(0, 1, 2), epochs=32, lengths=(2, 4, 8, 16))
FAST = Design(evenly_chosen(tuple(HYPOTHESES), 8), seeds=(0, 1), epochs=8, lengths=(1, 2, 4))
CRITERION = Criterion("KendallTau", threshold=0.6, confidence=0.95)


@dataclass(frozen=True)
class Estimate:
    """A statistic of some hypotheses and its standard error, by the jackknife over them."""

    value: float
    error: float

    @classmethod
    def of(cls, statistic: Callable[[IntArray], float], hypotheses: int) -> Estimate:
        """Estimate a statistic that takes the rows of hypotheses."""
        rows = np.arange(hypotheses)
        left_out = np.array([statistic(np.delete(rows, row)) for row in rows])
        squares = float(((left_out - left_out.mean()) ** 2).sum())
        return cls(statistic(rows), math.sqrt((hypotheses - 1) / hypotheses * squares))


@dataclass(frozen=True, eq=False)
class Kind:
    """Proxies of one kind, by their epochs, and what a study that has these proxies alone says of them."""

    name: str
    reference: Scores
    arms: Mapping[int, Scores]

    def tau(self, epochs: int, rows: IntArray) -> float:
        """Return tau-b of the mean scores of these hypotheses."""
        tau = kendall_tau_b(self.reference.means[rows], self.arms[epochs].means[rows])
        return math.nan if tau is None else tau

    def estimate(self, epochs: int) -> Estimate:
        """Return tau."""
        return Estimate.of(lambda rows: self.tau(epochs, rows), len(self.reference.hypotheses))

    def noise_shared(self, epochs: int) -> float:
        """Return the correlation with the reference of what is left of the scores without the hypotheses' and the
        seeds' means."""
        own, other = self.reference.residuals.ravel(), self.arms[epochs].residuals.ravel()
        return float(np.corrcoef(own, other)[0, 1])

    def certificates(self) -> Mapping[int, Certificate]:
        """Return the certificates, one look at all seeds."""
        seeds = len(self.reference.seeds)
        proxies = {str(epochs): arm for epochs, arm in self.arms.items()}
        generator = np.random.default_rng(0)
        found = certify(self.reference, proxies, CRITERION, looks=(seeds,), reached=1, generator=generator)
        return {int(name): each for name, each in found.items()}


def section(schedule: str, runs: Runs, metric: str) -> None:
    """Print how well proxies order the hypotheses as the full runs do by a metric."""
    design = runs.design
    reference = runs.returned(design.epochs, metric)
    curve = Kind("own curve", reference, {epochs: runs.read(epochs, metric) for epochs in design.lengths})
    short = Kind("short runs", reference, {epochs: runs.returned(epochs, metric) for epochs in design.lengths})
    kinds = [curve, short]
    if metric != "loss":
        kinds.insert(1, Kind("curve's loss", reference, {at: runs.read(at, "loss") for at in design.lengths}))
    print(f"\n{schedule}, ranked by {metric} ({_described(reference)})")
    print(f"  {'epochs':8}{'proxy':14}{'tau':14}{'noise shared':14}certificate")
    certificates = {kind.name: kind.certificates() for kind in kinds}
    for epochs in design.lengths:
        for kind in kinds:
            certificate, shared = certificates[kind.name][epochs], kind.noise_shared(epochs)
            said = f"{certificate.decision} [{_number(certificate.low)}, {_number(certificate.high)}]"
            print(f"  {epochs:<8}{kind.name:14}{_estimate(kind.estimate(epochs)):14}{_number(shared):14}{said}")
        print(f"  {epochs:<8}{'difference':14}{_estimate(_difference(curve, short, epochs))}")


def _difference(one: Kind, other: Kind, epochs: int) -> Estimate:
    hypotheses = len(one.reference.hypotheses)
    return Estimate.of(lambda rows: one.tau(epochs, rows) - other.tau(epochs, rows), hypotheses)


def _described(reference: Scores) -> str:
    noise, ceiling = reference.noise, noise_ceiling(reference)
    share = math.sqrt(noise.variance) / float(np.std(reference.means)) if noise is not None else math.nan
    return f"noise of a seed {_number(share)} of the spread, ceiling {_number(ceiling)}"


def _estimate(estimate: Estimate) -> str:
    return f"{_number(estimate.value)} ± {_number(estimate.error)}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("0.", ".")


def costs(all_runs: Mapping[str, Runs]) -> None:
    """Print what calibration costs."""
    print("\ncalibration in CPU seconds, and the short runs in shares of the reference")
    for schedule, runs in all_runs.items():
        reference = runs.seconds(runs.design.epochs)
        short = [runs.seconds(epochs) for epochs in runs.design.lengths]
        shares = " + ".join(_number(seconds / reference) for seconds in short)
        print(
            f"  {schedule:10} free proxies only {reference:6.1f}   with short runs {reference + sum(short):6.1f}"
            f"   short runs {shares} = {_number(sum(short) / reference)}"
        )


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--store", type=Path, metavar="FOLDER", help="default: a folder that is removed")
    parser.add_argument("--workers", type=int, default=2, help="processes; default: 2")
    given = parser.parse_args()
    design = FAST if given.fast else FULL
    with tempfile.TemporaryDirectory() as name:
        folder = (given.store or Path(name)).resolve()
        all_runs = {schedule: runs_of(schedule, design, folder, given.workers) for schedule in SCHEDULES}
    print(
        f"{len(design.hypotheses)} hypotheses, {len(design.seeds)} seeds, {design.epochs} epochs; "
        f"certificates: true tau of {_number(CRITERION.threshold)} or more, with {CRITERION.confidence:.0%}"
    )
    for schedule, runs in all_runs.items():
        for metric in ("loss", "accuracy"):
            section(schedule, runs, metric)
    costs(all_runs)


if __name__ == "__main__":
    main()
