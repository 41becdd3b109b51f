"""The arms on a terminal: agreement, cost, saving, trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assay.api.resources import REFERENCE, TrustDecision
from assay.reporting.figures import NOTHING, fixed, unit_in_words
from assay.reporting.rows import ArmRow, arm_rows, noise_ceiling

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudyStatus
    from assay.planning.study import Study

WIDE = 110
"""Columns from which on tables show all that they have."""

_OTHERS, _OTHERS_WIDE = 68, 98
"""Columns that all but the names take at most."""

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
            yield Padding(Group(*reasons), (1, 0, 0, 0))

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
        """Only names are cut."""
        wide = width >= WIDE
        longest_name = max(9, width - (_OTHERS_WIDE if wide else _OTHERS))
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="underline")
        table.add_column("arm", no_wrap=True, overflow="ellipsis", max_width=longest_name)
        table.add_column("trials", justify="right", no_wrap=True)
        table.add_column("agreement", no_wrap=True)
        table.add_column("pairs", justify="right", no_wrap=True)
        if wide:
            table.add_column("a trial", justify="right", no_wrap=True)
        table.add_column("cost", justify="right", no_wrap=True)
        table.add_column("saving", justify="right", no_wrap=True)
        if wide:
            table.add_column("pays off after", justify="right", no_wrap=True)
        table.add_column("decision", no_wrap=True, min_width=len("Not trusted"))
        for row in rows:
            table.add_row(*self._cells(row, wide=wide))
        return table

    def _cells(self, row: ArmRow, *, wide: bool) -> list[Text | str]:
        cells: list[Text | str] = [row.name, row.trials, self._agreement(row)]
        cells.append(row.accuracy if row.name != REFERENCE else "")
        if wide:
            cells.append(f"{row.trial_seconds} s" if row.trial_seconds != NOTHING else NOTHING)
        cells.extend((row.relative_cost, row.saving))
        if wide:
            known = row.break_even not in ("", NOTHING)
            cells.append(_hypotheses(row.break_even) if known else row.break_even)
        cells.append(Text(row.decision_text, style=DECISION_STYLES[row.decision] if row.decision else ""))
        return cells

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


def _hypotheses(number: str) -> str:
    return f"{number} hypothesis" if number == "1" else f"{number} hypotheses"
