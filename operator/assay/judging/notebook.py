"""What past runs say, as a notebook shows it: small HTML without scripts or styles of a page's own."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from assay.api.resources import REFERENCE, Verdict
from assay.judging.text import answers_named, facts
from assay.reporting.figures import NOTHING
from assay.reporting.rows import arm_rows, rank_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assay.judging.answers import Answers
    from assay.judging.judge import Judged

_MOST_ROWS = 20


def notebook_html(judged: Judged, answers: Answers) -> str:
    """Return the answers and two tables; of the ranking the first 20."""
    study, status = judged.study, judged.status
    said = "".join(f"<dt><b>{escape(name)}</b></dt><dd>{escape(text)}</dd>" for name, text in answers_named(answers))
    parts = [f"<p><b>{escape(study.name)}</b>: {escape(facts(judged))}</p>", f"<dl>{said}</dl>"]
    if len(status.arms) > 1:
        proxies = [
            (
                row.name,
                f"{row.agreement} {row.agreement_interval}".rstrip(),
                row.relative_cost,
                row.saving or NOTHING,
                row.decision_text,
            )
            for row in arm_rows(study, status)
            if row.name != REFERENCE
        ]
        parts.append(_table(("proxy", "tau", "cost", "saving", "decision"), proxies))
    rows = rank_rows(study, judged.ranking[:_MOST_ROWS])
    header: Sequence[str] = ("rank", "hypothesis", study.spec.metric.name)
    cells: list[Sequence[str]] = [(row.rank, row.name, f"{row.score} {row.score_interval}".rstrip()) for row in rows]
    if judged.baseline is not None:
        header = (*header, "against the baseline", "verdict")
        compared = (
            (
                "" if row.verdict is Verdict.BASELINE else f"{row.difference} {row.difference_interval}",
                row.verdict.value,
            )
            for row in rows
        )
        cells = [(*each, *against) for each, against in zip(cells, compared, strict=True)]
    parts.append(_table(header, cells))
    left = len(judged.ranking) - len(rows)
    return "".join(parts) + (f"<p>… and {left} more.</p>" if left > 0 else "")


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
