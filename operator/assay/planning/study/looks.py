"""The looks of a study, with what was edited after earlier ones taken into account: so that the error goes on being
spent, and does not start anew.

Only what was seen on the study's present ground counts (its code, recipe, data, and reference): on another one all
trials ran anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypedDict

from assay.planning.records.edit_log import INITIAL, MAXIMUM, EditRecord, Value, known_scores

if TYPE_CHECKING:
    from assay.api.resources import Seeds


class LooksNamed(TypedDict):
    """See `Looks.named`."""

    initial: int
    maximum: int
    earlier_maxima: tuple[int, ...]
    removed: int


@dataclass(frozen=True)
class Looks:
    """At which numbers of seeds scores are looked at, with the error spent over all of them."""

    initial: int
    """The number of seeds at the first look: as it was when scores were first looked at."""
    maximum: int
    """The number at the last one: the largest there has been."""
    earlier_maxima: tuple[int, ...] = ()
    """The maxima that there were before, rising."""
    removed: int = 0
    """How many hypotheses had scores, and are not in the study any more."""

    @property
    def named(self) -> LooksNamed:
        """The looks as the statistics take them (`assay.ranking`), by the names of their parameters."""
        return {
            "initial": self.initial,
            "maximum": self.maximum,
            "earlier_maxima": self.earlier_maxima,
            "removed": self.removed,
        }

    def after(self, seeds: int) -> Looks:
        """Return the looks of those who are compared by the seeds from this one on alone."""
        earlier = tuple(each - seeds for each in self.earlier_maxima if each - seeds >= self.initial)
        return Looks(self.initial, self.maximum - seeds, earlier, self.removed)


def looks_of(seeds: Seeds, log: Sequence[EditRecord], ground: str, present: frozenset[str]) -> Looks:
    """Return the looks of a study: `seeds` as they are now, what was seen before, what the study runs at the reference
    whatever the hypothesis, and the digests of what its hypotheses run there."""
    seen = [record for record in log if record.ground == ground]
    looked = [
        (initial, maximum)
        for record, until in pairwise([*seen, None])
        if record is not None
        and (initial := _number(record.judged_by.get(INITIAL))) is not None
        and (maximum := _number(record.judged_by.get(MAXIMUM))) is not None
        and initial <= maximum
        and (until is not None and until.seeds >= initial)
    ]
    initial = looked[0][0] if looked else seeds.initial
    rising: list[int] = []
    for maximum in (*(maximum for _, maximum in looked), seeds.maximum):
        if maximum >= initial and (not rising or maximum > rising[-1]):
            rising.append(maximum)
    # where the first number is above all that are allowed now, there is one look
    rising = rising or [initial]
    gone = {runs for _, runs in known_scores(seen)} - present
    return Looks(initial, rising[-1], tuple(rising[:-1]), len(gone))


def fresh_from(log: Sequence[EditRecord], ground: str, baseline: str, runs: str) -> int:
    """Return the number of the first seed by which hypotheses are compared with the baseline: 0, unless it was chosen
    when it had scores already. These would favour it: then seeds count that nobody had at that time."""
    seen = [record for record in log if record.ground == ground]
    for position, record in enumerate(seen):
        if (record.baseline, record.baseline_runs) == (baseline, runs):
            had = {runs for _, runs in known_scores(seen[: position + 1])}
            return record.seeds if position and runs in had else 0
    return 0


def _number(value: Value) -> int | None:
    """Return the value as a number of seeds; None if it is none, whoever wrote it."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 2 <= value <= _MOST else None


_MOST = 100
"""The most seeds that a spec may ask for."""
