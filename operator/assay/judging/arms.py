"""Which arm of a table is the reference, and which others are judged beside it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING

from assay.api.bounds import first_of
from assay.api.errors import InvalidInput, Problem, nearest
from assay.api.resources import MOST_PROXIES
from assay.recorded.columns.names import name_of

if TYPE_CHECKING:
    from assay.judging.options import JudgingOptions
    from assay.recorded.table import Table

_FULL = ("reference", "full")
_NAMED = 8


@dataclass(frozen=True)
class JudgedArms:
    """The reference and its proxies, by their names in the table, and what is to be said of the choice."""

    reference: str
    proxies: tuple[str, ...]
    said: tuple[str, ...] = ()


def arms_judged(table: Table, options: JudgingOptions) -> JudgedArms:
    """Choose the arms. Raises InvalidInput where a table does not tell which of them is the reference.

    Which proxies are kept where there are too many depends on their names, costs and numbers of runs, and never on a
    score: else the best of many would be trusted too often.
    """
    arms = _Arms(table)
    reference, why = _reference(arms, options)
    said = [f"The reference is {arms.shown(reference)}{why}."] if len(table.arms) > 1 else []
    if options.proxies:
        wanted = tuple(dict.fromkeys(_called(arms, each, options, "proxy") for each in options.proxies))
        proxies = tuple(each for each in wanted if each != reference)
        if not proxies:
            given = f"only {arms.shown(reference)}, which is the reference"
            raise InvalidInput([Problem(options.place, options.called("proxy"), given, "other arms")])
        if len(proxies) > MOST_PROXIES:
            allowed = f"at most {MOST_PROXIES} besides the reference: they share the error"
            raise InvalidInput([Problem(options.place, options.called("proxy"), f"{len(proxies)} arms", allowed)])
        return JudgedArms(reference, proxies, tuple(said))
    others = [each for each in arms.ordered if each != reference]
    proxies = _spread(arms, others)
    if len(proxies) < len(others):
        how = "spread over all of them" if arms.numbers else "those with the most runs"
        named = first_of([arms.shown(each) for each in proxies], _NAMED)
        said.append(
            f"There are {len(others)} other arms, and a study has at most {MOST_PROXIES}: judged are {how} ({named}). "
            f"{options.called('proxy')} chooses others."
        )
    return JudgedArms(reference, proxies, tuple(said))


def labelled(table: Table, arm: str) -> str:
    """Return what the table calls an arm, for use in a sentence: of a number with what it is the number of."""
    shown, column = table.shown_arm(arm), table.arm_column
    return f"{name_of(column).own} {shown}" if column not in ("", "arm") and number_of(shown) is not None else shown


@dataclass(frozen=True)
class _Arms:
    """The arms of a table, with what tells them apart."""

    table: Table

    def shown(self, arm: str) -> str:
        return labelled(self.table, arm)

    @cached_property
    def numbers(self) -> Mapping[str, float]:
        """The numbers that the arms are; empty if any of them is none."""
        found = {arm: number_of(self.table.shown_arm(arm)) for arm in self.table.arms}
        known = {arm: number for arm, number in found.items() if number is not None}
        return known if len(known) == len(found) else {}

    @cached_property
    def costs(self) -> Mapping[str, float]:
        """The mean cost of a run, by arm; empty unless every arm has one."""
        seconds: dict[str, list[float]] = defaultdict(list)
        for (_, arm, _), run in self.table.runs.items():
            if run.cost is not None and run.score is not None:
                seconds[arm].append(run.cost)
        found = {arm: fmean(each) for arm, each in seconds.items()}
        return found if len(found) == len(self.table.arms) else {}

    @cached_property
    def runs(self) -> Mapping[str, int]:
        """How many runs each arm has."""
        found: dict[str, int] = defaultdict(int)
        for _, arm, _ in self.table.runs:
            found[arm] += 1
        return found

    @cached_property
    def ordered(self) -> Sequence[str]:
        """All arms: the smaller number first, else the cheaper one, else by name."""
        return sorted(self.table.arms, key=lambda arm: (self.numbers.get(arm, 0.0), self.costs.get(arm, 0.0), arm))


def _reference(arms: _Arms, options: JudgingOptions) -> tuple[str, str]:
    """Return the reference, and how it was found, for a sentence that names it."""
    table = arms.table
    if options.reference is not None:
        return _called(arms, options.reference, options, "reference"), ""
    if len(table.arms) == 1:
        return table.arms[0], ""
    chooses = f"; {options.called('reference')} chooses another"
    for word in _FULL:
        for arm in table.arms:
            if table.shown_arm(arm).lower() == word:
                return arm, f", by its name{chooses}"
    if arms.numbers:
        return max(arms.ordered, key=arms.numbers.__getitem__), f", the largest{chooses}"
    dearest = sorted(arms.costs, key=arms.costs.__getitem__)[-2:]
    if len(dearest) == 2 and arms.costs[dearest[0]] < arms.costs[dearest[1]]:
        return dearest[1], f", whose runs cost most{chooses}"
    given = "no reference, and neither names, numbers nor costs of the arms tell which it is"
    raise InvalidInput([Problem(options.place, options.called("reference"), given, _one_of(arms))])


def _called(arms: _Arms, text: str, options: JudgingOptions, option: str) -> str:
    found = arms.table.arm_called(text)
    if found is None:
        number = number_of(text)
        found = next((arm for arm, own in arms.numbers.items() if own == number), None)
    if found is None:
        shown = [arms.table.shown_arm(arm) for arm in arms.ordered]
        raise InvalidInput(
            [Problem(options.place, options.called(option), repr(text), _one_of(arms), nearest(text, shown))]
        )
    return found


def _one_of(arms: _Arms) -> str:
    return f"an arm of the table: {first_of([arms.table.shown_arm(arm) for arm in arms.ordered], _NAMED)}"


def _spread(arms: _Arms, others: Sequence[str]) -> tuple[str, ...]:
    """Return at most so many as a study may have: of numbers evenly spread ones, else those with the most runs."""
    if len(others) <= MOST_PROXIES:
        return tuple(others)
    if arms.numbers:
        last = len(others) - 1
        return tuple(others[round(step * last / (MOST_PROXIES - 1))] for step in range(MOST_PROXIES))
    most = set(sorted(others, key=lambda arm: (-arms.runs[arm], arm))[:MOST_PROXIES])
    return tuple(each for each in others if each in most)


def number_of(text: str) -> float | None:
    """Return the number that a name is, also with a decimal comma; None if it is none."""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
