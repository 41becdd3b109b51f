"""Simulated studies of hypotheses in families, to invert the tau test where a proxy goes wrong family by family.

In each study the disagreement of hypothesis k is f of its family plus e of its own, both normal. How large f is beside
e is not known. So each study is given the size at which its own analysis of variance shows what the observed
disagreement does: the sums of squares between and within families stand in the same ratio. Families that happen to be
misjudged alike thus count as what they may be, luck. The draws are generalised pivotal quantities (Weerahandi 1993);
few families leave the size open, and little is certified then.
"""

from __future__ import annotations

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.families import Families
from assay.ranking.true_orders.tau_draws import TauDraws

MOST_SIMULATED = 150
"""Of more hypotheses than this, as many are simulated, spread evenly over the families; the rest counts for nothing."""

LARGER = 1.5
"""The families' part is taken to be so many times larger than what matches. Without, .09 of the proxies that misjudge
six families are certified falsely instead of .05; see benchmarks/wild_kin.py."""

_ALL = 1e3
"""The size of the families' part where nothing else is to be seen."""
_NOTHING = 1e-9


def clustered_draws(
    reference: FloatArray, disagreement: FloatArray, families: Families, generator: np.random.Generator, draws: int
) -> tuple[TauDraws, FloatArray]:
    """Return simulated studies, and (draws,): the part in [0, 1] of the disagreement that families share in each.

    `reference`: (hypotheses,) its rounded means, whose order the simulated scores have, so that families stand in it
    where they do; `disagreement`: (hypotheses,), see `observed_disagreement`. There are at least two families, and one
    of them has two members.
    """
    reference, disagreement, families = _fewer(reference, disagreement, families)
    hypotheses = len(reference)
    own = np.sort(generator.standard_normal((draws, hypotheses)), axis=1)
    own = own[:, np.argsort(np.argsort(reference, kind="stable"), kind="stable")]
    single = generator.standard_normal((draws, hypotheses))
    shared = generator.standard_normal((draws, families.count))[:, families.of]
    size = _sizes(disagreement, families, single, shared)
    rest = (size[:, None] * shared + single) / np.sqrt(1 + size[:, None] ** 2)
    return TauDraws.of(own, rest), size**2 / (1 + size**2)


def _sizes(disagreement: FloatArray, families: Families, single: FloatArray, shared: FloatArray) -> FloatArray:
    """Return (draws,): a in a * shared + single that has the observed ratio of sums of squares, or 0 if none has."""
    between, within = (float(part) for part in families.squares(disagreement))
    if within <= _NOTHING * max(between, _NOTHING):
        return np.full(len(single), _ALL)
    of_single, rest = families.squares(single)
    of_shared, _ = families.squares(shared)
    both = ((shared - shared.mean(axis=1, keepdims=True)) * single).sum(axis=1)
    # a^2 of_shared + 2 a both + of_single = rest * between / within
    under_the_root = both**2 - of_shared * (of_single - rest * between / within)
    larger = (np.sqrt(np.maximum(under_the_root, 0.0)) - both) / np.maximum(of_shared, 1e-300)
    return np.where(under_the_root > 0, np.clip(LARGER * larger, 0.0, _ALL), 0.0)


def _fewer(
    reference: FloatArray, disagreement: FloatArray, families: Families
) -> tuple[FloatArray, FloatArray, Families]:
    hypotheses = len(reference)
    if hypotheses <= MOST_SIMULATED:
        return reference, disagreement, families
    by_family = np.argsort(families.of, kind="stable")
    kept = np.sort(by_family[np.linspace(0, hypotheses - 1, MOST_SIMULATED).astype(np.int64)])
    _, of = np.unique(families.of[kept], return_inverse=True)
    return reference[kept], disagreement[kept], Families(families.name, of.astype(np.int64))
