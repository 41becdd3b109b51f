"""The table of the ranking on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from assay.api.resources import Goal, Verdict
from assay.reporting.answers import scores_in_words
from assay.reporting.arms_table import WIDE
from assay.reporting.fitted import Column, fitting
from assay.reporting.rows import MAY_BE_BEST, RankRow, may_be_best, rank_rows

if TYPE_CHECKING:
    from rich.console import JustifyMethod

    from assay.api.resources import ProxyStudyStatus
    from assay.planning.study.study import Study

VERDICT_STYLES = {
    Verdict.BETTER: "bold green",
    Verdict.WORSE: "red",
    Verdict.EQUIVALENT: "cyan",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.BASELINE: "bold",
    Verdict.FAILED: "bold red",
    Verdict.UNSTABLE: "bold magenta",
}

_SHORTEST_NAME = 12
_LONGEST_NAME = 40
_SHORTEST_STATEMENT = 24


class RankingTable:
    """The table of the ranking, which fits itself to the width of the terminal.

    `compared`: whether there is a baseline; without one nothing is said of differences from it.
    """

    def __init__(self, study: Study, status: ProxyStudyStatus, *, compared: bool = True) -> None:
        self._study, self._status, self._compared = study, status, compared

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        asked = "Which hypotheses are better than the baseline?" if self._compared else "How do the hypotheses rank?"
        yield Text(asked, style="bold")
        better = "lower" if self._study.spec.metric.goal is Goal.MINIMIZE else "higher"
        yield Text(f"{scores_in_words(self._study, self._status.ranking)}; {better} is better.", style="dim")
        yield self._table(options.max_width)
        left_out = len(self._study.hypotheses) - len(self._status.ranking)
        if left_out > 0:
            yield Text(f"… and {left_out} more: the report has them all.", style="dim")

    def _table(self, width: int) -> Table:
        """Return the table. Only names and statements are cut; columns that leave no room for distinguishable names are
        left out."""
        wide = width >= WIDE
        gap = 2 if wide else 1
        rows = rank_rows(self._study, self._status.ranking)
        rank, *others = fitting(self._columns(rows, wide=wide), width - _SHORTEST_NAME, gap)
        left = max(_SHORTEST_NAME, width - sum(column.width + gap for column in (rank, *others)))
        names = min(left, max(len(each) for each in ("hypothesis", *(row.name for row in rows))), _LONGEST_NAME)
        statement = left - names - gap
        table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="underline")
        table.add_column(rank.header, width=rank.width, no_wrap=True)
        table.add_column("hypothesis", width=names, no_wrap=True, overflow="ellipsis")
        for column in others:
            justify: JustifyMethod = "right" if column.right else "left"
            table.add_column(column.header, width=column.width, no_wrap=True, justify=justify)
        said = [_said(row) for row in rows]
        if statement >= _SHORTEST_STATEMENT and any(said):
            table.add_column("statement", width=statement, no_wrap=True, overflow="ellipsis")
            others.append(Column("statement", said))
        shown = [Text(name) for name in _cut([row.name for row in rows], max(names, len("hypothesis")))]
        for cells in zip(rank.cells, shown, *(column.cells for column in others), strict=True):
            table.add_row(*cells)
        return table

    def _columns(self, rows: Sequence[RankRow], *, wide: bool) -> list[Column]:
        """Return all columns but the name and the statement; a narrow table has no intervals of scores."""
        scores = [f"{row.score} {row.score_interval}".rstrip() if wide else row.score for row in rows]
        against = [
            Column("against the baseline" if wide else "difference", [_difference(row) for row in rows], 3),
            Column("verdict", [Text(row.verdict.value, style=VERDICT_STYLES[row.verdict]) for row in rows]),
            Column("cost", [row.relative_cost for row in rows], 1, right=True),
        ]
        return [
            Column("rank", [row.rank for row in rows]),
            Column(self._study.spec.metric.name if wide else "score", scores, 2),
            *(against if self._compared else ()),
            # failed seeds have a place at any width: nothing else in a row says that its score rests on fewer
            Column("seeds", [_seeds(row) for row in rows], None if any(row.failed for row in rows) else 0),
        ]


def ranking_explained(study: Study, status: ProxyStudyStatus) -> str:
    """Say what the columns of the ranking mean."""
    marked = f"{MAY_BE_BEST}: it may be the best. " if may_be_best(status.ranking) else ""
    any_failed = any(row.failed_seeds for row in status.ranking)
    failed = "Seeds: 2/4 are two of four, the others failed. " if any_failed else ""
    return (
        "In brackets: what the noise of the seeds allows, all intervals together at "
        f"{study.spec.verdicts.confidence_percent} % confidence. {marked}{failed}"
        "Cost: of a trial, relative to the baseline's."
    )


def _seeds(row: RankRow) -> Text:
    return Text(row.seeds_shown, style="bold red" if row.failed else "")


def _difference(row: RankRow) -> str:
    return "" if row.verdict is Verdict.BASELINE else f"{row.difference} {row.difference_interval}".rstrip()


def _said(row: RankRow) -> Text:
    return Text(" · ".join(filter(None, (row.message, row.statement))), style="dim")


def _cut(names: Sequence[str], width: int) -> list[str]:
    """Cut the names that are too long at their ends, or at their beginnings where two would then look the same."""
    ends = [name if len(name) <= width else f"{name[: width - 1]}…" for name in names]
    times = Counter(ends)
    return [end if times[end] == 1 else f"…{name[1 - width :]}" for end, name in zip(ends, names, strict=True)]
