"""Does a certified proxy still order hypotheses as it promised? A test that stays valid however often it is looked at.

**What is tested.** That the proxy orders, of the pairs which the reference separates (over two standard errors), at
least the promised share as the reference does (`promised_rate`): pairs of a hypothesis that was drawn at random and one
of the calibration's, and pairs of two that were drawn from the same stratum. Whoever was run in full because the proxy
liked it has no part in it: the best of many by a noisy score are those whose noise was kind.

**How.** By betting (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting"). One unit is
bet against the promise. Each drawn hypothesis multiplies the wealth by 1 + l (p m - a) / n: of n pairs with the
calibration's, m are separable, and a of these ordered alike; p is the promised rate. While the promise is kept no bet l
in [0, 1 / (1 - p)] makes wealth grow on average, so it ever reaches 1 / e with probability e at most (Ville). All bets
of a grid are held in equal parts, so that neither the right one need be known nor the order of the hypotheses matter.

**Strata.** Each has wealth of its own, and what counts is the mean over the strata: a new kind of hypothesis on which
the proxy is wrong is not outvoted by those on which it is right. Two strata whose hypotheses lie far apart agree with
each other even if the order within one is arbitrary; so disjoint pairs within each stratum are a second test, which
has a quarter of the error probability.

**Given the calibration's hypotheses**, pairs of one drawn hypothesis with all of them are one observation; the drawn
ones are independent, and no independence of pairs is assumed. `benchmarks/screening.py` measures the errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy

from assay.ranking.agreement import SEPARATED
from assay.ranking.ceiling import reliability
from assay.ranking.distributions import normal_density
from assay.ranking.scores import FloatArray, Scores, balanced
from assay.ranking.tau_distribution import correlation_of

BETS = np.arange(1, 20) / 20
"""Shares of the wealth that are put at risk; all at risk would be lost by the first pair that is ordered alike."""

WITHIN_SHARE = 0.25
"""Part of the error probability that the pairs within the strata have."""


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
    """Wealth of this stratum's bets against the promise, the larger of the two tests: 1 is none; 20 would by itself
    revoke at 95 % confidence, were it the only stratum and the only test."""


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


def promised_rate(statistic: str, threshold: float, reference: Scores, proxy: Scores) -> float:
    """Which share of separable pairs a certificate promises to be ordered alike, in [.5, 1).

    `statistic`: "KendallTau" promises the lesser of (1 + threshold) / 2, the share of all pairs, and the share of the
    separable ones that normal scores of this tau have at the noise that the calibration (`reference`, `proxy`) shows:
    a proxy noisier than the reference orders fewer. "DecisionAccuracy" promises its threshold. "WinnerRegret" promises
    nothing about pairs; then it is two standard errors (jackknife over hypotheses) less than the calibration showed.
    """
    if statistic == "DecisionAccuracy":
        return float(np.clip(threshold, 0.5, _MOST))
    reference, proxy = balanced(reference, proxy)
    if statistic == "KendallTau":
        rate = (1 + threshold) / 2
        if len(reference.hypotheses) > 1 and len(reference.seeds) > 1:
            signal = [max(reliability(arm), _LEAST_RELIABLE) for arm in (reference, proxy)]
            observed = float(correlation_of(threshold)) * np.sqrt(signal[0] * signal[1])
            rate = min(rate, _separable_rate(observed, SEPARATED * np.sqrt(1 - signal[0])))
    elif statistic == "WinnerRegret":
        rate = _rate_less_two_errors(reference, proxy)
    else:
        raise ValueError(f"statistic: {statistic!r}, allowed are KendallTau, DecisionAccuracy and WinnerRegret")
    return float(np.clip(rate, 0.5, _MOST))


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
    pairs = _Pairs(reference, proxy, tuple(calibration))
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


class _Pairs:
    """Which pairs the reference separates, and which of these the proxy orders alike."""

    def __init__(self, reference: Scores, proxy: Scores, calibration: tuple[str, ...]) -> None:
        self._row = {name: row for row, name in enumerate(reference.hypotheses)}
        self._reference = reference.values
        self._proxy = proxy.restricted(reference.hypotheses, reference.seeds).values
        self._present = ~np.isnan(self._reference) & ~np.isnan(self._proxy)
        self._calibration = np.array([self._row[name] for name in calibration if self.is_scored(name)], dtype=np.int64)
        noise = reference.restricted(calibration).noise
        self._variance = noise.variance if noise is not None else np.nan

    def is_scored(self, hypothesis: str) -> bool:
        """Whether it has a score in both arms at one seed at least."""
        return bool(self._present[self._row[hypothesis]].any())

    def with_calibration(self, hypothesis: str) -> tuple[int, int, float]:
        """Pairs with the calibration's hypotheses, how many are separable, and how many of these are ordered alike."""
        return (len(self._calibration), *self._count(hypothesis, self._calibration))

    def of_two(self, first: str, second: str) -> tuple[int, float]:
        """1 and whether ordered alike if separable, else 0 and 0."""
        return self._count(first, np.array([self._row[second]]))

    def _count(self, hypothesis: str, others: np.ndarray) -> tuple[int, float]:
        own = self._row[hypothesis]
        common = self._present[own] & self._present[others]
        seeds = common.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            ours, theirs = (
                np.where(common, arm[own] - arm[others], 0.0).sum(axis=1) / seeds
                for arm in (self._reference, self._proxy)
            )
            # a pair just on the line is not separated, whichever way its last bit was rounded
            line = SEPARATED * np.sqrt(2 * self._variance / seeds) * (1 + 1e-9)
            separable = (seeds > 0) & (np.abs(ours) > line)
        alike = 0.5 + 0.5 * np.sign(ours[separable]) * np.sign(theirs[separable])
        return int(separable.sum()), float(alike.sum())


class _Book:
    """The bets of one stratum."""

    def __init__(self) -> None:
        self._hypotheses = self._pairs = 0
        self._alike = 0.0
        self._log_wealth, self._log_within = np.zeros(len(BETS)), np.zeros(len(BETS))
        self._unpaired: str | None = None

    def take(self, hypothesis: str, pairs: _Pairs, bets: FloatArray, promised: float) -> None:
        """Bet on one more hypothesis."""
        self._hypotheses += 1
        total, separable, alike = pairs.with_calibration(hypothesis)
        self._pairs += separable
        self._alike += alike
        if total:
            self._log_wealth += np.log1p(bets * (promised * separable - alike) / total)
        if self._unpaired is None:
            self._unpaired = hypothesis
        else:
            separable, alike = pairs.of_two(self._unpaired, hypothesis)
            self._log_within += np.log1p(bets * (promised * separable - alike))
            self._unpaired = None

    @property
    def wealth(self) -> float:
        """Of the pairs with the calibration's hypotheses."""
        return float(np.exp(self._log_wealth).mean())

    @property
    def wealth_within(self) -> float:
        """Of the pairs within the stratum."""
        return float(np.exp(self._log_within).mean())

    @property
    def evidence(self) -> float:
        """The larger of the two, each times its part of the error probability."""
        return max((1 - WITHIN_SHARE) * self.wealth, WITHIN_SHARE * self.wealth_within)

    def summary(self, stratum: str) -> StratumAudit:
        """What there is to say."""
        alike = self._alike / self._pairs if self._pairs else None
        return StratumAudit(stratum, self._hypotheses, self._pairs, alike, self.evidence)


_MOST = 0.995
"""A promise of 1 would be broken by one pair that noise turned round."""
_LEAST_RELIABLE = 0.01
"""Scores that show no signal at all have no correlation to speak of."""


def _separable_rate(correlation: float, line: float) -> float:
    """Share of pairs ordered alike, of those whose standard normal difference is over `line`, at this correlation."""
    z = line + np.linspace(0.0, 8.0, 801)
    density = normal_density(z)
    alike = scipy.special.ndtr(z * correlation / np.sqrt(max(1 - correlation**2, 1e-12)))
    return float((density * alike).sum() / density.sum())


def _rate_less_two_errors(reference: Scores, proxy: Scores) -> float:
    """Share of the separable pairs ordered alike, less two jackknife standard errors; .5 without such pairs."""
    table = _Pairs(reference, proxy, reference.hypotheses)
    counts = np.array([table.with_calibration(name)[1:] for name in reference.hypotheses]).reshape(-1, 2)
    pairs, alike = counts.sum(axis=0) / 2
    if pairs == 0:
        return 0.5
    hypotheses = len(counts)
    left = pairs - counts[:, 0]
    without = (alike - counts[:, 1])[left > 0] / left[left > 0]
    error = np.sqrt((hypotheses - 1) / hypotheses * ((without - without.mean()) ** 2).sum()) if len(without) else 1.0
    return float(alike / pairs - 2 * error)
