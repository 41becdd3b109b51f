"""Rows that say something again, and several different rows of one run."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from assay.api.errors import InvalidInput, Problem
from assay.recorded.choice import Choice
from assay.recorded.columns.meanings import Meanings
from assay.recorded.columns.names import ABOUT_RUNS, PROGRESS, name_of
from assay.recorded.frames.cleaned import ROW
from assay.recorded.text import counted, listed, quoted, shortened
from assay.recorded.values import numbers, texts

KEY = ["hypothesis", "arm", "seed"]
_VALUES_SHOWN = 8
_MANY_VALUES = 8


class Distinct(NamedTuple):
    """Rows of which no two are of one run, how many were left out as they say nothing new, and how many were of runs
    that other rows are of as well."""

    rows: pl.DataFrame
    duplicates: int
    repeated: int
    said: tuple[str, ...]


def without_copies(table: pl.DataFrame, meanings: Meanings) -> tuple[pl.DataFrame, int]:
    """Return the table without rows that are like an earlier one in every cell, and how many those were.

    Two runs without seed, cost or anything else of their own may well have the same score: such rows stay.
    """
    names = [name for name in table.columns if name != ROW]
    telling = set(names) - {*meanings.hypothesis, *meanings.arm, meanings.score, meanings.state}
    if not telling:
        return table, 0
    kept = table.unique(subset=names, keep="first", maintain_order=True)
    return kept, table.height - kept.height


def one_row_per_run(
    rows: pl.DataFrame, table: pl.DataFrame, meanings: Meanings, choice: Choice, place: str
) -> Distinct:
    """Return one row per (hypothesis, arm, seed), as far as the table or the caller says how. Raises InvalidInput.

    Of runs that failed and were run again with the same seed, those with a score count; rows with one score count once.
    """
    if meanings.seed is None or not rows.select(KEY).is_duplicated().any():
        return Distinct(rows, 0, 0, ())
    if choice.repeats == "seeds":
        return _as_seeds(rows)
    said: list[str] = []
    scored = pl.col("score").is_not_null()
    kept = rows.filter(scored | ~scored.any().over(KEY))
    if again := rows.height - kept.height:
        said.append(f"{counted(again, 'run')} failed, and had a score when run again with the same seed: it counts.")
    single = kept.unique(subset=[*KEY, "score"], keep="first", maintain_order=True)
    duplicates = kept.height - single.height
    several = single.filter(pl.struct(KEY).is_duplicated())
    if several.is_empty():
        return Distinct(single, duplicates, again, tuple(said))
    runs = several.select(KEY).n_unique()
    if choice.repeats is None:
        raise _refusal(several, table, meanings, choice, place)
    if choice.repeats == "mean":
        first, mean = pl.col(ROW, "ending").first(), pl.col("score", "cost").mean()
        single = kept.group_by(KEY, maintain_order=True).agg(first, mean)
    else:
        single = kept.unique(subset=KEY, keep=choice.repeats, maintain_order=True)
    said.append(f"{counted(several.height, 'row')} are of {counted(runs, 'run')}: the {choice.repeats} of each counts.")
    return Distinct(single, duplicates, again + several.height - runs, tuple(said))


def _as_seeds(rows: pl.DataFrame) -> Distinct:
    again = pl.int_range(pl.len()).over(KEY)
    seed = pl.when(again > 0).then(pl.concat_str("seed", pl.lit(" again "), again)).otherwise(pl.col("seed"))
    more = rows.height - rows.select(KEY).n_unique()
    said = f"{counted(more, 'row')} with the seed of another of its hypothesis and arm: each is a further seed."
    return Distinct(rows.with_columns(seed=seed), 0, more, (said,))


def _refusal(
    several: pl.DataFrame, table: pl.DataFrame, meanings: Meanings, choice: Choice, place: str
) -> InvalidInput:
    """Return the error for rows of one run with different scores; it names the column that may tell them apart."""
    keys = [*meanings.hypothesis, *meanings.arm, *([meanings.seed] if meanings.seed else [])]
    telling = table.filter(pl.col(ROW).is_in(several[ROW].implode()))
    column = _telling(telling, keys, meanings)
    if column is not None:
        values = sorted(texts(table[column]).drop_nulls().unique().to_list())
        many = f"one of the column's {len(values)} values, such as {', '.join(map(shortened, values[:_VALUES_SHOWN]))}"
        shown = listed(values) if len(values) <= _VALUES_SHOWN else many
        given = f"nothing for {column}, in which rows of the same {', '.join(keys)} differ"
        return InvalidInput([Problem(place, choice.own("where"), given, f"{column}=VALUE, {shown}")])
    first = several.row(0, named=True)
    same = several.filter(pl.all_horizontal(pl.col(key) == first[key] for key in KEY))
    runs = several.select(KEY).n_unique()
    numbers_, scores = listed(same[ROW].to_list(), "and"), listed([f"{score:g}" for score in same["score"]], "and")
    who = f"{quoted(first['hypothesis'])}, arm {quoted(first['arm'])}, seed {quoted(first['seed'])}"
    given = f"rows {numbers_} of one run ({who}) with the scores {scores}; {counted(runs, 'run')} like it in all"
    option = choice.own("repeats")
    if history := _history(telling, keys):
        way_out = f"{choice.called('arm')} with {history}: each is an arm. Or {choice.own('where')} with one of them"
        return InvalidInput([Problem(place, meanings.score, f"{given}; they differ in {history}", way_out)])
    allowed = f"one row per run, or {option} mean, first, last or seeds (each is a further seed)"
    return InvalidInput([Problem(place, meanings.score, given, allowed)])


def _telling(rows: pl.DataFrame, keys: list[str], meanings: Meanings) -> str | None:
    """Return a column by which rows of one run may be of different data sets, None if there is none."""
    for column in rows.columns:
        name = name_of(column)
        if (
            column in (*meanings.all, ROW)
            or name.bare in (*ABOUT_RUNS, *PROGRESS)
            or column.startswith("_")
            or name.kind == "metric"
        ):
            continue
        series = rows[column]
        if series.dtype.is_float() or series.dtype.is_temporal() or _has_fractions(series):
            continue
        if series.n_unique() > max(_MANY_VALUES, rows.height // 2):
            continue
        if rows.group_by(keys).agg(pl.col(column).n_unique())[column].max() != 1:
            return column
    return None


def _history(rows: pl.DataFrame, keys: list[str]) -> str | None:
    """Return the column that says when in a run a row was written, if the rows of a run differ in it."""
    columns = [column for column in rows.columns if name_of(column).bare in PROGRESS and column not in keys]
    return next((c for c in columns if rows.group_by(keys).agg(pl.col(c).n_unique())[c].max() != 1), None)


def _has_fractions(series: pl.Series) -> bool:
    read = numbers(series)
    return not read.wrong.any() and bool(((read.values % 1) != 0).any())
