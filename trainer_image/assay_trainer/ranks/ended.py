"""How ranks end, and which of them the trial failed by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel

from assay_trainer.contract import Failure, FailureReason

_LIBRARIES = ("gloo", "nccl", "connection closed by peer", "connection reset by peer", "tcpstore")


class RankFailed(BaseModel):
    """The last words of a rank that failed."""

    failure: Failure
    at: float
    """When, in monotonic seconds."""
    lost_another: bool
    """Whether it only failed to reach another rank."""


class RankEnd(NamedTuple):
    """How the process of a rank ended. `said` is None if it ended well, or without a word: then `died` is how."""

    rank: int
    said: RankFailed | None
    died: str = ""
    out_of_memory: bool = False
    """Whether the kernel ended it for want of memory."""
    told: bool = False
    """Whether all ranks were told to end before."""

    @property
    def failed(self) -> bool:
        """Whether it did not end well."""
        return self.said is not None or bool(self.died)

    @property
    def stopped(self) -> bool:
        """Whether it ended since it was told to: by itself, without a word, or since another one had."""
        if self.said is not None and self.said.failure.reason is FailureReason.STOPPED:
            return True
        return self.told and (self.said is None or self.said.lost_another)


def lost_another_rank(error: BaseException) -> bool:
    """Return whether an error is that of a process whose connection to another one broke."""
    if any(kind.__module__ == "torch.distributed" or kind.__name__.startswith("Dist") for kind in type(error).__mro__):
        return True
    try:
        text = str(error)[:2000].lower()
    except Exception:  # noqa: BLE001 - anybody's class
        return False
    return isinstance(error, RuntimeError | ConnectionError) and any(name in text for name in _LIBRARIES)


def cause_of(ends: Sequence[RankEnd]) -> RankEnd | None:
    """Return the end that the others followed from; None if none failed.

    When a rank ends, those that wait for it fail to reach it. So whoever failed by itself comes before who died without
    a word, and both before who only lost another; among equals the first one counts.
    """
    return min((end for end in ends if end.failed), key=_precedence, default=None)


def _precedence(end: RankEnd) -> tuple[int, float, int]:
    if end.said is None:
        return 1, 0.0, end.rank
    return (2 if end.said.lost_another else 0), end.said.at, end.rank
