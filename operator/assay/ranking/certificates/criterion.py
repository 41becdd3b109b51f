"""The criterion by which a proxy is trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

TrustStatistic = Literal["KendallTau", "DecisionAccuracy", "WinnerRegret"]

_THRESHOLDS: dict[str, float] = {"KendallTau": -1.0, "DecisionAccuracy": 0.5, "WinnerRegret": 0.0}
"""Thresholds are above these and below 1. Guessing has a decision accuracy of one half."""


@dataclass(frozen=True)
class Criterion:
    """A statistic of the true orders (those over all seeds), the threshold that it must reach, and how sure that is.

    - KendallTau: tau of the hypotheses' true scores in both arms, in the backlog that they come from: these hypotheses
      and later ones.
    - DecisionAccuracy: the share of pairs that the proxy orders as the reference does, among the pairs that the
      reference separates, which are over two standard errors apart.
    - WinnerRegret: the probability that the proxy's first `promote`, of as many hypotheses as these, include one that
      is within `smallest_effect` of the best.
    """

    statistic: TrustStatistic
    threshold: float
    """In (-1, 1) for KendallTau, (.5, 1) for DecisionAccuracy, (0, 1) for WinnerRegret."""
    confidence: float
    """In [.5, 1). Each of the two decisions is wrong with a probability of at most 1 - confidence."""
    smallest_effect: float = 0.0
    """In the metric's units, at least 0. With 0 only the best itself will do. WinnerRegret alone uses it."""
    promote: int = 3
    """How many of the proxy's first are looked at; at least 1. WinnerRegret alone uses it."""

    def __post_init__(self) -> None:
        """Raises ValueError on a value out of range."""
        if self.statistic not in get_args(TrustStatistic):
            raise ValueError(f"statistic: {self.statistic!r}, allowed are {', '.join(get_args(TrustStatistic))}")
        least = _THRESHOLDS[self.statistic]
        if not least < self.threshold < 1:
            raise ValueError(
                f"threshold: {self.threshold}, allowed are values between {least:g} and 1, both excluded, "
                f"for {self.statistic}"
            )
        if not 0.5 <= self.confidence < 1:
            raise ValueError(f"confidence: {self.confidence}, allowed are values from 0.5 to 1, 1 excluded")
        if not 0 <= self.smallest_effect < float("inf"):
            raise ValueError(f"smallest_effect: {self.smallest_effect}, allowed are finite values from 0 on")
        if self.promote < 1:
            raise ValueError(f"promote: {self.promote}, allowed are whole numbers from 1 on")

    @property
    def error(self) -> float:
        """The error probability: 1 - confidence."""
        return 1 - self.confidence

    @property
    def quantity(self) -> str:
        """The quantity that must reach the threshold, in words."""
        if self.statistic == "KendallTau":
            return "the true tau"
        if self.statistic == "DecisionAccuracy":
            return "the true decision accuracy"
        first = "the proxy's first" if self.promote == 1 else f"one of the proxy's first {self.promote}"
        within = f"within {self.smallest_effect:g} of the best" if self.smallest_effect else "the best"
        return f"the probability that {first} is {within}"
