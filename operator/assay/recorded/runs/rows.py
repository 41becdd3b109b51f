"""From the cells of a table to rows that say hypothesis, arm, seed, score, cost and ending."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from assay.api.errors import InvalidInput, Problem
from assay.recorded.choice import Choice
from assay.recorded.columns.meanings import Meanings
from assay.recorded.columns.names import name_of
from assay.recorded.frames.cleaned import ROW
from assay.recorded.runs.endings import ENDED, FAILED, endings
from assay.recorded.runs.labels import told_apart
from assay.recorded.text import listed, printable, quoted, shortened
from assay.recorded.values import Read, numbers, seconds, texts, times

ONLY_ARM = "reference"
"""What the arm is called where no column says it."""
_LONGEST_NAME = 1000

MOST, LEAST = 1e25, 1e-100
"""Scores beyond the first are as good as infinite: a run that diverged. If all are smaller than the second, squares of
their differences vanish."""


def rows_of(table: pl.DataFrame, meanings: Meanings, choice: Choice, place: str) -> tuple[pl.DataFrame, list[str]]:
    """Return the rows (`ROW`, hypothesis, arm, seed, score, cost, ending) and what is to be said of them.

    Hypotheses and arms are texts as people may see them; the seed is a text, null if there is none; the score is null
    where it is no finite number; the cost is in seconds, null if unknown. Raises InvalidInput.
    """
    reader = _Reader(table, meanings, choice, place)
    hypothesis, arm = reader.labels("hypothesis", meanings.hypothesis), reader.arms()
    seed = reader.seeds()
    rows = pl.DataFrame({ROW: table[ROW], "hypothesis": hypothesis, "arm": arm, "seed": seed})
    reader.rows = rows
    reader.check_labels()
    rows = rows.with_columns(score=reader.scores(), cost=reader.costs(), ending=reader.endings())
    # What has no score and says nothing of its end has failed; what ended but was stopped is not there.
    scoreless = rows["score"].is_null() | rows["score"].is_infinite()
    ending = rows["ending"].zip_with(
        ~(scoreless & (rows["ending"] == ENDED)), pl.repeat(FAILED, rows.height, eager=True)
    )
    rows = rows.with_columns(ending=ending, score=rows["score"].set(scoreless | (ending != ENDED), None))
    reader.check_costs(rows)
    return rows, reader.said


class _Reader:
    def __init__(self, table: pl.DataFrame, meanings: Meanings, choice: Choice, place: str) -> None:
        self.table = table
        self.meanings = meanings
        self.choice = choice
        self.place = place
        self.said: list[str] = []
        self.rows = pl.DataFrame()

    def labels(self, meaning: str, columns: Sequence[str]) -> pl.Series:
        """Return the text that names each row's hypothesis or arm: the cell, or `lr=0.1 optimizer=adam`."""
        if len(columns) == 1:
            label = texts(self.table[columns[0]])
        else:
            named = (
                pl.concat_str(pl.lit(f"{name_of(column).own}="), texts(self.table[column])).alias(column)
                for column in columns
            )
            label = (
                self.table.select(*named).select(pl.concat_str(pl.all(), separator=" ", ignore_nulls=True)).to_series()
            )
            label = label.replace("", None)
        unique = label.drop_nulls().unique(maintain_order=True).to_list()
        for text in unique:
            if len(text) > _LONGEST_NAME:
                given = f"{quoted(text)} in row {self._row_of(label, text)}"
                raise self.problem(columns[0], given, f"names of at most {_LONGEST_NAME} characters")
        if all(text.isprintable() for text in unique):
            self._say_equal_numbers(meaning, columns, label, unique)
            return label
        shown = told_apart((text, " ".join(printable(text).split())) for text in unique)
        return label.replace_strict(shown, default=None, return_dtype=pl.String)

    def arms(self) -> pl.Series:
        if not self.meanings.arm:
            return pl.repeat(ONLY_ARM, self.table.height, eager=True)
        if self.meanings.sizes:
            sizes = numbers(self.table[self.meanings.arm[0]]).values
            return texts(sizes)
        return self.labels("arm", self.meanings.arm)

    def seeds(self) -> pl.Series:
        if self.meanings.seed is None:
            return pl.repeat(None, self.table.height, dtype=pl.String, eager=True)
        return texts(self.table[self.meanings.seed])

    def check_labels(self) -> None:
        """Raise InvalidInput for the first row without a hypothesis, arm, size or seed that can be used."""
        hypothesis, arm, seed = self.rows["hypothesis"], self.rows["arm"], self.rows["seed"]
        nameless = hypothesis.fill_null("").str.contains(r"^[^\pL\pN]*$")
        self._check(nameless, self.meanings.hypothesis[0], "a name with a letter or digit")
        if self.meanings.sizes:
            size = arm.cast(pl.Float64, strict=False)
            wrong = size.is_null() | (size <= 0).fill_null(False) | size.is_infinite().fill_null(False)
            self._check(wrong, self.meanings.arm[0], "a training size above 0")
        elif self.meanings.arm:
            self._check(arm.is_null(), self.meanings.arm[0], "a name in every row")
        if self.meanings.seed is not None:
            self._check(seed.is_null(), self.meanings.seed, "a seed in every row, or no column of seeds at all")

    def scores(self) -> pl.Series:
        read = numbers(self.table[self.meanings.score])
        self._check(read.wrong, self.meanings.score, "a number, or nothing if the run failed")
        self._say_how(self.meanings.score, read)
        size = read.values.abs().fill_nan(None)
        beyond = int(((size > MOST) & size.is_finite()).sum())
        if beyond:
            were = f"{beyond} numbers are" if beyond > 1 else "one number is"
            self.said.append(f"{self.meanings.score}: {were} beyond {MOST:g}, which counts as infinite: a failed run.")
        largest = size.max()
        if isinstance(largest, float) and 0 < largest < LEAST:
            allowed = f"numbers of {LEAST:g} or more in size: scale the column"
            raise self.problem(self.meanings.score, f"no number above {largest:g} in size", allowed)
        return pl.select(pl.when(size > MOST).then(float("inf")).otherwise(read.values)).to_series().alias("score")

    def costs(self) -> pl.Series:
        found = self.meanings
        if found.cost is not None:
            read = seconds(self.table[found.cost], found.unit)
            self._say_how(found.cost, read)
            below = read.values < 0
            wrong = read.wrong | (below | read.values.is_infinite()).fill_null(False)
            self._check(wrong, found.cost, "a number of seconds, 0 or more, or a duration such as 00:10:00")
            return read.values.alias("cost")
        if found.start is None or found.end is None:
            return pl.repeat(None, self.table.height, dtype=pl.Float64, eager=True)
        began, ended = times(self.table[found.start]), times(self.table[found.end])
        for column, read in ((found.start, began), (found.end, ended)):
            self._check(read.wrong, column, "a time, such as 2026-11-02 10:00:00")
        taken = ended.values - began.values
        self._check((taken < 0).fill_null(False), found.end, f"a time that is not before that in {found.start}")
        return taken.alias("cost")

    def endings(self) -> pl.Series:
        if self.meanings.state is None:
            return pl.repeat(ENDED, self.table.height, eager=True)
        ending, unknown = endings(texts(self.table[self.meanings.state]))
        if unknown:
            self.said.append(f"{self.meanings.state} says {listed(list(map(quoted, unknown)), 'and')}: taken as ended.")
        return ending

    def check_costs(self, rows: pl.DataFrame) -> None:
        if not self.choice.needs_cost:
            return
        column = self.meanings.cost or self.meanings.end or "cost"
        allowed = "a number of seconds for each run with a score"
        if self.meanings.cost is None and self.meanings.end is None:
            option = self.choice.called("cost")
            given = "no column that says how long runs took"
            raise self.problem(column, given, f"{allowed}: {option} names it. (assay judge needs none)")
        self._check(rows["cost"].is_null() & rows["score"].is_not_null(), column, allowed)

    # -------------------------------------------------------------- helpers

    def problem(self, path: str, given: str, allowed: str) -> InvalidInput:
        return InvalidInput([Problem(self.place, path, given, allowed)])

    def _check(self, wrong: pl.Series, column: str, allowed: str) -> None:
        """Raise InvalidInput for the first row in which something is wrong."""
        first = wrong.fill_null(False).arg_max()
        if first is None or not wrong[first]:
            return
        row = self.rows.row(first, named=True)
        seed = f", seed {shortened(row['seed'])}" if self.meanings.seed else ""
        arm = f"{'size' if self.meanings.sizes else 'arm'} {shortened(row['arm'])}"
        who = f"{shortened(row['hypothesis'])}, {arm}{seed}"
        others = int(wrong.sum()) - 1
        more = f", and in {others} more" if others else ""
        raise self.problem(column, f"{quoted(self.table[column][first])} in row {row[ROW]} ({who}){more}", allowed)

    def _row_of(self, label: pl.Series, text: str) -> int:
        found = (label == text).fill_null(False).arg_max()
        return int(self.table[ROW][found or 0])

    def _say_how(self, column: str, read: Read) -> None:
        if read.said:
            self.said.append(f"{column} is read {read.said}.")

    def _say_equal_numbers(self, meaning: str, columns: Sequence[str], label: pl.Series, unique: Sequence[str]) -> None:
        if len(columns) > 1 or label.dtype != pl.String:
            return
        values = numbers(pl.Series(unique, dtype=pl.String))
        equal = len(unique) - values.values.n_unique()
        if unique and not values.wrong.any() and equal > 0 and not values.values.null_count():
            doubled = values.values.is_duplicated()
            first = values.values.filter(doubled)[0]
            alike = [text for text, value in zip(unique, values.values, strict=True) if value == first]
            self.said.append(f"{listed(alike, 'and')} are one number, and stay {len(alike)} names of a {meaning}.")
