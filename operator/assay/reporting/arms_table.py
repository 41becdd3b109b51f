"""The arms on a terminal: agreement, cost, saving, trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from assay.api.resources import REFERENCE, TrustDecision
from assay.reporting.figures import NOTHING, fixed, unit_in_words
from assay.reporting.fitted import Column, fitting
from assay.reporting.rows import ArmRow, arm_rows, noise_ceiling

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudyStatus
    from assay.planning.study import Study

WIDE = 110
"""Columns from which on tables show all that they have."""

_GAP = 2
_SHORTEST_NAME = 9

DECISION_STYLES = {
    TrustDecision.TRUSTED: "bold green",
    TrustDecision.NOT_TRUSTED: "red",
    TrustDecision.UNDECIDED: "yellow",
    TrustDecision.PENDING: "dim",
}


class ArmsTable:
    """Fits itself to the width that it is shown in."""

    def __init__(self, study: Study, status: ProxyStudyStatus) -> None:
        self._study, self._status = study, status

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = arm_rows(self._status)
        yield Text("Which cheap comparison may be trusted?", style="bold")
        yield Text(self._explanation(), style="dim")
        wide = options.max_width >= WIDE
        yield self._table(rows, options.max_width)
        reasons = [reason for row in rows if (reason := _reason(row, wide=wide))]
        if reasons:
            yield Text()
            yield Group(*reasons)

    def _explanation(self) -> str:
        trust = self._study.spec.trust
        ceiling = noise_ceiling(self._status)
        known = "" if ceiling is None else f" ({fixed(ceiling, 2)})"
        unit = unit_in_words(self._status.cost.unit)
        return (
            "Agreement is Kendall's tau with the reference's order: 1 the same order, 0 unrelated, -1 reversed. "
            f"No proxy can do better than the noise ceiling{known}: the reference's agreement with itself. "
            "In brackets: what the true tau, without the noise of the seeds, may be. "
            f"Trusted: {trust.threshold} or more at {trust.confidence_percent} % confidence. "
            "Pairs: ordered alike, of those that the reference separates. "
            f"Cost: of a trial, in {unit}, relative to the reference. "
            "Saving: of a study on the proxy alone, preparations included."
        )

    def _table(self, rows: tuple[ArmRow, ...], width: int) -> Table:
        """Only names are cut; what has no place beside them is left out."""
        shown = fitting(self._columns(rows, wide=width >= WIDE), width - _SHORTEST_NAME, _GAP)
        names = max(_SHORTEST_NAME, width - sum(column.width + _GAP for column in shown))
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="underline")
        table.add_column("arm", no_wrap=True, overflow="ellipsis", max_width=names)
        for column in shown:
            table.add_column(column.header, justify="right" if column.right else "left", no_wrap=True)
        for row, *cells in zip(rows, *(column.cells for column in shown), strict=True):
            table.add_row(row.name, *cells)
        return table

    def _columns(self, rows: tuple[ArmRow, ...], *, wide: bool) -> list[Column]:
        """All but the names."""
        columns = [
            Column("trials", [row.trials for row in rows], 2, right=True),
            Column("agreement", [self._agreement(row) for row in rows], 5),
            Column("pairs", [row.accuracy if row.name != REFERENCE else "" for row in rows], 1, right=True),
            Column("cost", [row.relative_cost for row in rows], 3, right=True),
            Column("saving", [row.saving for row in rows], 4, right=True),
            Column("decision", [Text(row.decision_text, style=_style(row)) for row in rows]),
        ]
        if wide:
            seconds = [f"{row.trial_seconds} s" if row.trial_seconds != NOTHING else NOTHING for row in rows]
            columns.insert(3, Column("a trial", seconds, 1, right=True))
            columns.insert(6, Column("pays off after", [_pays_off(row) for row in rows], 1, right=True))
        return columns

    def _agreement(self, row: ArmRow) -> str:
        if row.name != REFERENCE:
            return f"{row.agreement} {row.agreement_interval}".rstrip()
        ceiling = noise_ceiling(self._status)
        return f"{fixed(ceiling, 2)} ceiling" if ceiling is not None else NOTHING


def _reason(row: ArmRow, *, wide: bool) -> Text | None:
    """The decision's reason, and what a narrow table has no room for."""
    parts = [f"{row.failed} of its trials failed."] if row.failed else []
    if row.why:
        parts.append(row.why)
    if not wide and row.name != REFERENCE and row.trial_seconds != NOTHING:
        pays = f", pays off after {_hypotheses(row.break_even)}" if row.break_even != NOTHING else ""
        parts.append(f"{row.trial_seconds} s a trial{pays}.")
    return Text.assemble((row.name, "bold"), f": {' '.join(parts)}") if parts else None


def _style(row: ArmRow) -> str:
    return DECISION_STYLES[row.decision] if row.decision else ""


def _pays_off(row: ArmRow) -> str:
    return _hypotheses(row.break_even) if row.break_even not in ("", NOTHING) else row.break_even


def _hypotheses(number: str) -> str:
    return f"{number} hypothesis" if number == "1" else f"{number} hypotheses"
