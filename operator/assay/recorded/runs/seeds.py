"""Numbers of seeds: runs that share a seed share a number, as far as the table says who does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from assay.api.errors import InvalidInput, Problem
from assay.recorded.columns.meanings import Meanings
from assay.recorded.text import counted, quoted

CELL = ["hypothesis", "arm"]
MOST = 1000
"""Runs of one hypothesis on one arm: with more, the columns have been mistaken."""


class Numbered(NamedTuple):
    """Rows with a `number`, from 0; `paired` says whether any two runs of one number on an arm have one seed."""

    rows: pl.DataFrame
    paired: bool
    said: str


def numbered(rows: pl.DataFrame, meanings: Meanings, place: str) -> Numbered:
    """Number the runs of each cell (hypothesis, arm). Raises InvalidInput if there are too many of them.

    Where there are no more seeds than runs of a cell, each seed has its number. Else some seeds are of few cells: then
    the seeds that the most cells have keep a number each, on all arms or on theirs, and all other runs get what is left
    in their cell, if possible the same on all arms of their hypothesis: noise that arms share must not look like
    agreement. To pair runs of hypotheses that share nothing makes no comparison wrong, only no sharper.
    """
    most = rows.group_by(CELL).len().sort("len", *CELL, descending=[True, False, False]).row(0, named=True)
    if most["len"] > MOST:
        given = f"{most['len']} runs of {quoted(most['hypothesis'])} on the arm {quoted(most['arm'])}"
        allowed = f"at most {MOST}: the columns of hypothesis or arm leave out what tells them apart"
        raise InvalidInput([Problem(place, "seed", given, allowed)])
    if meanings.seed is None:
        said = "No column has the seed, so runs of a hypothesis on an arm are numbered as they come; nothing is paired."
        rows = rows.with_columns(number=pl.int_range(pl.len()).over(CELL))
        return Numbered(rows, most["len"] == 1, said if most["len"] > 1 else "")
    order = _order(rows["seed"])
    if len(order) <= most["len"]:
        number = rows["seed"].replace_strict(order, return_dtype=pl.Int64)
        return Numbered(rows.with_columns(number=number), True, "")
    return _partly(rows, order, int(most["len"]), meanings)


def _partly(rows: pl.DataFrame, order: Mapping[str, int], most: int, meanings: Meanings) -> Numbered:
    """Number runs of which not all share their seeds with those of other cells."""
    kept = _kept(rows, order, most)
    runs = list(rows.select("hypothesis", "arm", "seed").iter_rows())
    number = [kept.get((arm, seed)) for _, arm, seed in runs]
    loose: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    taken: dict[tuple[str, str], _Cell] = defaultdict(_Cell)
    for place, (hypothesis, arm, seed) in enumerate(runs):
        own = number[place]
        if own is None:
            loose[hypothesis][seed].append(place)
        else:
            taken[hypothesis, arm].take(own)
    over_arms = False
    for hypothesis, by_seed in loose.items():
        for seed in sorted(by_seed, key=lambda seed: (-len(by_seed[seed]), order[seed])):
            places = by_seed[seed]
            cells = [taken[hypothesis, runs[place][1]] for place in places]
            over_arms = over_arms or len(places) > 1
            same = _free(cells, most)
            for place, cell in zip(places, cells, strict=True):
                found = same if same is not None else _free([cell], most)
                assert found is not None, "a cell has at most as many runs as there are numbers"
                number[place] = found
                cell.take(found)
    apart = sum(len(places) for by_seed in loose.values() for places in by_seed.values())
    said = _said(rows.height - apart, apart, over_arms=over_arms, seed=str(meanings.seed))
    return Numbered(rows.with_columns(number=pl.Series(number, dtype=pl.Int64)), not apart, said)


class _Cell:
    """The numbers that runs of a cell have; below `lowest` there is none left."""

    def __init__(self) -> None:
        self.taken: set[int] = set()
        self.lowest = 0

    def take(self, number: int) -> None:
        self.taken.add(number)
        while self.lowest in self.taken:
            self.lowest += 1


def _free(cells: Sequence[_Cell], most: int) -> int | None:
    """Return the lowest number that none of the cells has, None if there is none below `most`."""
    candidates = range(max(cell.lowest for cell in cells), most)
    return next((number for number in candidates if all(number not in cell.taken for cell in cells)), None)


def _kept(rows: pl.DataFrame, order: Mapping[str, int], most: int) -> dict[tuple[str, str], int]:
    """Return the number of each (arm, seed) that keeps one: seeds of two hypotheses or more, at most `most` an arm.

    The seeds that the most cells have are numbered alike on all arms that have them; an arm that has fewer of these
    has numbers left for its own.
    """
    counts = rows.group_by("arm", "seed").len("cells").sort("arm", "seed")
    everywhere = dict(counts.group_by("seed").agg(pl.col("cells").sum()).iter_rows())

    def commonest(seeds: Iterable[str], how_many: int) -> list[str]:
        chosen = sorted(seeds, key=lambda seed: (-everywhere[seed], order[seed]))[:how_many]
        return sorted(chosen, key=order.__getitem__)

    common = {seed: number for number, seed in enumerate(commonest(everywhere, most))}
    numbers: dict[tuple[str, str], int] = {}
    for (arm,), own in counts.group_by("arm", maintain_order=True):
        shared = {seed for seed, cells in own.select("seed", "cells").iter_rows() if cells > 1}
        known = {seed: common[seed] for seed in shared if seed in common}
        free = sorted(set(range(most)) - set(known.values()))
        others = commonest(shared - set(known), len(free))
        for seed, number in {**known, **dict(zip(others, free, strict=False))}.items():
            numbers[str(arm), seed] = number
    return numbers


def _said(paired: int, apart: int, *, over_arms: bool, seed: str) -> str:
    if not apart:
        return f"Column {seed} has other values on other arms: it pairs hypotheses on each arm, and not arms."
    if paired:
        return (
            f"{counted(paired, 'run')} share their {seed} with runs of other hypotheses and are paired by it; the "
            f"other {apart} are numbered within their hypothesis{'' if over_arms else ' and arm'}."
        )
    if over_arms:
        return f"Each hypothesis has a {seed} of its own: it pairs its arms, and no hypothesis with another."
    return f"Each run has a {seed} of its own, so runs are numbered within their hypothesis and arm; nothing is paired."


def _order(seeds: pl.Series) -> dict[str, int]:
    """Return the place of each seed: of numbers in their order, else of texts in theirs."""
    labels = seeds.unique().to_list()
    try:
        labels.sort(key=lambda seed: (float(seed), seed))
    except ValueError:
        labels.sort()
    return {seed: place for place, seed in enumerate(labels)}
