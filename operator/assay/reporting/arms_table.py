"""The table of the arms on a terminal: agreement, cost, saving, trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.table import Table
from rich.text import Text

from assay.api.resources import REFERENCE, TrustDecision, TrustStatistic
from assay.reporting.certificates import NOISE_EXPLAINED, STATISTICS, statistic_explained
from assay.reporting.figures import NOTHING, fixed, unit_in_words
from assay.reporting.fitted import Column, fitting
from assay.reporting.rows import FREE, REVOKED, ArmRow, arm_rows, ceiling_of

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudyStatus
    from assay.planning.study.study import Study

WIDE = 110
"""A terminal with this many columns or more shows all columns of a table."""

_GAP = 2
_SHORTEST_NAME = 9

DECISION_STYLES = {
    TrustDecision.TRUSTED: "bold green",
    TrustDecision.NOT_TRUSTED: "red",
    TrustDecision.UNDECIDED: "yellow",
    TrustDecision.PENDING: "dim",
}


class ArmsTable:
    """The table of the arms, which fits itself to the width of the terminal."""

    def __init__(self, study: Study, status: ProxyStudyStatus) -> None:
        self._study, self._status = study, status

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = arm_rows(self._study, self._status)
        yield Text("Which cheap comparison may be trusted?", style="bold")
        wide = options.max_width >= WIDE
        yield self._table(rows, options.max_width)
        reasons = [reason for row in rows if (reason := _reason(row, wide=wide))]
        if reasons:
            yield Text()
            yield Group(*reasons)

    def _table(self, rows: tuple[ArmRow, ...], width: int) -> Table:
        """Return the table. Only names are cut; columns for which there is no room beside them are left out."""
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
        """Return all columns but that of the names."""
        statistic = self._study.spec.trust.statistic
        about_tau = statistic is TrustStatistic.KENDALL_TAU
        ceiling = ceiling_of(self._status)
        at_ceiling = f"{fixed(ceiling, 2)} ceiling" if ceiling is not None else NOTHING

        def proxies(name: str, reference: str = "") -> list[str]:
            return [getattr(row, name) if row.name != REFERENCE else reference for row in rows]

        agreements = [
            f"{row.agreement} {row.agreement_interval}".rstrip()
            if row.name != REFERENCE
            else at_ceiling
            if about_tau
            else ""
            for row in rows
        ]
        columns = [
            Column("trials", [row.trials for row in rows], 4, right=True),
            Column(STATISTICS[statistic], agreements, 7),
            Column("noise", proxies("noise_share"), 1, right=True),
            Column("cost", [row.relative_cost for row in rows], 5, right=True),
            Column("saving", [row.saving for row in rows], 6, right=True),
            Column("decision", [Text(row.decision_text, style=_style(row)) for row in rows]),
        ]
        if statistic is not TrustStatistic.DECISION_ACCURACY:
            columns.insert(2, Column("pairs", proxies("accuracy"), 3, right=True))
        if not about_tau:
            columns.insert(2, Column("tau", proxies("tau", at_ceiling), 2))
        if wide:
            seconds = [f"{row.trial_seconds} s" if row.trial_seconds != NOTHING else NOTHING for row in rows]
            columns.insert(len(columns) - 3, Column("a trial", seconds, 3, right=True))
            columns.insert(len(columns) - 1, Column("pays off after", [_pays_off(row) for row in rows], 3, right=True))
        return columns


def arms_explained(study: Study, status: ProxyStudyStatus) -> str:
    """Say what the columns of the arms mean."""
    trust = study.spec.trust
    ceiling = ceiling_of(status)
    known = "" if ceiling is None else f" ({fixed(ceiling, 2)})"
    unit = unit_in_words(status.cost.unit)
    about_accuracy = trust.statistic is TrustStatistic.DECISION_ACCURACY
    pairs = "" if about_accuracy else "Pairs: ordered alike, of those that the reference separates. "
    return (
        f"{statistic_explained(study)} In brackets: what the true value, without the noise of the seeds, may "
        f"be. Trusted: {trust.threshold} or more at {trust.confidence_percent} % confidence. No proxy's tau can be "
        f"above the noise ceiling{known}: the reference's agreement with itself. {pairs}"
        f"Noise: {NOISE_EXPLAINED}. Cost: of a trial, in {unit}, relative to the reference. "
        "Saving: of a study on the proxy alone, preparations included."
        f"{_FREE_EXPLAINED if any(row.trials == FREE for row in arm_rows(study, status)) else ''}"
    )


_FREE_EXPLAINED = " Free: other trials, which run anyway, have reported its scores."


def _reason(row: ArmRow, *, wide: bool) -> Text | None:
    """Return the reason for the decision on the arm, and the values for which a narrow table has no room."""
    parts = [f"{row.failed} of its trials failed."] if row.failed else []
    parts += [said for said in (row.why, row.needed, row.basis, row.saved) if said]
    if not wide and row.name != REFERENCE and row.trial_seconds != NOTHING:
        pays = f", pays off {_when(row.break_even)}" if row.break_even != NOTHING else ""
        parts.append(f"{row.trial_seconds} s a trial{pays}.")
    return Text.assemble((row.name, "bold"), f": {' '.join(parts)}") if parts else None


def _style(row: ArmRow) -> str:
    if row.decision_text == REVOKED:
        return "bold red"
    return DECISION_STYLES[row.decision] if row.decision else ""


def _pays_off(row: ArmRow) -> str:
    if row.break_even == "0":
        return "at once"
    return _hypotheses(row.break_even) if row.break_even not in ("", NOTHING) else row.break_even


def _when(number: str) -> str:
    return "at once" if number == "0" else f"after {_hypotheses(number)}"


def _hypotheses(number: str) -> str:
    return f"{number} hypothesis" if number == "1" else f"{number} hypotheses"
