"""From the rows of a file to the runs of a table, or to what is wrong with them. Pure."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from assay.api.errors import InvalidInput, Problem
from assay.recorded.table import RecordedRun


class Row(NamedTuple):
    """One recorded run as a file has it; `arm` may be a size."""

    hypothesis: Any
    arm: Any
    seed: Any
    cost: Any
    score: Any


def runs_of(rows: Iterable[Row], *, sizes: bool, place: str) -> dict[tuple[str, str, int], RecordedRun]:
    """Return the runs by (hypothesis, arm or size, seed); `place` is the file. Raises InvalidInput.

    Names of hypotheses become DNS labels, as resources have them. Seeds may be anything that has an order, and are
    numbered from 0 in that order. A run that is recorded several times is averaged, its score over those that have one.
    """
    rows = tuple(rows)
    for row in rows:
        if (wrong := _wrong(row, sizes)) is not None:
            column, given, allowed = wrong
            run = f"{row.hypothesis}, {'size' if sizes else 'arm'} {row.arm}, seed {row.seed}"
            raise InvalidInput([Problem(place, column, f"{given!r} in the row of {run}", allowed)])
    names = _names({row.hypothesis for row in rows}, place)
    numbers = {seed: number for number, seed in enumerate(sorted({row.seed for row in rows}))}
    runs: dict[tuple[str, str, int], list[Row]] = defaultdict(list)
    for row in rows:
        runs[names[row.hypothesis], str(row.arm), numbers[row.seed]].append(row)
    return {key: _mean(same) for key, same in runs.items()}


def resource_name(text: str) -> str:
    """Return `text` as a DNS label: in lower case, with dashes for all else. Empty if it has no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")


def _wrong(row: Row, sizes: bool) -> tuple[str, Any, str] | None:
    """Return the first column that can't be used, what it has, and what it may have; None if all can."""
    cost, score, size = _number(row.cost), _number(row.score), _number(row.arm)
    is_named = row.hypothesis is not None and bool(resource_name(str(row.hypothesis)))
    has_size = size is not None and 0 < size < math.inf
    has_seed = row.seed is not None and row.seed == row.seed  # not NaN
    has_cost = cost is not None and 0 <= cost < math.inf
    checks = (
        (is_named, "hypothesis", row.hypothesis, "a name with a letter or digit"),
        (has_size or not sizes, "size", row.arm, "a training size above 0"),
        (sizes or row.arm is not None, "arm", row.arm, "a name in every row"),
        (has_seed, "seed", row.seed, "a seed in every row"),
        (has_cost, "cost", row.cost, "a number of seconds, 0 or more"),
        (row.score is None or score is not None, "score", row.score, "a number, or nothing if the run failed"),
    )
    return next(((column, given, allowed) for is_right, column, given, allowed in checks if not is_right), None)


def _names(hypotheses: Iterable[Any], place: str) -> dict[Any, str]:
    """Return the resource name of each hypothesis. Raises InvalidInput if two have the same."""
    names: dict[Any, str] = {}
    owners: dict[str, Any] = {}
    for hypothesis in sorted(hypotheses, key=str):
        name = resource_name(str(hypothesis))
        other = owners.setdefault(name, hypothesis)
        if other != hypothesis:
            given = f"{other!r} and {hypothesis!r}, which as a resource's name are both {name}"
            allowed = "names that differ in their first 63 characters of a-z, 0-9 and -"
            raise InvalidInput([Problem(place, "hypothesis", given, allowed)])
        names[hypothesis] = name
    return names


def _mean(same: Sequence[Row]) -> RecordedRun:
    scores = [score for row in same if (score := _number(row.score)) is not None and math.isfinite(score)]
    return RecordedRun(fmean(float(row.cost) for row in same), fmean(scores) if scores else None)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
