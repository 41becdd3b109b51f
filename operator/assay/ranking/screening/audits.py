"""Audits: a test of whether a certified proxy still orders hypotheses as promised, valid however often one looks.

**What is tested.** Whether, of the pairs that the reference separates (`orders.separation`), the proxy orders at least
the promised share as the reference does (`promised_rate`). In the first test a pair consists of a hypothesis that was
drawn at random and one of the calibration's. In the second it consists of two hypotheses that were drawn from the same
stratum, since strata that lie far apart agree with each other even if the order within one is arbitrary. A hypothesis
that ran in full because the proxy ranked it high has no part in either test: the best of many by a noisy score are
those whose noise was in their favour.

**How.** By betting (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting"). One unit
is bet against the promise. Each drawn hypothesis multiplies the wealth by 1 + b (p m - a) / N, where m of its N pairs
are separable, a of these are ordered alike, and p is the promised rate. While the promise is kept, no bet b in
[0, 1 / (1 - p)] makes the wealth grow on average, so the probability that it ever exceeds 1 / e is at most e (Ville's
inequality). All bets of a grid are held in equal parts, so that the right one need not be known. The pairs of one
hypothesis are one observation, so their dependence does not matter.

**Strata.** Each stratum has wealth of its own, and what counts is the mean over the strata. So a new kind of hypothesis
on which the proxy is wrong is not outvoted by those on which it is right.

**What is exact.** The first test is exact for the mean over all hypotheses that may be drawn, given the calibration's.
The second would be if the earlier hypotheses of a stratum were new each time. `benchmarks/screening.py` measures both
together.
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
"""The shares of the wealth that are put at risk. At 1 the first pair that is ordered alike would lose it all."""

WITHIN_SHARE = 0.4
"""The part of the error probability that the test within the strata has. Without that test nothing would find a kind of
hypotheses that lies far from the others, and among which the proxy's order is arbitrary."""


class Drawn(NamedTuple):
    """A hypothesis that was drawn to be audited, and its stratum."""

    hypothesis: str
    stratum: str


@dataclass(frozen=True)
class StratumAudit:
    """What the audits of one stratum have shown. Once they revoke the certificate, nothing later is counted."""

    stratum: str
    hypotheses: int
    """The number of hypotheses that were drawn and have run on both arms."""
    pairs: int
    """The number of their pairs with the calibration's hypotheses that the reference separates."""
    alike: float | None
    """The share of these that the proxy orders alike; a pair tied in the proxy counts one half. None without pairs."""
    evidence: float
    """The wealth of the bets against the promise, times the test's part of the error; the larger of the two tests'. At
    95 % confidence 20 revokes the certificate where there is one stratum; of several, one alone needs as many times
    that."""


@dataclass(frozen=True)
class Audit:
    """Whether the audits revoke a certificate."""

    promised: float
    strata: tuple[StratumAudit, ...]
    revoked_after: int | None
    """The number of audited hypotheses, in the order of drawing, after which it was revoked; None: it stands."""
    revoking: str | None
    """The stratum with the most evidence at that time."""

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
    """Test the promise with the hypotheses drawn so far, in the order in which they were drawn.

    Both tables hold the calibration's and the drawn hypotheses, with the same seeds. A hypothesis without a score in
    both arms at a common seed is passed over. `strata`: all there are, also those that no hypothesis was drawn from
    yet. Raises ValueError on a rate outside [.5, 1), a confidence outside (.5, 1), or a stratum not among `strata`.
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
    """The account of the bets on one stratum."""

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
        """The wealth of the first test."""
        return float(np.exp(self._log_wealth).mean())

    @property
    def wealth_within(self) -> float:
        """The wealth of the test within the stratum."""
        return float(np.exp(self._log_within).mean())

    @property
    def evidence(self) -> float:
        """The larger of the two wealths, each times its test's part of the error probability."""
        return max((1 - WITHIN_SHARE) * self.wealth, WITHIN_SHARE * self.wealth_within)

    def summary(self, stratum: str) -> StratumAudit:
        """Summarize what was found."""
        alike = self._alike / self._separable if self._separable else None
        return StratumAudit(stratum, len(self._taken), self._separable, alike, self.evidence)
