"""The ranking on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from assay.api.resources import Goal, Verdict
from assay.reporting.arms_table import WIDE
from assay.reporting.rows import RankRow, rank_rows

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudyStatus
    from assay.planning.study import Study

VERDICT_STYLES = {
    Verdict.BETTER: "bold green",
    Verdict.WORSE: "red",
    Verdict.EQUIVALENT: "cyan",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.BASELINE: "bold",
    Verdict.FAILED: "bold red",
}

_SHORTEST_NAME = 12
_LONGEST_NAME = 40
_SHORTEST_STATEMENT = 24


class RankingTable:
    """Fits itself to the width that it is shown in."""

    def __init__(self, study: Study, status: ProxyStudyStatus) -> None:
        self._study, self._status = study, status

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text("Which hypotheses are better than the baseline?", style="bold")
        yield Text(self._explanation(), style="dim")
        yield self._table(options.max_width)
        left_out = len(self._study.hypotheses) - len(self._status.ranking)
        if left_out > 0:
            yield Text(f"… and {left_out} more: the report has them all.", style="dim")

    def _explanation(self) -> str:
        metric, verdicts = self._study.spec.metric, self._study.spec.verdicts
        better = "lower" if metric.goal is Goal.MINIMIZE else "higher"
        return (
            f"By {metric.name} on the reference, the mean over seeds; {better} is better. In brackets: what the "
            f"noise of the seeds allows, all intervals together at {verdicts.confidence_percent} % confidence. "
            "Cost: of a trial, relative to the baseline's."
        )

    def _table(self, width: int) -> Table:
        """Only names and statements are cut; where names would be cut too short, costs are left out."""
        wide = width >= WIDE
        gap = 2 if wide else 1
        metric = self._study.spec.metric.name
        headers = [
            "rank",
            metric if wide else "score",
            "against the baseline" if wide else "difference",
            "verdict",
            "cost",
        ]
        rows = [(row, _cells(row, wide=wide)) for row in rank_rows(self._study, self._status.ranking)]
        widths = [
            max(len(text) for text in column) for column in zip(headers, *(cells for _, cells in rows), strict=True)
        ]
        if width - sum(widths) - gap * len(widths) < _SHORTEST_NAME:
            headers, widths, rows = headers[:-1], widths[:-1], [(row, cells[:-1]) for row, cells in rows]
        left = max(_SHORTEST_NAME, width - sum(widths) - gap * len(widths))
        names = min(left, max(len(each) for each in ("hypothesis", *(row.name for row, _ in rows))), _LONGEST_NAME)
        statement = left - names - gap
        table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="underline")
        table.add_column(headers[0], width=widths[0], no_wrap=True)
        table.add_column("hypothesis", width=names, no_wrap=True, overflow="ellipsis")
        for header, each in zip(headers[1:], widths[1:], strict=True):
            table.add_column(header, width=each, no_wrap=True, justify="right" if header == "cost" else "left")
        if statement >= _SHORTEST_STATEMENT:
            table.add_column("statement", width=statement, no_wrap=True, overflow="ellipsis")
        shown = _cut([row.name for row, _ in rows], max(names, len("hypothesis")))
        for name, (row, cells) in zip(shown, rows, strict=True):
            styled = [Text(text, style=VERDICT_STYLES[row.verdict] if text == row.verdict else "") for text in cells]
            said = Text(f"{row.message} · {row.statement}" if row.message else row.statement, style="dim")
            table.add_row(styled[0], Text(name), *styled[1:], *([said] if statement >= _SHORTEST_STATEMENT else []))
        return table


def _cut(names: Sequence[str], width: int) -> list[str]:
    """Names that are too long lose their ends, or their beginnings where that would make them look the same."""
    ends = [name if len(name) <= width else f"{name[: width - 1]}…" for name in names]
    times = Counter(ends)
    return [end if times[end] == 1 else f"…{name[1 - width :]}" for end, name in zip(ends, names, strict=True)]


def _cells(row: RankRow, *, wide: bool) -> list[str]:
    """All but the name and the statement."""
    difference = "" if row.verdict is Verdict.BASELINE else f"{row.difference} {row.difference_interval}".rstrip()
    score = f"{row.score} {row.score_interval}".rstrip() if wide else row.score
    return [row.rank, score, difference, row.verdict.value, row.relative_cost]
