"""Does a certified proxy still order hypotheses as it promised? A test that stays valid however often it is looked at.

**What is tested.** That the proxy orders, of the pairs which the reference separates (over two standard errors), at
least the promised share as the reference does (`promised_rate`). Pairs are of a hypothesis that was drawn at random and
each one of the calibration's; and, in a second test, each one that was drawn from its stratum before: strata that lie
far apart agree with each other even if the order within one is arbitrary. Whoever was run in full because the proxy
liked it has no part in it: the best of many by a noisy score are those whose noise was kind.

**How.** By betting (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting"). One unit
is bet against the promise. Each drawn hypothesis multiplies the wealth by 1 + l (p m - a) / n: of n pairs, m are
separable, and a of these ordered alike; p is the promised rate. While the promise is kept no bet l in [0, 1 / (1 - p)]
makes wealth grow on average, so it ever exceeds 1 / e with probability e at most (Ville). All bets of a grid are held
in equal parts, so that the right one need not be known. The pairs of one hypothesis are one observation; their
dependence does not matter.

**Strata.** Each has wealth of its own, and what counts is the mean over the strata: a new kind of hypothesis on which
the proxy is wrong is not outvoted by those on which it is right.

**What is exact.** The first test, for the mean over all that may be drawn, given the calibration's hypotheses. The
second would be if the earlier ones of a stratum were new each time. `benchmarks/screening.py` measures both together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from assay.ranking.arrays import FloatArray
from assay.ranking.orders.separable_pairs import PairTable
from assay.ranking.scores import Scores

BETS = np.arange(1, 20) / 20
"""Shares of the wealth that are put at risk; all at risk would be lost by the first pair that is ordered alike."""

WITHIN_SHARE = 0.4
"""Part of the error probability that the test within the strata has. Without it nothing would find a kind that lies far
from the others, and is in no order itself."""


class Drawn(NamedTuple):
    """A hypothesis that was drawn to be audited."""

    hypothesis: str
    stratum: str


@dataclass(frozen=True)
class StratumAudit:
    """What the audits of one stratum have shown; once they revoke, what comes later counts for nothing."""

    stratum: str
    hypotheses: int
    """Drawn, and run on both arms."""
    pairs: int
    """That the reference separates, with the calibration's hypotheses."""
    alike: float | None
    """Share of these that the proxy orders alike; a pair tied in the proxy counts one half. None without pairs."""
    evidence: float
    """Wealth of the bets against the promise, times the test's part of the error; of the two tests, the larger. At 95 %
    confidence 20 revoke if there is one stratum; of several strata, one alone needs so many times as much."""


@dataclass(frozen=True)
class Audit:
    """Whether the audits revoke a certificate."""

    promised: float
    strata: tuple[StratumAudit, ...]
    revoked_after: int | None
    """Number of audited hypotheses, in the order in which they were drawn, that revoked it; None: it stands."""
    revoking: str | None
    """The stratum with the most evidence by then."""

    @property
    def revoked(self) -> bool:
        """Whether the promise is refuted."""
        return self.revoked_after is not None


def audit(
    reference: Scores,
    proxy: Scores,
    calibration: Sequence[str],
    drawn: Sequence[Drawn],
    strata: Sequence[str],
    *,
    promised: float,
    confidence: float,
) -> Audit:
    """Tests the promise with the hypotheses drawn so far, in the order in which they were drawn.

    Both tables hold the calibration's and the drawn hypotheses, with the same seeds. Those without a score in both arms
    at a common seed are passed over. `strata` are all that there are, also those that none was drawn from yet. Raises
    ValueError on a rate outside [.5, 1), a confidence outside (.5, 1), or a stratum that is not among `strata`.
    """
    if not 0.5 <= promised < 1:
        raise ValueError(f"promised: {promised}, allowed are values from 0.5 on and below 1")
    if not 0.5 < confidence < 1:
        raise ValueError(f"confidence: {confidence}, allowed are values between 0.5 and 1, both excluded")
    pairs = PairTable(reference, proxy, tuple(calibration))
    books = {stratum: _Book() for stratum in strata}
    bets = BETS / (1 - promised)
    error = 1 - confidence
    against, within = len(books) / (error * (1 - WITHIN_SHARE)), len(books) / (error * WITHIN_SHARE)
    counted, revoked_after, revoking = 0, None, None
    for one in drawn:
        if one.stratum not in books:
            raise ValueError(f"stratum {one.stratum!r} of {one.hypothesis!r} is not among {sorted(books)}")
        if not pairs.is_scored(one.hypothesis):
            continue
        counted += 1
        books[one.stratum].take(one.hypothesis, pairs, bets, promised)
        if (
            sum(book.wealth for book in books.values()) >= against
            or sum(book.wealth_within for book in books.values()) >= within
        ):
            revoked_after = counted
            revoking = max(books, key=lambda stratum: books[stratum].evidence)
            break
    found = tuple(book.summary(stratum) for stratum, book in books.items())
    return Audit(promised, found, revoked_after, revoking)


class _Book:
    """The bets of one stratum."""

    def __init__(self) -> None:
        self._taken: list[str] = []
        self._separable, self._alike = 0, 0.0
        self._log_wealth, self._log_within = np.zeros(len(BETS)), np.zeros(len(BETS))

    def take(self, hypothesis: str, pairs: PairTable, bets: FloatArray, promised: float) -> None:
        """Bet on one more hypothesis."""
        against = pairs.with_calibration(hypothesis)
        self._log_wealth += against.gains(bets, promised)
        self._log_within += pairs.with_others(hypothesis, self._taken).gains(bets, promised)
        self._separable += against.separable
        self._alike += against.alike
        self._taken.append(hypothesis)

    @property
    def wealth(self) -> float:
        """Of the first test."""
        return float(np.exp(self._log_wealth).mean())

    @property
    def wealth_within(self) -> float:
        """Of the test within the stratum."""
        return float(np.exp(self._log_within).mean())

    @property
    def evidence(self) -> float:
        """The larger of the two, each times its part of the error probability."""
        return max((1 - WITHIN_SHARE) * self.wealth, WITHIN_SHARE * self.wealth_within)

    def summary(self, stratum: str) -> StratumAudit:
        """What there is to say."""
        alike = self._alike / self._separable if self._separable else None
        return StratumAudit(stratum, len(self._taken), self._separable, alike, self.evidence)
