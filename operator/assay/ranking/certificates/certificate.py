"""What a certificate says of a proxy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assay.ranking.certificates.criterion import TrustStatistic
from assay.ranking.certificates.growing_backlogs import Wave

Decision = Literal["Trusted", "NotTrusted", "Undecided"]


@dataclass(frozen=True)
class Certificate:
    """Whether a proxy may be trusted, and why.

    All values are those of the look at which this was decided, or of the last look if it was not.
    """

    decision: Decision
    statistic: TrustStatistic
    look: int
    """The number of that look among the planned ones, from 1 on."""
    hypotheses: int
    """The number of hypotheses that were compared."""
    seeds: int
    """The number of seeds that they were compared at."""
    tau: float | None
    """The observed tau-b of the mean scores."""
    value: float | None
    """The statistic as observed: tau, or the share of separated pairs that are ordered alike; for WinnerRegret the
    probability if the observed orders were the true ones. None where an arm gives no order."""
    low: float | None
    """The lower end of the test's interval of the true value (see the module `interval`). None where no test was
    possible."""
    high: float | None
    """The upper end."""
    corrected: float | None
    """An estimate of the true value: from the observed tau, corrected for the seed noise of both arms."""
    p_value: float | None
    """The p-value of the hypothesis that the true value is below the threshold, for all looks and proxies together. A
    proxy is Trusted if and only if this is at most 1 - confidence (and the proxy was not refused before)."""
    noise_share: float | None
    """The share in [0, 1] of the observed disagreement, 1 - tau, that seed noise alone would make. Near 1, the orders
    may well agree entirely; near 0, more seeds won't bring them closer. None without disagreement."""
    reason: str
    """Why, in a clause."""
    needed_hypotheses: int | None
    """About how many hypotheses would certify with probability .8. None if this is decided, or if it can't be counted
    on that more would."""
    needed_seeds: int | None
    """About how many seeds of these hypotheses would; None likewise."""
    needed_message: str
    """What it would take, in a sentence; empty if Trusted."""
    may_change: bool
    """Whether a later look is likely enough to decide (`certification.LIKELY_ENOUGH`); False once this is decided."""
    wave: Wave
    """How much there was to see, as later looks must know it."""
    next_hypotheses: int | None
    """How many hypotheses the backlog has when it is looked at again; None once this is decided, or if never."""
    kin: str = ""
    """The label, or the key of recipes, by which hypotheses are kin; empty if none are."""
    families: int | None = None
    """The number of families; None if no hypotheses are kin."""
    effective_hypotheses: int | None = None
    """About how many unrelated hypotheses these are worth; None likewise."""
    standing_apart: tuple[str, ...] = ()
    """The hypotheses that the proxy plainly misjudges, the worst first: they disagree by more than their seeds explain,
    and by more than the others do. If none does, any is named with a probability of at most .05."""
