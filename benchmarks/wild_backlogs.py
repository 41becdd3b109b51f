"""Rows of `in_the_wild.py`: backlogs that grow between looks at trust, and what people do to them in between.

Hypotheses come one after another; those that came first are there at every look. Three seeds, KendallTau at .8 with
95 % confidence. False: ever trusted where the true tau is .8; power: ever trusted where it is .9; seeds: the share of
all hypotheses that had come when it was trusted, or by the end. Without: each look is tested at the full error, as if
it were the only one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from wild_rows import Measured, Row

from assay.ranking import Criterion, Scores
from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.certificates.evidence import bounding_correlations, tied_studies
from assay.ranking.certificates.growing_backlogs import NO_BACKLOG, Backlog, Wave
from assay.ranking.certificates.look import Look
from assay.ranking.certificates.needed import LevelsAhead, OutOfReach, what_it_takes
from assay.ranking.memory import Memory
from assay.ranking.orders.tau import correlation_of
from assay.ranking.true_orders.tau_draws import TauDraws, draws_for
from assay.ranking.true_orders.tie_breaking import TiedStudies
from assay.ranking.true_orders.true_correlation import NoiseDraws

TAU = Criterion("KendallTau", 0.8, 0.95)
GOOD, SEEDS = 0.9, 3
SHARE_DRAWS = 32
"""So many studies in a row are tested with the same simulated studies, which take longer than the rest."""
MOST_ADVISED, MOST_FOLLOWED = 200, 6
"""The advice to have more hypotheses than this is not followed, nor more often than this."""


@dataclass(frozen=True, eq=False)
class Arriving:
    """The scores of hypotheses in both arms, (hypotheses, seeds) each, in the order in which they come."""

    reference: FloatArray
    proxy: FloatArray

    @classmethod
    def simulate(cls, tau: float, hypotheses: int, noise: float, generator: np.random.Generator) -> Arriving:
        """Simulate hypotheses with this true tau. The scores that the arms share in part are a sum of two parts; noise
        is uniform, and each seed of an arm has an effect."""
        correlation = float(correlation_of(tau))
        shared, own = generator.standard_normal((2, hypotheses))
        true = np.array([shared, correlation * shared + np.sqrt(1 - correlation**2) * own])
        rough = noise * np.sqrt(3) * generator.uniform(-1, 1, (2, hypotheses, SEEDS))
        scores = true[:, :, None] + rough + generator.standard_normal((2, 1, SEEDS))
        return cls(scores[0], scores[1])

    def look(self, hypotheses: int | Sequence[int]) -> Look:
        """Return the look at the first so many hypotheses, or at those of these rows."""
        rows = range(hypotheses) if isinstance(hypotheses, int) else hypotheses
        names, seeds = tuple(map(str, rows)), tuple(range(SEEDS))
        reference, proxy = (Scores(names, seeds, arm[list(rows)]) for arm in (self.reference, self.proxy))
        return Look(reference, proxy, TAU, _memory())


@lru_cache(maxsize=1)
def _memory() -> Memory:
    return Memory(64)


@lru_cache(maxsize=40)
def _draws(hypotheses: int, block: int) -> tuple[TauDraws, TiedStudies | None, NoiseDraws]:
    draws, generator = draws_for(hypotheses), np.random.default_rng((block, hypotheses))
    return (
        TauDraws.simulate(hypotheses, generator, draws, ordered=True),
        tied_studies(hypotheses, generator),
        NoiseDraws.simulate((hypotheses - 1) * (SEEDS - 1), generator, draws),
    )


def p_value(look: Look, number: int) -> float:
    """Return the p-value of a single look, in the study of this number."""
    low, _ = bounding_correlations([look], *_draws(look.hypotheses, number // SHARE_DRAWS))
    return float(1 + (low[:, 0] < look.trusted_from).sum()) / (len(low) + 1)


def looked_at(look: Look, backlog: Backlog) -> Wave:
    """Return the wave of a look."""
    last = backlog.waves[-1] if backlog.waves else None
    return Wave.after(last, look.hypotheses, (SEEDS,), look.noise, look.trusted_from)


def growing(
    sizes: Sequence[int], expected: int | None, study: Arriving, number: int
) -> tuple[tuple[bool, float], tuple[bool, float]]:
    """Look at a backlog that has these sizes, one after another: without (at all of them, at full error), and with (at
    those that are due). Return for each whether it was ever trusted, and the share that had come by then."""
    found: list[int | None] = [None, None]
    backlog = Backlog((), expected)
    for size in sizes:
        due = (backlog.next_hypotheses() or 0) <= size
        if found[0] is not None and (found[1] is not None or not due):
            continue
        look = study.look(size)
        p = p_value(look, number)
        if found[0] is None and p <= TAU.error:
            found[0] = size
        if due and found[1] is None:
            wave = looked_at(look, backlog)
            if p <= backlog.level(wave, TAU.error):
                found[1] = size
            backlog = backlog.followed_by(wave)
    before, after = ((size is not None, (size or sizes[-1]) / sizes[-1]) for size in found)
    return before, after


class _AtFullError(LevelsAhead):
    """The levels as if no look had spent anything."""

    def of_hypotheses(self) -> tuple[IntArray, FloatArray]:
        """Return the full error, whatever the number of hypotheses."""
        return np.array([1]), np.array([self.error])


def following(study: Arriving, number: int, levels: type[LevelsAhead]) -> tuple[bool, float]:
    """Look at 24 hypotheses, and then at as many as the report says would decide it, as often as it is not decided."""
    backlog, size, spending = NO_BACKLOG, 24, levels is LevelsAhead
    for _ in range(MOST_FOLLOWED):
        look = study.look(size)
        wave = looked_at(look, backlog)
        if p_value(look, number) <= (backlog.level(wave, TAU.error) if spending else TAU.error):
            return True, size / MOST_ADVISED
        backlog = backlog.followed_by(wave)
        ahead = levels(look, backlog, TAU.error, TAU.error)
        advised = what_it_takes(look, TAU, "Undecided", OutOfReach(too_few=False, too_noisy=False), ahead).hypotheses
        if advised is None or advised > MOST_ADVISED:
            break
        if advised > size:
            size = advised
        elif spending:
            size = max(backlog.next_hypotheses() or size, size)
        else:
            break
    return False, size / MOST_ADVISED


def deleting(most: int, study: Arriving, number: int) -> tuple[tuple[bool, float], tuple[bool, float]]:
    """Look at 24 hypotheses; as long as the proxy is not trusted, delete the one that the arms disagree about most, and
    look again. With, those that were deleted still count, so there is nothing new to look at."""
    rows = list(range(24))
    p = p_value(study.look(rows), number)
    after = p <= NO_BACKLOG.level(looked_at(study.look(rows), NO_BACKLOG), TAU.error)
    before = p <= TAU.error
    for _ in range(most):
        if before:
            break
        orders = [arm[rows].mean(axis=1).argsort().argsort() for arm in (study.reference, study.proxy)]
        del rows[int(np.abs(orders[0] - orders[1]).argmax())]
        before = p_value(study.look(rows), number) <= TAU.error
    return (before, 1.0), (after, 1.0)


def once(study: Arriving, number: int) -> tuple[tuple[bool, float], tuple[bool, float]]:
    """Look once, at a number of hypotheses that is another one in each study."""
    look = study.look(ONCE[number // SHARE_DRAWS % len(ONCE)])
    p = p_value(look, number)
    level = NO_BACKLOG.level(looked_at(look, NO_BACKLOG), TAU.error)
    return (p <= TAU.error, 1.0), (p <= level, 1.0)


def added(noise: float, generator: np.random.Generator, number: int, _: Path | None) -> Measured:
    """Try four proxies of 24 hypotheses, one after another, each added when those before it were not trusted. False:
    any is trusted, all of them at the boundary; power: one that comes second and is good is trusted. Without: each is
    corrected for those that there are by then (Holm), with: for the looks that were taken."""
    values: dict[str, float] = {}
    for name, taus in (("false", (TAU.threshold,) * 4), ("power", (TAU.threshold, GOOD))):
        shared = Arriving.simulate(TAU.threshold, 24, noise, generator)
        truth = generator.standard_normal(24)
        rough = noise * np.sqrt(3) * generator.uniform(-1, 1, (len(taus) + 1, 24, SEEDS))
        trusted = {"_before": [False] * len(taus), "": [False] * len(taus)}
        for at, tau in enumerate(taus):
            correlation = float(correlation_of(tau))
            proxy = correlation * truth + np.sqrt(1 - correlation**2) * generator.standard_normal(24)
            arms = replace(shared, reference=truth[:, None] + rough[0], proxy=proxy[:, None] + rough[at + 1])
            look = arms.look(24)
            p = p_value(look, number)
            trusted["_before"][at] = p <= TAU.error / (at + 1)
            trusted[""][at] = p <= NO_BACKLOG.level(looked_at(look, NO_BACKLOG), TAU.error / (at + 1) ** 2)
        for which, each in trusted.items():
            values[f"{name}{which}"] = float(any(each) if name == "false" else each[1])
    return Measured(values)


ONCE = (8, 12, 18, 24, 36, 48, 72, 100)

Judge = Callable[[Arriving, int], tuple[tuple[bool, float], tuple[bool, float]]]
"""Judges a study without and with: whether the proxy was ever trusted, and the share of hypotheses that had come."""


def _follows(study: Arriving, number: int) -> tuple[tuple[bool, float], tuple[bool, float]]:
    return following(study, number, _AtFullError), following(study, number, LevelsAhead)


def simulate(
    judge: Judge, most: int, noise: float, generator: np.random.Generator, number: int, _: Path | None
) -> Measured:
    """Judge a study at the boundary and one with a good proxy."""
    values: dict[str, float] = {}
    for name, tau in (("false", TAU.threshold), ("power", GOOD)):
        before, after = judge(Arriving.simulate(tau, most, noise, generator), number)
        values |= {f"{name}_before": float(before[0]), name: float(after[0])}
        if name == "power":
            values |= {"seeds_before": before[1], "seeds": after[1]}
    return Measured(values)


def _rows() -> list[Row]:
    rows = []
    for noise in (0.2, 0.5):
        for words, sizes in (
            ("12 to 48 by 2", range(12, 49, 2)),
            ("8 to 96 by 4", range(8, 97, 4)),
            ("12 24 36 48", range(12, 49, 12)),
        ):
            for expected in (None, 48):
                said = f" expected {expected}" if expected else ""
                grows = partial(growing, tuple(sizes), expected)
                rows.append(Row(f"backlog {words}{said} s={noise}", partial(simulate, grows, sizes[-1], noise)))
        follows = partial(simulate, _follows, MOST_ADVISED, noise)
        rows.append(Row(f"backlog follows the advice s={noise}", follows))
    for most in (1, 2):
        rows.append(Row(f"backlog {most} deleted s=0.2", partial(simulate, partial(deleting, most), 24, 0.2)))
    rows.append(Row("backlog proxies added s=0.2", partial(added, 0.2)))
    return [*rows, Row("backlog looked at once s=0.2", partial(simulate, once, ONCE[-1], 0.2))]


ROWS: tuple[Row, ...] = tuple(_rows())
"""The rows of this part."""
