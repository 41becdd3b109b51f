"""What a certificate says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assay.ranking.certificates.criterion import TrustStatistic

Decision = Literal["Trusted", "NotTrusted", "Undecided"]


@dataclass(frozen=True)
class Certificate:
    """Whether a proxy may be trusted, and why. All values are of the look at which it was decided, or else the last."""

    decision: Decision
    statistic: TrustStatistic
    look: int
    """Which of the planned looks, from 1 on."""
    hypotheses: int
    """How many were used; as are the seeds."""
    seeds: int
    tau: float | None
    """Observed tau-b of the mean scores."""
    value: float | None
    """Of the statistic, as observed: tau; the share of separated pairs ordered alike; for WinnerRegret the probability
    if the observed orders were the true ones. None where an arm gives no order."""
    low: float | None
    """The test's interval of the true value; see the module `interval`. None where no test was possible."""
    high: float | None
    corrected: float | None
    """Estimate of the true value: from the observed tau, corrected for the seed noise of both arms."""
    p_value: float | None
    """Of the test that the true value is below the threshold, for all looks and proxies together: Trusted if and only
    if it is at most 1 - confidence (and the proxy was not refused before)."""
    noise_to_signal: tuple[float | None, float | None]
    """(reference, proxy): deviation of one seed's noise over that of the true scores; None if no signal is seen."""
    noise_correlation: float | None
    """Between the two arms' scores of the same hypothesis and seed, apart from hypothesis and seed effects."""
    tau_at_best: float | None
    """The observed tau to be expected, with this seed noise, of a proxy whose true order is the reference's."""
    noise_share: float | None
    """The share in [0, 1] of the observed disagreement, 1 - tau, that seed noise alone would make: near 1, the orders
    may well agree entirely; near 0, more seeds won't bring them closer. None without disagreement."""
    reason: str
    needed_hypotheses: int | None
    """About how many would certify with probability .8; None if it is decided, or if more can't be counted on."""
    needed_seeds: int | None
    """About how many seeds of these hypotheses would; None likewise."""
    needed_message: str
    """What it would take, in a sentence; empty if Trusted."""
    may_change: bool
    """Whether a later look is likely enough to decide (`certification.LIKELY_ENOUGH`); False once it is decided."""
