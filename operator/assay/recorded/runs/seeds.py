"""Numbers of seeds: runs that share a seed share a number, as far as the table says who does."""

from __future__ import annotations

from collections import defaultdict
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
    on each arm the seeds that the most cells have keep a number each, and all other runs get what is left in their
    cell. That pairs runs that share nothing, which makes no comparison wrong, only no sharper.
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
    return _partly(rows, _ranks(rows, order, int(most["len"])), int(most["len"]), meanings)


def _partly(rows: pl.DataFrame, ranks: pl.DataFrame, most: int, meanings: Meanings) -> Numbered:
    """Number runs of which not all share their seeds with those of other cells."""
    joined = rows.join(ranks, on=["arm", "seed"], how="left", maintain_order="left")
    keeps = (joined["rank"] < most) & (joined["cells"] > 1)
    number = [rank if kept else None for rank, kept in zip(joined["rank"].to_list(), keeps.to_list(), strict=True)]
    free: dict[tuple[str, str], set[int]] = defaultdict(set)
    cells = list(zip(joined["hypothesis"].to_list(), joined["arm"].to_list(), strict=True))
    for cell, own in zip(cells, number, strict=True):
        if own is not None:
            free[cell].add(own)
    left = {cell: iter([n for n in range(most) if n not in taken]) for cell, taken in free.items()}
    ranked = joined["rank"].to_list()
    for place in sorted((place for place, own in enumerate(number) if own is None), key=ranked.__getitem__):
        number[place] = next(left.setdefault(cells[place], iter(range(most))))
    paired = int(keeps.sum())
    loose = rows.height - paired
    if not paired:
        said = (
            f"Each run has a {meanings.seed} of its own, so runs are numbered within their hypothesis and arm; "
            "nothing is paired."
        )
    elif not loose:
        said = (
            f"Column {meanings.seed} has other values on other arms, so it pairs hypotheses on each arm, and no arm "
            "with another."
        )
    else:
        said = (
            f"{counted(paired, 'run')} share their {meanings.seed} with runs of other hypotheses and are paired by it; "
            f"the other {loose} are numbered within their hypothesis and arm."
        )
    return Numbered(rows.with_columns(number=pl.Series(number, dtype=pl.Int64)), not loose, said)


def _ranks(rows: pl.DataFrame, order: dict[str, int], most: int) -> pl.DataFrame:
    """Return of each seed of an arm how many `cells` of the arm have it, and its `rank` there.

    Of each arm, `most` seeds come first, in their own order: those that the most cells of all arms have. Where all
    seeds of an arm are among the commonest of the table, they have the numbers that they have on other arms.
    """
    everywhere = rows.group_by("seed").len("all").with_columns(order=pl.col("seed").replace_strict(order))
    common = everywhere.sort("all", "order", descending=[True, False]).head(most).sort("order").with_row_index("common")
    ranks = rows.group_by("arm", "seed").len("cells").join(everywhere, on="seed")
    ranks = ranks.join(common.select("seed", "common"), on="seed", how="left")
    ranks = ranks.sort("all", "order", descending=[True, False]).with_columns(at=pl.int_range(pl.len()).over("arm"))
    ranks = ranks.sort(pl.col("at") >= most, "order").with_columns(own=pl.int_range(pl.len()).over("arm"))
    known = pl.col("common").is_not_null().all().over("arm")
    return ranks.with_columns(rank=pl.when(known).then(pl.col("common").cast(pl.Int64)).otherwise("own"))


def _order(seeds: pl.Series) -> dict[str, int]:
    """Return the place of each seed: of numbers in their order, else of texts in theirs."""
    labels = seeds.unique().to_list()
    try:
        labels.sort(key=lambda seed: (float(seed), seed))
    except ValueError:
        labels.sort()
    return {seed: place for place, seed in enumerate(labels)}
