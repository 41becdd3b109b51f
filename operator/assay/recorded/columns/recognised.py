"""Finding out which column means what. What a caller chose holds; where two columns may be meant, nobody guesses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import islice

import polars as pl

from assay.api.errors import InvalidInput, Problem, nearest
from assay.recorded.choice import MEANINGS, Choice
from assay.recorded.columns import names
from assay.recorded.columns.meanings import Meanings
from assay.recorded.columns.names import Name, name_of
from assay.recorded.frames.cleaned import ROW
from assay.recorded.text import MANY, listed, quoted, shortened
from assay.recorded.values import is_number

MOST_ARMS = 50
"""Values of a column that is taken for an arm without being called so: with more it is more likely a setting."""


def meanings_of(table: pl.DataFrame, choice: Choice, place: str) -> Meanings:
    """Return what the columns of a table mean. Raises InvalidInput, with the options that would say it."""
    return _Recognition(table, choice, place).meanings()


class _Recognition:
    def __init__(self, table: pl.DataFrame, choice: Choice, place: str) -> None:
        self.table = table
        self.choice = choice
        self.place = place
        self.names: Mapping[str, Name] = {column: name_of(column) for column in table.columns if column != ROW}
        self.taken: set[str] = set()
        self.said: list[tuple[str, str]] = []

    def meanings(self) -> Meanings:
        choice = self.choice
        chosen = {
            meaning: self._given(meaning, getattr(choice, meaning))
            for meaning in ("size", "seed", "cost", "score", "state", "start", "end")
        }
        given_arm, given_hypothesis = self._several("arm", choice.arm), self._several("hypothesis", choice.hypothesis)
        state = chosen["state"] or self._first("state", names.STATE, texts=True)
        seed = chosen["seed"] or self._first("seed", names.SEED)
        score = chosen["score"] or self._score()
        cost = chosen["cost"] or (None if chosen["start"] and chosen["end"] else self._cost())
        start = chosen["start"] or (None if cost else self._first("start", names.START, quiet=True))
        end = chosen["end"] or (None if cost else self._first("end", names.END, quiet=True))
        if start and end and not cost:
            self._say("cost", f"The cost is the time from {start} to {end}.")
        elif not cost:
            start = end = None
            self._say("cost", "No column has the cost, so nothing is said of what runs cost.")
        arm, sizes = (given_arm, False) if given_arm else self._arm(chosen["size"])
        hypothesis = given_hypothesis or self._hypothesis()
        unit = (names.unit_of(self.names[cost]) if cost else None) or 1.0
        said = tuple(sentence for _, sentence in sorted(self.said, key=lambda each: MEANINGS.index(each[0])))
        return Meanings(hypothesis, arm, sizes, seed, score, cost, unit, start, end, state, said)

    # -------------------------------------------------------------- what a caller chose

    def _given(self, meaning: str, column: str | None) -> str | None:
        if column is None:
            return None
        found = self._known(meaning, column)
        self.taken.add(found)
        return found

    def _several(self, meaning: str, columns: Sequence[str]) -> tuple[str, ...]:
        if not columns:
            return ()
        # A name with a comma in it is one column, where the table has it.
        whole = ",".join(columns)
        found = (whole,) if whole in self.names else tuple(self._known(meaning, column) for column in columns)
        self.taken |= set(found)
        return tuple(dict.fromkeys(found))

    def _known(self, meaning: str, column: str) -> str:
        """Return the column that is called so, with or without what tools write before it."""
        if column in self.names:
            return column
        alike = [name for name, own in self.names.items() if own.own == column]
        if len(alike) == 1:
            return alike[0]
        allowed = f"a column of the table: {listed(alike or list(self.names))}"
        raise InvalidInput(
            [self._problem(self.choice.called(meaning), quoted(column), allowed, nearest(column, self.names))]
        )

    # -------------------------------------------------------------- what the table says

    def _first(self, meaning: str, known: Sequence[str], *, texts: bool = False, quiet: bool = False) -> str | None:
        """Return the column with the first of these names."""
        by_name: dict[str, str] = {}
        for column, name in self.names.items():
            if column not in self.taken and name.kind != "metric" and self._filled(column):
                by_name.setdefault(name.bare, column)
        found = next((by_name[name] for name in known if name in by_name), None)
        if found is None or (texts and self.table.schema[found] != pl.String):
            return None
        self.taken.add(found)
        if not quiet:
            self._say_column(meaning, found)
        return found

    def _score(self) -> str:
        if found := self._first("score", names.SCORE):
            return found
        hint = self.choice.metric
        if hint is not None and (column := self._hinted(hint)):
            return self._take("score", column, ", the metric of the study")
        if found := self._first("score", names.OBJECTIVE):
            return found
        free = [column for column, name in self.names.items() if column not in self.taken and names.is_metric(name)]
        numeric = [column for column in free if self._filled(column) and is_number(self.table[column])]
        candidates = names.without_training([c for c in numeric if not names.is_cost(self.names[c])])
        candidates += [c for c, name in self.names.items() if name.bare.startswith("values_") and c not in candidates]
        if len(candidates) == 1:
            return self._take("score", candidates[0])
        option = self.choice.called("score")
        if candidates:
            raise self._ambiguous("score", candidates)
        allowed = (
            f"one that holds the score of each run: {option}, one of {listed(self._free_numbers() or list(self.names))}"
        )
        raise InvalidInput([self._problem("score", "no column that is called like a metric", allowed)])

    def _hinted(self, hint: str) -> str | None:
        bare = name_of(hint).bare
        found = [
            c for c, n in self.names.items() if c not in self.taken and n.kind != "parameter" and hint in (c, n.own)
        ]
        found = found or [
            c for c, n in self.names.items() if c not in self.taken and n.kind != "parameter" and n.bare == bare
        ]
        return found[0] if len(found) == 1 and self._filled(found[0]) else None

    def _cost(self) -> str | None:
        known = [c for c, n in self.names.items() if c not in self.taken and names.is_cost(n) and self._filled(c)]
        if not known:
            return None
        ranks = {name: rank for rank, name in enumerate(names.COST)}
        found = min(known, key=lambda column: ranks.get(self.names[column].bare, len(ranks)))
        self.taken |= set(known)
        factor = names.unit_of(self.names[found])
        unit = {0.001: "milliseconds", 60.0: "minutes", 3600.0: "hours"}.get(factor or 1.0, "seconds")
        if (found, unit) != ("cost", "seconds"):
            self._say("cost", f"Column {found} is the cost, in {unit}.")
        return found

    def _arm(self, size: str | None) -> tuple[tuple[str, ...], bool]:
        if size is not None:
            return (size,), True
        if found := self._first("arm", names.ARM):
            return (found,), False
        sizes = [c for c in self._called(names.SIZE) if is_number(self.table[c])]
        if sizes:
            self._take("size", sizes[0])
            return (sizes[0],), True
        varying = [
            column
            for known in names.FIDELITIES.values()
            for column in self._called(known)
            if 2 <= self._distinct[column] <= MOST_ARMS
        ]
        if len(varying) > 1:
            raise self._ambiguous("arm", varying, together=True)
        if varying:
            return (self._take("arm", varying[0]),), False
        self._say("arm", "No column says how much of a run was run, so all runs are on the reference.")
        return (), False

    def _called(self, known: Sequence[str]) -> list[str]:
        free = {c: n for c, n in self.names.items() if c not in self.taken and n.kind != "metric" and self._filled(c)}
        return [column for name in known for column, own in free.items() if own.bare == name]

    def _hypothesis(self) -> tuple[str, ...]:
        if found := self._first("hypothesis", names.HYPOTHESIS):
            return (found,)
        free = [c for c in self.names if c not in self.taken]
        parameters = [c for c in free if self.names[c].kind == "parameter" and self._varies(c)]
        if parameters:
            self._say_columns("hypothesis", parameters, ": the parameters that vary")
            return tuple(parameters)
        labels = [c for name in names.LABELS for c in self._called((name,))]
        # names of runs may be the same by accident
        shared = [c for c in labels if 1 < self._distinct[c] <= self.table.height / 2]
        left = [c for c in free if c not in labels and self._may_be_tried(c)]
        if shared and not (self.names[shared[0]].bare in ("experiment", "experiment_name") and left):
            return (self._take("hypothesis", shared[0], ", which several rows share"),)
        if len(left) == 1:
            return (self._take("hypothesis", left[0], ", the only column left that varies"),)
        if len(left) > 1:
            raise self._ambiguous("hypothesis", left, together=True)
        unique = [c for c in labels if self._varies(c)]
        if unique:
            return (self._take("hypothesis", unique[0]),)
        option = self.choice.called("hypothesis")
        allowed = f"one or several that name what was tried: {option}, of {listed(list(self.names))}"
        raise InvalidInput([self._problem("hypothesis", "no column that says what was tried", allowed)])

    def _may_be_tried(self, column: str) -> bool:
        """Return whether the column may say what was tried: it is no fact of the run, and nothing that was measured."""
        name, series = self.names[column], self.table[column]
        about = (
            not name.bare
            or name.bare in (*names.ABOUT_RUNS, *names.PROGRESS)
            or column.startswith("_")
            or name.kind in ("attribute", "metric")
        )
        if about or series.dtype.is_temporal() or not self._varies(column):
            return False
        each_its_own = self._distinct[column] > self.table.height / 2 and self.table.height > 3
        return not ((names.is_metric(name) or each_its_own) and is_number(series))

    # -------------------------------------------------------------- helpers

    def _take(self, meaning: str, column: str, why: str = "") -> str:
        self.taken.add(column)
        self._say_column(meaning, column, why)
        return column

    def _say(self, meaning: str, sentence: str) -> None:
        self.said.append((meaning, sentence))

    def _say_column(self, meaning: str, column: str, why: str = "") -> None:
        if column.lower() != meaning:  # else the table says it
            self._say(meaning, f"Column {shortened(column)} is the {meaning}{why}.")

    def _say_columns(self, meaning: str, columns: Sequence[str], why: str) -> None:
        if len(columns) == 1:
            self._say_column(meaning, columns[0], why)
        else:
            self._say(meaning, f"Columns {listed(columns, 'and')} together are the {meaning}{why}.")

    def _filled(self, column: str) -> bool:
        return column in self._with_cells

    def _varies(self, column: str) -> bool:
        return self._distinct[column] > 1

    @cached_property
    def _distinct(self) -> Mapping[str, int]:
        """How many values each column has; nothing is one."""
        return dict(zip(self.table.columns, self.table.select(pl.all().n_unique()).row(0), strict=True))

    @cached_property
    def _with_cells(self) -> set[str]:
        counts = self.table.null_count().row(0)
        return {name for name, count in zip(self.table.columns, counts, strict=True) if count < self.table.height}

    def _free_numbers(self) -> list[str]:
        free = (
            c
            for c in self.names
            if c not in self.taken and self.names[c].bare not in (*names.ABOUT_RUNS, *names.PROGRESS)
        )
        return list(islice((c for c in free if self._filled(c) and is_number(self.table[c])), MANY + 1))

    def _ambiguous(self, meaning: str, candidates: Iterable[str], *, together: bool = False) -> InvalidInput:
        found = list(candidates)
        option = self.choice.called(meaning)
        given = f"several columns that may be the {meaning}: {listed(found, 'and')}"
        few = found[:4]
        allowed = f"{option} with one of them" + (
            f", or with several together, such as {','.join(few)}" if together else ""
        )
        return InvalidInput([self._problem(meaning, given, allowed)])

    def _problem(self, path: str, given: str, allowed: str, near: str | None = None) -> Problem:
        return Problem(self.place, path, given, allowed, near)
