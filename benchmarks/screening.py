"""Screening with audits: what it saves, what it costs in regret, how often it revokes a certificate falsely, and how
soon it catches a kind of hypothesis on which the proxy is wrong. `python benchmarks/screening.py [--fast]`

It takes about ten minutes on one core, with --fast about one.

Each study calibrates a proxy with 36 hypotheses; then 90 more are screened: 50 of kind a, 25 of kind b, 15 of kind c.
All runs have 3 seeds, a trial of the proxy costs a fifth of one of the reference; promote 3, auditPercent 10,
stratifyBy kind, 95 % confidence, and the certificate promises a tau of .8. Noise is the deviation of one seed's score,
of true scores with deviation 1 (`-/-`: the reference's and the proxy's). Planning is the product's own.

Table 1: the proxy is as good as certified (tau .8, the worst case, whether or not it would have been certified) or
better (.9). `revoked` is then false; `pairs` and `all in one` are yardsticks that see the same audits: a binomial test
of the pairs, repeated after each audit as if they were independent, and the product's test without strata.
`promoted`: the best 3 on the proxy and those within noise of them; `audits`: hypotheses audited that are not promoted;
`cost`: accelerator seconds, including the calibration's trials on the proxy, over those of running all 126 on the
reference; `regret`: true score of the best of the 90 minus that of the best promoted; `of all`: the same for the one
that is best of all 90 on the reference, with 3 seeds.

Table 2: the proxy (tau .9) is wrong about kind c. `revoked` is then right; `after`: the median number of audits, of
all kinds and promoted ones among them, that it took, where it was revoked; `of c`: of kind c. Yardsticks besides:
`once`, the product's test on the first draws, without audits of more where there is suspicion.

Table 3: the scores that the 90 are expected to have on the reference, by their scores on the proxy, with intervals of
95 %. `one`: how often an interval misses the true score; `any`: how often any of 90 joint intervals does; `half`: half
of one interval's width. `pooled`: as `any`, with the variance of the whole calibration alone, a yardstick.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from screened_backlogs import CALIBRATION, ERROR, WRONG, Outcome, Row, SimulatedScores, simulate, the_backlog

from assay.planning.study.study import Study
from assay.ranking.arrays import FloatArray
from assay.ranking.distributions import t_exceeded_by
from assay.ranking.screening.expected_scores import expected_scores

ROWS = (
    Row(0.8, (0.2, 0.2)),
    Row(0.8, (0.5, 0.5)),
    Row(0.8, (0.2, 1.0)),
    Row(0.8, (0.2, 0.2), "heavy"),
    Row(0.8, (0.2, 0.2), "skewed"),
    Row(0.8, (0.5, 0.5), "skewed"),
    Row(0.9, (0.2, 0.2)),
    Row(0.9, (0.5, 0.5)),
)
DRIFTS = tuple(Row(0.9, (noise, noise), wrong=wrong) for wrong in WRONG for noise in (0.2, 0.5))


@dataclass(frozen=True)
class Found:
    """The outcomes of a row."""

    outcomes: tuple[Outcome, ...]

    @classmethod
    def simulate(cls, study: Study, row: Row, studies: int, generator: np.random.Generator) -> Found:
        return cls(tuple(simulate(study, row, generator) for _ in range(studies)))

    def mean(self, field: str) -> float:
        return float(np.mean(self._known(field)))

    def median(self, field: str) -> float:
        return float(np.median(self._known(field)))

    def deviation(self, field: str) -> float:
        return float(np.std(self._known(field)))

    def _known(self, field: str) -> FloatArray:
        values = np.array([getattr(outcome, field) for outcome in self.outcomes], dtype=np.float64)
        known: FloatArray = values[~np.isnan(values)]
        return known if len(known) else np.array([np.nan])


class Expectation(NamedTuple):
    """How one study's intervals do."""

    one: float
    any: float
    half: float
    pooled: float


def expectation(row: Row, names: tuple[str, ...], generator: np.random.Generator) -> Expectation:
    """Simulate a study; return how far off the screened hypotheses are from their expected scores."""
    world = SimulatedScores.simulate(row, names, generator)
    known, new = names[:CALIBRATION], names[CALIBRATION:]
    expected = expected_scores(world.reference, world.proxy, known, new)
    off = np.abs(np.array([each.score for each in expected]) - world.truth[CALIBRATION:])
    one, together = (np.array([each.half_width(error) for each in expected]) for error in (ERROR, ERROR / len(new)))
    x, y = (arm.means[:CALIBRATION] for arm in (world.proxy, world.reference))
    slope, level = np.polyfit(x, y, 1)
    variance = ((y - level - slope * x) ** 2).sum() / (CALIBRATION - 2)
    distance = (world.proxy.means[CALIBRATION:] - x.mean()) ** 2 / ((x - x.mean()) ** 2).sum()
    pooled = np.sqrt(variance * (1 + 1 / CALIBRATION + distance))
    pooled *= t_exceeded_by(ERROR / len(new) / 2, CALIBRATION - 2)
    return Expectation(
        float((off > one).mean()), float((off > together).any()), float(one.mean()), float((off > pooled).any())
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", action="store_true", help="a tenth of the studies, in about a minute")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    studies = 60 if arguments.fast else 600
    generator = np.random.default_rng(arguments.seed)
    began = time.perf_counter()
    error = (ERROR * (1 - ERROR) / studies) ** 0.5
    print(
        f"{studies} studies per row. Standard error of a share at .05: {error:.3f}; at .5: {0.5 / studies**0.5:.3f}.\n"
    )
    study = the_backlog()
    print("1. The proxy keeps its promise: revocations are false")
    print(" tau   noise  shape   revoked   pairs  all in one  promoted  audits   cost   regret (s.e.)    of all")
    for row in ROWS:
        found = Found.simulate(study, row, studies, generator)
        mean, regret_error = found.mean, found.deviation("regret") / studies**0.5
        print(
            f"{row.tau:4.1f} {row.noise[0]:3.1f}/{row.noise[1]:3.1f}  {row.shape:7s}{mean('revoked'):8.3f}"
            f"{mean('pairs'):8.3f}{mean('one_stratum'):12.3f}{mean('promoted'):10.1f}{mean('audits'):8.1f}"
            f"{mean('cost'):7.3f}{mean('regret'):8.3f} ({regret_error:.3f}){mean('regret_of_all'):9.3f}",
            flush=True,
        )
    print("\n2. The proxy is wrong about kind c: revocations are right")
    print("kind c               noise   revoked   after    of c    once   all in one    pairs   audits   cost")
    for row in DRIFTS:
        found = Found.simulate(study, row, studies, generator)
        mean, middle = found.mean, found.median
        print(
            f"{row.wrong:18s}{row.noise[0]:4.1f}/{row.noise[1]:3.1f}{mean('revoked'):9.3f}{middle('after'):8.0f}"
            f"{middle('after_of_c'):8.0f}{mean('once'):8.3f}{mean('one_stratum'):12.3f}{mean('pairs'):10.3f}"
            f"{mean('audits'):9.1f}{mean('cost'):7.3f}",
            flush=True,
        )
    print("\n3. What is expected at the reference of who ran on the proxy alone")
    print(" tau   noise  shape      one     any    half  pooled")
    names = tuple(hypothesis.name for hypothesis in study.hypotheses)
    for row in ROWS:
        each = [expectation(row, names, generator) for _ in range(studies)]
        one, together, half, pooled = np.mean(each, axis=0)
        print(
            f"{row.tau:4.1f} {row.noise[0]:3.1f}/{row.noise[1]:3.1f}  {row.shape:7s}"
            f"{one:7.3f}{together:8.3f}{half:8.2f}{pooled:8.3f}",
            flush=True,
        )
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
