"""A study's findings as a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from assay.api.resources import REFERENCE, TrustDecision, Verdict
from assay.reporting.advice import advice
from assay.reporting.answers import best_answer, cost_answer, edits_answer, stale_answer, verdict_answer
from assay.reporting.certificates import STATISTICS
from assay.reporting.figures import NOTHING, count
from assay.reporting.rows import FREE, REVOKED, ArmRow, RankRow, arm_rows, rank_rows
from assay.reporting.trust_answer import trust_answer

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudyStatus
    from assay.planning.study.study import Study

_MOST_ROWS = 20
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~@])")


def markdown(study: Study, status: ProxyStudyStatus) -> str:
    """Return the answers, a table of verdicts (the first 20, and the baseline) and a table of the proxies."""
    trials = status.trials
    failed = f", {trials.failed} failed" if trials.failed else ""
    stale = f", {trials.stale} earlier ones no longer count" if trials.stale else ""
    answers = [
        ("Hypotheses", verdict_answer(study, status)),
        ("Best", best_answer(study, status)),
        ("Proxies", trust_answer(study, status)),
        ("Edited", edits_answer(status)),
        ("Next", advice(study, status)),
    ]
    closing = f"{trials.succeeded} of {count(trials.planned, 'trial')} succeeded{failed}{stale}. {cost_answer(status)}"
    whole = markdown_of(study, status, title=study.name, answers=answers, closing=closing)
    return f"{whole}\n{_escaped(left)}\n" if (left := stale_answer(status)) else whole


def markdown_of(
    study: Study,
    status: ProxyStudyStatus,
    *,
    title: str,
    answers: Sequence[tuple[str, str]],
    closing: str,
    compared: bool = True,
) -> str:
    """Return these answers and both tables; `closing` is Markdown that comes last. Without a baseline (`compared`)
    nothing is said of differences from it."""
    parts = [f"### Assay: {_escaped(title)}", *(f"**{name}.** {_escaped(said)}" for name, said in answers if said)]
    parts.append(_verdicts(study, status, compared=compared))
    if len(status.arms) > 1:
        parts.append(_proxies(study, status))
    return "\n\n".join((*parts, closing)) + "\n"


def _verdicts(study: Study, status: ProxyStudyStatus, *, compared: bool) -> str:
    rows = rank_rows(study, status.ranking)
    shown = [row for place, row in enumerate(rows) if place < _MOST_ROWS or row.verdict is Verdict.BASELINE]
    against = ("against the baseline", "verdict", "cost") if compared else ()
    table = _table(
        ("rank", "hypothesis", study.spec.metric.name, *against, "seeds"),
        (
            (
                _escaped(row.rank),
                f"**{_escaped(row.name)}** {_escaped(row.statement)}".rstrip(),
                row.score,
                *(_against(row) if compared else ()),
                f"**{row.seeds_shown}**, {row.failed} failed" if row.failed else row.seeds_shown,
            )
            for row in shown
        ),
    )
    left = len(study.hypotheses) - len(shown)
    return f"{table}\n\n… and {left} more." if left > 0 else table


def _against(row: RankRow) -> tuple[str, str, str]:
    difference = "" if row.verdict is Verdict.BASELINE else f"{row.difference} {row.difference_interval}".rstrip()
    return difference, _verdict(row), row.relative_cost


def _verdict(row: RankRow) -> str:
    verdict = f"**{row.verdict}**" if row.verdict is Verdict.BETTER else str(row.verdict)
    return f"{verdict}. {_escaped(row.message)}" if row.message else verdict


def _proxies(study: Study, status: ProxyStudyStatus) -> str:
    """Return the table of the proxies; it says of undecided ones what would decide them."""
    return _table(
        ("proxy", STATISTICS[study.spec.trust.statistic], "without noise", "saving", "decision"),
        (
            (
                _escaped(row.name),
                f"{row.agreement} {row.agreement_interval}".rstrip(),
                row.corrected,
                f"{row.saving or NOTHING}{', free to calibrate' if row.trials == FREE else ''}",
                _decision(row),
            )
            for row in arm_rows(study, status)
            if row.name != REFERENCE
        ),
    )


def _decision(row: ArmRow) -> str:
    if row.decision is TrustDecision.UNDECIDED:
        return _escaped(f"{row.decision_text}. {row.why} {row.needed}")
    if row.decision_text == REVOKED:
        return f"**{REVOKED}.** {_escaped(row.why)}"
    return f"**{row.decision_text}**" if row.decision is TrustDecision.TRUSTED else row.decision_text


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = [_escaped(name) for name in header]
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _escaped(text: str) -> str:
    """Return the user's text as plain text on one line, with no markup and no mentions."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
