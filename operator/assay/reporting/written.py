"""The report and the table of trials are put into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from assay.reporting.trial_rows import trial_rows

if TYPE_CHECKING:
    from assay.planning.actions import Plan
    from assay.planning.study.study import Study
    from assay.store import Ledger


class Written(NamedTuple):
    """The URIs of the report and of the table of trials."""

    report: str
    trials: str


def write_report(study: Study, ledger: Ledger, decided: Plan) -> Written:
    """Write the report and the table of trials, each under a digest of its content, so the same content is written
    once."""
    from assay.reporting.html import html_report  # altair takes half a second to import

    return Written(
        report=ledger.put_document(study.name, "reports", "html", html_report(study, decided).encode()),
        trials=ledger.put_document(study.name, "trials", "json", trial_rows(study, decided.judgement)),
    )
