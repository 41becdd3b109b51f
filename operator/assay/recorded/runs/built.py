"""The table of runs, out of the rows of a file: what counts, under which name and as which seed."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from assay.api.errors import InvalidInput, Problem
from assay.recorded.choice import Choice
from assay.recorded.columns.meanings import Meanings
from assay.recorded.columns.names import name_of
from assay.recorded.frames.cleaned import ROW
from assay.recorded.runs.endings import FAILED, UNFINISHED
from assay.recorded.runs.labels import resource_names
from assay.recorded.runs.repeats import one_row_per_run, without_copies
from assay.recorded.runs.rows import rows_of
from assay.recorded.runs.seeds import numbered
from assay.recorded.table import Counts, RecordedRun, Table
from assay.recorded.text import counted
from assay.recorded.values import texts
from assay_trainer.contract import digest


def table_of(table: pl.DataFrame, meanings: Meanings, choice: Choice, read: tuple[str, ...], place: str) -> Table:
    """Return the runs of a table whose columns have these meanings. Raises InvalidInput."""
    distinct, copies = without_copies(table, meanings)
    rows, how = rows_of(distinct, meanings, choice, place)
    finished = rows.filter(pl.col("ending") != UNFINISHED)
    unfinished = rows.height - finished.height
    if finished.is_empty():
        given = f"{counted(rows.height, 'run')} of which none ended"
        raise InvalidInput([Problem(place, str(meanings.state), given, "runs that ended")])
    single = one_row_per_run(finished, distinct, meanings, choice, place)
    seeds = numbered(single.rows, meanings, place)
    runs, hypotheses, arms = _runs(seeds.rows, sizes=meanings.sizes)
    counts = Counts(
        rows=table.height,
        failed=int((seeds.rows["ending"] == FAILED).sum()),
        unfinished=unfinished,
        duplicates=copies + single.duplicates,
        repeated=single.repeated,
        missing=len(hypotheses) * len(arms) * seeds.rows["number"].n_unique() - len(runs),
    )
    said = (
        *read,
        *meanings.said,
        *([seeds.said] if seeds.said else []),
        *how,
        *single.said,
        *_counted(counts),
    )
    return Table(
        runs,
        digest(_ordered(seeds.rows).write_csv(float_precision=17).encode()),
        {arm: float(arm) for arm in arms} if meanings.sizes else {},
        hypotheses,
        arms,
        meanings.arm[0] if len(meanings.arm) == 1 else "",
        seeds.paired,
        said,
        counts,
        meanings.score,
        _settings(distinct, rows, meanings, hypotheses),
    )


def _settings(
    table: pl.DataFrame, rows: pl.DataFrame, meanings: Meanings, names: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Return what each hypothesis has in the columns that name it together; `names`: what the table calls it."""
    columns = meanings.hypothesis
    if len(columns) < 2:
        return {}
    first = rows.unique("hypothesis", keep="first", maintain_order=True).select(ROW, called="hypothesis")
    cells = table.select(ROW, *(texts(table[column]).alias(column) for column in columns)).join(first, on=ROW)
    own = {called: name for name, called in names.items()}
    return {
        own[row["called"]]: {name_of(column).own: row[column] for column in columns if row[column] is not None}
        for row in cells.iter_rows(named=True)
        if row["called"] in own
    }


def _runs(
    rows: pl.DataFrame, *, sizes: bool
) -> tuple[dict[tuple[str, str, int], RecordedRun], dict[str, str], dict[str, str]]:
    """Return the runs by names as resources have them, and what the table calls each hypothesis and arm."""
    hypotheses = resource_names(rows["hypothesis"].unique().to_list(), "hypothesis")
    shown_arms = rows["arm"].unique().to_list()
    arms = {arm: arm for arm in shown_arms} if sizes else resource_names(shown_arms, "arm")
    runs = {
        (hypotheses[hypothesis], arms[arm], number): RecordedRun(cost, score)
        for hypothesis, arm, number, cost, score in rows.select(
            "hypothesis", "arm", "number", "cost", "score"
        ).iter_rows()
    }
    return runs, {name: text for text, name in hypotheses.items()}, {name: text for text, name in arms.items()}


def _ordered(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("hypothesis", "arm", "number", "cost", "score").sort("hypothesis", "arm", "number")


def _counted(counts: Counts) -> list[str]:
    said = []
    if counts.duplicates:
        said.append(f"{counted(counts.duplicates, 'row')} said the same as another of the same run: left out.")
    if counts.failed:
        said.append(f"{counted(counts.failed, 'run')} ended without a score that counts: failed by its own fault.")
    if counts.unfinished:
        said.append(f"{counted(counts.unfinished, 'run')} did not end (pruned, stopped, or running): left out.")
    if counts.missing:
        verb = "is" if counts.missing == 1 else "are"
        said.append(f"{counted(counts.missing, 'run')} {verb} not there, of all hypotheses on all arms with all seeds.")
    return said
