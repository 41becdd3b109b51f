"""Simulated backlogs for `screening.py`: their scores, and how their screening goes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from assay.api.resources import REFERENCE, Screening
from assay.planning.results.score_tables import ScoreTable
from assay.planning.study.study import Study
from assay.planning.trust.audit_draws import audit_draws
from assay.planning.trust.certificates_in_force import identities
from assay.planning.trust.screening import Role, ScreeningState, screening_of
from assay.ranking import Scores
from assay.ranking.arrays import FloatArray
from assay.ranking.orders.tau import correlation_of
from assay.ranking.screening.audits import Drawn, audit
from builders.screenings import PROXY_PRICE, SEEDS, a_screening_study, after, certified

CALIBRATION = 36
KINDS = {"a": 50, "b": 25, "c": 15}
ERROR = 0.05

Wrong = Callable[[FloatArray, FloatArray, np.random.Generator], tuple[FloatArray, FloatArray]]
"""A function from a kind's true scores (reference, proxy) to the scores that take their place."""

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


def related(truth: FloatArray, tau: float, generator: np.random.Generator) -> FloatArray:
    """Return normal scores that have this tau with the given normal ones."""
    r = float(correlation_of(tau))
    scores: FloatArray = r * truth + np.sqrt(1 - r * r) * generator.standard_normal(len(truth))
    return scores


@dataclass(frozen=True)
class SimulatedScores:
    """All scores of a study, and the true scores on the reference."""

    truth: FloatArray
    reference: Scores
    proxy: Scores

    @classmethod
    def simulate(cls, row: Row, names: tuple[str, ...], generator: np.random.Generator) -> SimulatedScores:
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

    def cells(self, run: np.ndarray) -> Mapping[str, ScoreTable]:
        """Return what is known once these cells (arm, hypothesis) have run."""
        found = {}
        for arm, scores, has_run in zip((REFERENCE, "short"), (self.reference, self.proxy), run, strict=True):
            values = np.where(has_run[:, None], scores.values, np.nan)
            ended = np.broadcast_to(has_run[:, None], values.shape)
            found[arm] = ScoreTable(Scores(scores.hypotheses, scores.seeds, values), ended, np.zeros_like(ended))
        return found


class Outcome(NamedTuple):
    """The outcome of one simulated study."""

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


def simulate(study: Study, row: Row, generator: np.random.Generator) -> Outcome:
    """Run one study until nothing more is wanted."""
    names = tuple(hypothesis.name for hypothesis in study.hypotheses)
    study = drawing_anew(study, int(generator.integers(2**31)))
    world = SimulatedScores.simulate(row, names, generator)
    run = np.zeros((2, len(names)), dtype=np.bool_)
    run[:, :CALIBRATION] = True
    study = certified(study, world.cells(run), names[:CALIBRATION])
    at = {name: index for index, name in enumerate(names)}
    first: ScreeningState | None = None
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
        for hypothesis, arm in found.wanted:
            run[0 if arm == REFERENCE else 1, at[hypothesis]] = True
        if run.sum() == before and not found.records:
            break
    return _outcome(study, world, run, found, first, at)


def _outcome(
    study: Study,
    world: SimulatedScores,
    run: np.ndarray,
    found: ScreeningState,
    first: ScreeningState | None,
    at: Mapping[str, int],
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


def _audited(study: Study, world: SimulatedScores, drawn: tuple[str, ...], stratum: Callable[[str], str]) -> bool:
    certificate = next(iter(study.history.trust_records.certificates.values()))
    return audit(
        world.reference,
        world.proxy,
        tuple(certificate.hypotheses),
        [Drawn(name, stratum(name)) for name in drawn],
        sorted({stratum(name) for name in KINDS}),
        promised=certificate.promised_rate,
        confidence=1 - ERROR,
    ).revoked


def pairs_as_if_independent(study: Study, world: SimulatedScores, drawn: list[int]) -> bool:
    """Return whether a binomial test of all separable pairs so far is ever significant."""
    promised = next(iter(study.history.trust_records.certificates.values())).promised_rate
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


def the_backlog() -> Study:
    """Return the study of all rows; only its scores differ."""
    newcomers: dict[str, str | None] = {
        f"{kind}{index:02d}": kind for kind, count in KINDS.items() for index in range(count)
    }
    screening = Screening(promote=3, audit_percent=10, stratify_by="kind")
    return a_screening_study(CALIBRATION, newcomers, screening=screening)


def drawing_anew(study: Study, seed: int) -> Study:
    """Return the same study with another seed for its screening."""
    spec = study.spec
    assert spec.screening is not None
    screening = spec.screening.model_copy(update={"seed": seed})
    resource = study.resource.model_copy(update={"spec": spec.model_copy(update={"screening": screening})})
    return replace(study, definition=replace(study.definition, resource=resource))  # its design does not depend on it
