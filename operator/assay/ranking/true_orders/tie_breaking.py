"""Ties between studies: which of two with equally many concordant pairs shows the closer agreement.

The tau of few hypotheses takes few values. With eight, a proxy whose true tau is .8 agrees perfectly in .05 of all
studies, and with one pair less in .15. So a test by tau alone wastes most of its error. Here ties are broken by the
correlation of the ranks' normal scores, in which pairs far apart in rank count for more (van der Waerden 1952). Where
all pairs agree, so that ranks say no more, they are broken by Pearson's correlation of the mean scores. Nothing but the
tie is decided so: scores that are not normal can mislead by no more than the tie is worth, and by less, since a share
of it (`LEAST_SHARE`) is always kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.ranking.arrays import FloatArray, IntArray
from assay.ranking.orders.concordance import rounded_means
from assay.ranking.scores import Scores
from assay.ranking.true_orders.estimands import normal_scores
from assay.ranking.true_orders.tau_draws import TauDraws

LEAST_SHARE = 0.5
"""At least this share of the studies that are tied with the observed one counts as agreeing as closely."""

MOST_TIED_HYPOTHESES = 30
"""With more hypotheses a tie is worth too little to be broken."""

_STUDIES = 1500
_FEWEST_TIES = 20
_BLOCK_ELEMENTS = 1 << 18


@dataclass(frozen=True, eq=False)
class TiedStudies:
    """Simulated studies of normal scores, at any correlation, among which an observed study has its place."""

    own: FloatArray
    """(studies, hypotheses): the scores of the reference."""
    rest: FloatArray
    """(studies, hypotheses): the part of the proxy's scores that these don't explain."""
    taus: TauDraws
    """The same studies, to count concordant pairs in."""

    @classmethod
    def simulate(cls, hypotheses: int, generator: np.random.Generator) -> TiedStudies:
        """Simulate studies of 2 to `MOST_TIED_HYPOTHESES` hypotheses."""
        own, rest = generator.standard_normal((2, _STUDIES, hypotheses))
        return cls(own, rest, TauDraws.of(own, rest))

    def share(self, reference: Scores, proxy: Scores, concordant: int, correlation: float) -> float:
        """Return the share, in [LEAST_SHARE, 1], of tied studies that agree at least as closely as two arms do.

        The arms are balanced, neither is constant, and they order `concordant` pairs alike. The tied studies are those
        with as many concordant pairs where normal means have this `correlation`, in [-1, 1]. The share is 1 where
        hardly any study is tied.
        """
        simulated, close = self.at(correlation, concordant)
        if len(close) < _FEWEST_TIES:
            return 1.0
        if concordant == self.taus.pairs:
            observed = _correlation(reference.means, proxy.means)
        else:
            observed = _correlation(normal_scores(rounded_means(reference)), normal_scores(rounded_means(proxy)))
        return float(tie_shares(np.array([concordant]), observed[None], simulated, close)[0])

    def at(self, correlation: float, concordant: int | None = None) -> tuple[IntArray, FloatArray]:
        """Return (studies,) each, at this correlation in [-1, 1]: the number of concordant pairs, and `closeness`.

        `concordant`: only studies with so many concordant pairs are wanted; None: all are.
        """
        counts = self.taus.concordant_at(correlation)
        wanted = counts == concordant if concordant is not None else np.ones(len(counts), dtype=bool)
        own, rest = self.own[wanted], np.sqrt(1 - correlation**2) * self.rest[wanted]
        return counts[wanted], closeness(own, correlation * own + rest, counts[wanted])


def tie_shares(
    concordant: IntArray, closeness: FloatArray, simulated: IntArray, simulated_closeness: FloatArray
) -> FloatArray:
    """Return (observations,): `TiedStudies.share` of each observation, by the (studies,) simulated ones."""
    shares = np.ones(len(concordant))
    for count in np.unique(concordant):
        tied = np.sort(simulated_closeness[simulated == count])
        if len(tied) >= _FEWEST_TIES:
            alike = concordant == count
            # a study that differs by rounding alone is as close
            closer = len(tied) - np.searchsorted(tied, closeness[alike] - 1e-9)
            shares[alike] = (1 + closer) / (1 + len(tied))
    return np.maximum(shares, LEAST_SHARE)


def count_concordant(first: FloatArray, second: FloatArray) -> IntArray:
    """Return (studies,): the number of concordant pairs, of scores (studies, hypotheses) without ties."""
    above, below = np.triu_indices(first.shape[1], 1)
    counts = np.empty(len(first), dtype=np.int64)
    step = max(1, _BLOCK_ELEMENTS // max(len(above), 1))
    for start in range(0, len(first), step):
        rows = slice(start, start + step)
        differences = [scores[rows, above] - scores[rows, below] for scores in (first, second)]
        counts[rows] = (differences[0] * differences[1] > 0).sum(axis=1)
    return counts


def closeness(first: FloatArray, second: FloatArray, concordant: IntArray) -> FloatArray:
    """Return (studies,): what breaks ties between studies with so many concordant pairs.

    `first`, `second`: (studies, hypotheses) scores without ties.
    """
    hypotheses = first.shape[1]
    by_place = normal_scores(np.arange(hypotheses, dtype=np.float64))
    by_rank = _correlation(by_place[first.argsort().argsort()], by_place[second.argsort().argsort()])
    return np.where(concordant == hypotheses * (hypotheses - 1) // 2, _correlation(first, second), by_rank)


def _correlation(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return (...,): Pearson's correlation of scores (..., hypotheses) that are not constant."""
    first = first - first.mean(axis=-1, keepdims=True)
    second = second - second.mean(axis=-1, keepdims=True)
    correlation: FloatArray = (first * second).sum(axis=-1) / np.sqrt(
        (first * first).sum(axis=-1) * (second * second).sum(axis=-1)
    )
    return correlation
