"""Rows of `in_the_wild.py`: hypotheses that are kin, noise that they share, proxies that are blind for some.

Three seeds, KendallTau at .8 with 95 % confidence, one look at one proxy. False: trusted where the true tau is .8;
power: trusted where it is .9, in a study of the same kind. Without: hypotheses count as unrelated, and interval and
noise are as for unrelated ones. The true tau is that of hypotheses of different families, in a backlog that goes on.

- families: of 36 hypotheses, each family is misjudged as one. With the label that names them, or with a key of the
  recipes that does.
- families nobody: a label, or a key, whose values have nothing to do with the scores (false says what it always does).
- shared: four fifths of the noise are shared by a family, in each arm for itself; families as above, and with nothing
  that tells them.
- sensitivity: the noise of a hypothesis is its own sensitivity times the seed's luck; alike in both arms, or not;
  free: alike, and the luck of both arms has a correlation of .97, as where a proxy is read from the reference's trials.
- blind: the proxy's score says nothing for a tenth of the hypotheses, rounded up; it is right about the others, as far
  as the true tau over all pairs allows. The power is that of the plain row.
- verdicts: all of 36 hypotheses are equal, and noise is shared as above; 3 to 10 seeds, with `clusterBy` and without.
  False: any verdict; power: the share of right verdicts where true scores have a spread of 3 times the noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal

import numpy as np
from wild_rows import Measured, Row

from assay.ranking import Criterion, Scores, compare_with_baseline
from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.certificates.evidence import bounding_correlations, draws_of_kin, tied_studies
from assay.ranking.certificates.look import Look
from assay.ranking.families import Families
from assay.ranking.memory import Memory
from assay.ranking.orders.tau import correlation_of
from assay.ranking.true_orders.kin import Kin
from assay.ranking.true_orders.tau_draws import TauDraws
from assay.ranking.true_orders.tie_breaking import TiedStudies
from assay.ranking.true_orders.true_correlation import NoiseDraws

TAU, GOOD, SEEDS = Criterion("KendallTau", 0.8, 0.95), 0.9, 3
HYPOTHESES, DRAWS, MAXIMUM = 36, 600, 10
SHARE_DRAWS = 25
"""So many studies in a row are tested with the same simulated studies, where their hypotheses are unrelated."""

Told = Literal["label", "key", "nothing"]
"""What says of which family a hypothesis is."""


@dataclass(frozen=True, eq=False)
class Arms:
    """A simulated study."""

    reference: FloatArray
    """(hypotheses, seeds)."""
    proxy: FloatArray
    families: IntArray
    """(hypotheses,): the family of each."""


class Unrelated(Look):
    """A look that takes hypotheses for unrelated, and their noise too."""

    families: Families | None = None
    standing_apart: tuple[str, ...] = ()
    noise_has_one_direction: bool = False

    @property
    def independent_noise(self) -> tuple[float, float]:
        """As many as there are."""
        return self.hypotheses - 1.0, self.hypotheses - 1.0


def a_look(kind: type[Look], arms: Arms, told: Told) -> Look:
    """Return the look at a study."""
    names, seeds = tuple(map(str, range(len(arms.families)))), tuple(range(SEEDS))
    of = tuple(zip(names, map(str, arms.families), strict=True))
    kin = () if told == "nothing" else (Kin("family", of, declared=told == "label"),)
    return kind(Scores(names, seeds, arms.reference), Scores(names, seeds, arms.proxy), TAU, _memory(), kin)


@lru_cache(maxsize=1)
def _memory() -> Memory:
    return Memory(64)


@lru_cache(maxsize=4)
def _draws(hypotheses: int, block: int) -> tuple[TauDraws, TiedStudies | None, NoiseDraws]:
    generator = np.random.default_rng((block, hypotheses))
    return (
        TauDraws.simulate(hypotheses, generator, DRAWS, ordered=True),
        tied_studies(hypotheses, generator),
        NoiseDraws.simulate((hypotheses - 1) * (SEEDS - 1), generator, DRAWS),
    )


def is_trusted(look: Look, number: int) -> bool:
    """Tell whether the proxy is trusted, in the study of this number."""
    if look.untested is not None:
        return False
    low, _ = bounding_correlations([look], *draws_of_kin(look, *_draws(look.hypotheses, number // SHARE_DRAWS)))
    return bool(1 + (low[:, 0] < look.trusted_from).sum() <= (1 - TAU.confidence) * (len(low) + 1))


def trusted(
    simulate: Callable[[float, np.random.Generator], Arms],
    told: Told,
    generator: np.random.Generator,
    number: int,
    _table: Path | None,
) -> Measured:
    """Judge a study whose true tau is .8, and one of .9, without and with."""
    values = {}
    for measure, tau in (("false", TAU.threshold), ("power", GOOD)):
        arms = simulate(tau, generator)
        values[f"{measure}_before"] = float(is_trusted(a_look(Unrelated, arms, told), number))
        values[measure] = float(is_trusted(a_look(Look, arms, told), number))
    return Measured(values)


def truth(
    tau: float, count: int, generator: np.random.Generator, share: float = 0.0, families: IntArray | None = None
) -> FloatArray:
    """Return (2, hypotheses): true scores with this tau; families share so much of the variance of what is wrong.

    What is wrong is laid onto the reference at a right angle, by an angle instead of a regression.
    """
    angle = float(np.arccos(correlation_of(tau)))
    own, wrong = generator.standard_normal((2, count))
    if families is not None:
        of_family = generator.standard_normal(int(families.max()) + 1)[families]
        wrong = np.sqrt(share) * of_family + np.sqrt(1 - share) * wrong
    scores: FloatArray = np.array([own, np.cos(angle) * own + np.sin(angle) * wrong])
    return scores


def in_families(
    count: int, noise: float, share: float, tau: float, generator: np.random.Generator, *, hypotheses: int = HYPOTHESES
) -> Arms:
    """Simulate families of about equal size, whose members come in any order; noise is of Laplace's shape."""
    families = generator.permutation(np.arange(hypotheses) % count)
    true = truth(tau, hypotheses, generator, share, families)
    scores = true[:, :, None] + generator.laplace(0, noise / np.sqrt(2), (2, hypotheses, SEEDS))
    scores += generator.standard_normal((2, 1, SEEDS))
    return Arms(scores[0], scores[1], families)


def sharing_noise(count: int, noise: float, tau: float, generator: np.random.Generator) -> Arms:
    """Simulate families that share four fifths of the noise, in each arm for itself."""
    families = generator.permutation(np.arange(HYPOTHESES) % count)
    true = truth(tau, HYPOTHESES, generator)
    scores = true[:, :, None] + shared_noise(families, noise, (2,), SEEDS, generator)
    return Arms(scores[0], scores[1], families)


def shared_noise(
    families: IntArray, noise: float, arms: tuple[int, ...], seeds: int, generator: np.random.Generator
) -> FloatArray:
    """Return (*arms, hypotheses, seeds): noise of which families share four fifths of the variance."""
    of_family = generator.standard_normal((*arms, int(families.max()) + 1, seeds))[..., families, :]
    own = generator.standard_normal((*arms, len(families), seeds))
    together: FloatArray = noise * (np.sqrt(0.8) * of_family + np.sqrt(0.2) * own)
    return together


def by_sensitivity(
    alike: bool, noise: float, tau: float, generator: np.random.Generator, *, shared: float = 0.0
) -> Arms:
    """Simulate noise that is the luck of a seed times how much a hypothesis feels it (a uniform number).

    `shared`: the correlation of the two arms' luck.
    """
    feels = np.sqrt(3) * generator.uniform(0, 1, (1 if alike else 2, HYPOTHESES, 1))
    luck = generator.standard_normal((2, 1, SEEDS))
    luck[1] = shared * luck[0] + np.sqrt(1 - shared**2) * luck[1]
    scores = truth(tau, HYPOTHESES, generator)[:, :, None] + noise * feels * luck
    return Arms(scores[0], scores[1], np.arange(HYPOTHESES))


def blind_for_a_tenth(hypotheses: int, tau: float, generator: np.random.Generator) -> Arms:
    """Simulate a proxy whose scores are drawn anew for a tenth, and right about the others as far as tau allows."""
    if tau > TAU.threshold:
        return in_families(hypotheses, 0.1, 0.0, tau, generator, hypotheses=hypotheses)
    blind = -(-hypotheses // 10)
    seeing = (hypotheses - blind) * (hypotheses - blind - 1) / (hypotheses * (hypotheses - 1))
    true = truth(min(tau / seeing, 1.0), hypotheses, generator)
    drawn = generator.choice(hypotheses, blind, replace=False)
    true[1, drawn] = generator.standard_normal(blind)
    scores = true[:, :, None] + 0.1 * generator.standard_normal((2, hypotheses, SEEDS))
    return Arms(scores[0], scores[1], np.arange(hypotheses))


def verdicts(count: int, generator: np.random.Generator, _number: int, _table: Path | None) -> Measured:
    """Compare hypotheses whose families share noise, without and with; once all equal, once of different scores."""
    families = generator.permutation(np.arange(HYPOTHESES) % count)
    noise = shared_noise(families, 1.0, (), MAXIMUM, generator)
    true = 3 * generator.standard_normal(HYPOTHESES)
    names, seeds, values = tuple(map(str, range(HYPOTHESES))), tuple(range(MAXIMUM)), {}
    for when, of in (("_before", None), ("", tuple(map(str, families)))):
        equal, different = (
            compare_with_baseline(
                Scores(names, seeds, level[:, None] + noise, of),
                names[0],
                smallest_effect=0.0,
                confidence=TAU.confidence,
                initial=SEEDS,
                maximum=MAXIMUM,
            )
            for level in (np.zeros(HYPOTHESES), true)
        )
        values[f"false{when}"] = float(any(each.verdict != "Inconclusive" for each in equal))
        wanted = ["Better" if true[at] > true[0] else "Worse" for at in range(1, HYPOTHESES)]
        right = [each.verdict == want for each, want in zip(different, wanted, strict=True)]
        values[f"power{when}"] = float(np.mean(right))
    return Measured(values)


def _row(
    name: str, simulate: Callable[[float, np.random.Generator], Arms], told: Told = "nothing", most_false: float = 0.06
) -> Row:
    return Row(f"kin {name}", partial(trusted, simulate, told), most_false)


_COUNTS = (3, 6, 12)
_TOLD: tuple[Told, ...] = ("label", "key", "nothing")
ROWS = (
    *(
        _row(f"{count} families {told}", partial(in_families, count, 0.2, 1.0), told, most_false)
        for told, most_false in zip(_TOLD, (0.06, 0.1), strict=False)
        for count in _COUNTS
    ),
    *(
        _row(f"{count} families nobody {told}", partial(in_families, count, 0.2, 0.0), told)
        for told in _TOLD[:2]
        for count in _COUNTS
    ),
    *(
        _row(
            f"{count} families shared s={noise} {told}",
            partial(sharing_noise, count, noise),
            told,
            0.1 if told == "nothing" else 0.06,
        )
        for noise in (1.0, 0.5)
        for count in _COUNTS
        for told in _TOLD
    ),
    *(
        _row(f"sensitivity {name} s={noise}", partial(by_sensitivity, alike, noise))
        for noise in (1.0, 0.5)
        for alike, name in ((True, "alike"), (False, "own"))
    ),
    *(
        _row(f"sensitivity free s={noise}", partial(by_sensitivity, True, noise, shared=0.97), most_false=0.07)
        for noise in (1.0, 0.5)
    ),
    _row("plain s=0.2", partial(in_families, HYPOTHESES, 0.2, 0.0)),
    _row("plain s=0.5", partial(in_families, HYPOTHESES, 0.5, 0.0)),
    *(
        _row(f"blind for a tenth of {hypotheses}", partial(blind_for_a_tenth, hypotheses), "nothing", most_false)
        for hypotheses, most_false in ((12, 0.2), (24, 0.08), (36, 0.08))
    ),
    *(Row(f"kin verdicts {count} families shared", partial(verdicts, count)) for count in (2, *_COUNTS)),
)
