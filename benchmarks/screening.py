"""Screening with audits: what it saves, what it costs in regret, how often it revokes a certificate falsely, and how
soon it catches a kind of hypothesis on which the proxy is wrong. `python benchmarks/screening.py [--fast]`

Each study calibrates a proxy with 36 hypotheses; then 90 more are screened: 50 of kind a, 25 of kind b, 15 of kind c.
All runs have 3 seeds, a trial of the proxy costs a fifth of one of the reference; promote 3, auditPercent 10,
stratifyBy kind, 95 % confidence, and the certificate promises a tau of .8. Noise is the deviation of one seed's score,
of true scores with deviation 1 (`-/-`: the reference's and the proxy's). Planning is the product's own.

Table 1: the proxy is as good as certified (tau .8, the worst case, whether or not it would have been certified) or
better (.9). `revoked` is then false; `pairs` and `all in one` are yardsticks that see the same audits: a binomial test
of the pairs, repeated after each audit as if they were independent, and the product's test without strata.
`promoted`: the best 3 on the proxy and those within noise of them; `audits`: hypotheses audited that are not promoted;
`cost`: accelerator seconds, the calibration's trials on the proxy among them, over those of running all 126 at the
reference; `regret`: true score of the best of the 90 less that of the best promoted; `of all`: the same of who is best
of all 90 at the reference, with 3 seeds.

Table 2: the proxy (tau .9) is wrong about kind c. `revoked` is then right; `after`: the median number of audits, of
all kinds and promoted ones among them, that it took, where it was revoked; `of c`: of kind c. Yardsticks besides:
`once`, the product's test on the first draws, without audits of more where there is suspicion.

Table 3: what the 90 are expected to score at the reference by their scores on the proxy, intervals of 95 %. `one`: how
often an interval misses the true score; `any`: how often any of 90 does whose intervals hold together; `half`: half of
one interval's width. `pooled`: the same of any with the variance of the whole calibration alone, a yardstick.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from assay.api.resources import REFERENCE, Screening
from assay.planning.audit_draws import audit_draws
from assay.planning.cells import ArmCells
from assay.planning.certificates_in_force import identities
from assay.planning.screening import Role, Screened, screening_of
from assay.planning.study import Study
from assay.ranking import Scores
from assay.ranking.audits import Drawn, audit
from assay.ranking.distributions import t_exceeded_by
from assay.ranking.expected_scores import expected_scores
from assay.ranking.scores import FloatArray
from assay.ranking.tau_distribution import correlation_of
from builders.screenings import PROXY_PRICE, SEEDS, a_screening_study, after, certified

CALIBRATION = 36
KINDS = {"a": 50, "b": 25, "c": 15}
NEWCOMERS = sum(KINDS.values())
ERROR = 0.05

Wrong = Callable[[FloatArray, FloatArray, np.random.Generator], tuple[FloatArray, FloatArray]]
"""Of a kind's true scores (reference, proxy): what they are instead."""

SHAPES: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "normal": lambda z: z,
    "heavy": lambda z: np.sign(z) * np.abs(z) ** 1.7 / 1.5,
    "skewed": lambda z: np.exp(z) / 2.16,
}

WRONG: Mapping[str, Wrong] = {
    "reversed": lambda truth, _, __: (truth, -truth),
    "unrelated": lambda truth, _, generator: (truth, generator.standard_normal(len(truth))),
    "tau .4": lambda truth, _, generator: (truth, related(truth, 0.4, generator)),
    "overrated by 1.5": lambda truth, proxy, _: (truth, proxy + 1.5),
    "better, unordered": lambda truth, _, generator: (
        2.5 + 0.5 * truth,
        2.5 + 0.5 * generator.standard_normal(len(truth)),
    ),
}


class Row(NamedTuple):
    """A simulated situation."""

    tau: float
    noise: tuple[float, float]
    shape: str = "normal"
    wrong: str | None = None


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


def related(truth: FloatArray, tau: float, generator: np.random.Generator) -> FloatArray:
    """Normal scores that have this tau with normal ones."""
    r = float(correlation_of(tau))
    scores: FloatArray = r * truth + np.sqrt(1 - r * r) * generator.standard_normal(len(truth))
    return scores


@dataclass(frozen=True)
class World:
    """All scores of a study, and the true ones of the reference."""

    truth: FloatArray
    reference: Scores
    proxy: Scores

    @classmethod
    def simulate(cls, row: Row, names: tuple[str, ...], generator: np.random.Generator) -> World:
        truth = generator.standard_normal(len(names))
        proxy = related(truth, row.tau, generator)
        if row.wrong:
            kind = slice(len(names) - KINDS["c"], None)
            truth[kind], proxy[kind] = WRONG[row.wrong](truth[kind], proxy[kind], generator)
        tables = []
        for true, noise in zip((truth, proxy), row.noise, strict=True):
            of_seed = generator.standard_normal(SEEDS)
            errors = noise * generator.standard_normal((len(names), SEEDS)) + of_seed - of_seed.mean()
            tables.append(Scores(names, tuple(range(SEEDS)), SHAPES[row.shape](true)[:, None] + errors))
        return cls(SHAPES[row.shape](truth), tables[0], tables[1])

    def cells(self, run: np.ndarray) -> Mapping[str, ArmCells]:
        """What is known once (arm, hypothesis) have run."""
        found = {}
        for arm, scores, has_run in zip((REFERENCE, "short"), (self.reference, self.proxy), run, strict=True):
            values = np.where(has_run[:, None], scores.values, np.nan)
            ended = np.broadcast_to(has_run[:, None], values.shape)
            found[arm] = ArmCells(Scores(scores.hypotheses, scores.seeds, values), ended)
        return found


class Outcome(NamedTuple):
    """Of one simulated study."""

    revoked: bool
    after: float
    after_of_c: float
    promoted: int
    audits: int
    cost: float
    regret: float
    regret_of_all: float
    pairs: bool
    one_stratum: bool
    once: bool


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


def simulate(study: Study, row: Row, generator: np.random.Generator) -> Outcome:
    """One study, until nothing more is wanted."""
    names = tuple(hypothesis.name for hypothesis in study.hypotheses)
    study = drawing_anew(study, int(generator.integers(2**31)))
    world = World.simulate(row, names, generator)
    run = np.zeros((2, len(names)), dtype=np.bool_)
    run[:, :CALIBRATION] = True
    study = certified(study, world.cells(run), names[:CALIBRATION])
    at = {name: index for index, name in enumerate(names)}
    first: Screened | None = None
    now = 1.0
    while True:
        now += 1.0
        found = screening_of(study, world.cells(run), now)
        if first is None and found.having(Role.PROMOTED):
            first = found
        if found.revocation is not None:
            break
        study = after(study, found)
        before = run.sum()
        for cell in found.wanted:
            run[0 if cell.arm == REFERENCE else 1, at[cell.hypothesis]] = True
        if run.sum() == before and not found.records:
            break
    return _outcome(study, world, run, found, first, at)


def _outcome(
    study: Study, world: World, run: np.ndarray, found: Screened, first: Screened | None, at: Mapping[str, int]
) -> Outcome:
    names = list(at)
    new = np.arange(CALIBRATION, len(names))
    used = run[0].sum() + PROXY_PRICE * run[1].sum()
    if found.revocation is not None:
        used += (~run[0]).sum()
    promoted = [at[name] for name in (first or found).having(Role.PROMOTED)]
    best_at_reference = new[np.argmax(world.reference.means[new])]
    best = world.truth[new].max()
    drawn = audit_draws(study, names[CALIBRATION:], identities(study), {}).drawn([names[each] for each in promoted])
    revoked_after = found.revocation.audited if found.revocation else np.nan
    counted = found.drawn[: int(revoked_after)] if found.revocation else ()
    return Outcome(
        revoked=found.revocation is not None,
        after=revoked_after,
        after_of_c=sum(name[0] == "c" for name in counted) if found.revocation else np.nan,
        promoted=len(promoted),
        audits=len(set(found.drawn) - {names[each] for each in promoted}),
        cost=used / len(names),
        regret=best - world.truth[promoted].max() if promoted else np.nan,
        regret_of_all=best - world.truth[best_at_reference],
        pairs=pairs_as_if_independent(study, world, [at[name] for name in drawn]),
        one_stratum=_audited(study, world, drawn, lambda _: "all"),
        once=_audited(study, world, drawn, lambda name: name[0]),
    )


def _audited(study: Study, world: World, drawn: tuple[str, ...], stratum: Callable[[str], str]) -> bool:
    certificate = next(iter(study.trust_records.certificates.values()))
    return audit(
        world.reference,
        world.proxy,
        tuple(certificate.hypotheses),
        [Drawn(name, stratum(name)) for name in drawn],
        sorted({stratum(name) for name in KINDS}),
        promised=certificate.promised_rate,
        confidence=1 - ERROR,
    ).revoked


def pairs_as_if_independent(study: Study, world: World, drawn: list[int]) -> bool:
    """Whether a binomial test of all separable pairs so far is ever significant."""
    promised = next(iter(study.trust_records.certificates.values())).promised_rate
    pairs = alike = 0.0
    line = 2 * np.sqrt(2 * world.reference.noise.variance / SEEDS) if world.reference.noise else 0.0
    for one in drawn:
        ours, theirs = (arm.means[one] - arm.means[:CALIBRATION] for arm in (world.reference, world.proxy))
        separable = np.abs(ours) > line
        pairs += separable.sum()
        alike += (ours * theirs > 0)[separable].sum()
        if pairs and scipy.special.bdtr(alike, int(pairs), promised) <= ERROR:
            return True
    return False


class Expectation(NamedTuple):
    """Of one study's intervals."""

    one: float
    any: float
    half: float
    pooled: float


def expectation(row: Row, names: tuple[str, ...], generator: np.random.Generator) -> Expectation:
    """How far off the screened are from what is expected of them."""
    world = World.simulate(row, names, generator)
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


def a_study() -> Study:
    """The study of all rows; only its scores differ."""
    newcomers: dict[str, str | None] = {
        f"{kind}{index:02d}": kind for kind, count in KINDS.items() for index in range(count)
    }
    screening = Screening(promote=3, audit_percent=10, stratify_by="kind")
    return a_screening_study(CALIBRATION, newcomers, screening=screening)


def drawing_anew(study: Study, seed: int) -> Study:
    """The same study with another seed of its screening."""
    spec = study.spec
    assert spec.screening is not None
    screening = spec.screening.model_copy(update={"seed": seed})
    resource = study.resource.model_copy(update={"spec": spec.model_copy(update={"screening": screening})})
    changed = replace(study, resource=resource)
    vars(changed)["design"] = study.design  # it does not depend on it
    return changed


def main() -> None:
    """Prints the tables."""
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
    study = a_study()
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
