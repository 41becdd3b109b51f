"""The report on past runs: the same HTML file as a study's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.judging.text import facts
from assay.reporting.html import html_report

if TYPE_CHECKING:
    from assay.judging.answers import Answers
    from assay.judging.judge import Judged


def html_text(judged: Judged, answers: Answers) -> str:
    """Return the report as HTML that needs no network."""
    put_back = judged.names.put_back
    return html_report(
        put_back(judged.recorded.study),
        put_back(judged.decided),
        instead={
            "facts": facts(judged),
            "trust": " ".join(filter(None, (answers.proxies, answers.saved))),
            "verdicts": answers.hypotheses,
            "best": answers.best,
            "next": answers.next,
        },
        compared=judged.baseline is not None,
    )
