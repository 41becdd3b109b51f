"""What past runs say, as text: for terminals, for print, and for pull requests."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.text import Text

from assay.reporting.arms_table import ArmsTable, arms_explained
from assay.reporting.figures import count, hypotheses_in_words, sentence
from assay.reporting.markdown import markdown_of
from assay.reporting.ranking_table import RankingTable, ranking_explained
from assay.reporting.rows import rank_rows

if TYPE_CHECKING:
    from assay.judging.answers import Answers
    from assay.judging.judge import Judged

PRINTED_WIDTH = 120
"""The width of printed tables, in characters."""

_MOST_FAILED = 10


def summary(judged: Judged, answers: Answers, *, explain: bool = False) -> RenderableType:
    """Return the answers, the arms and the ranking, fitted to the terminal's width; the answers come first."""
    study, status = judged.study, judged.status
    is_compared, has_proxies = judged.baseline is not None, len(status.arms) > 1
    parts: list[RenderableType] = [Text.assemble((study.name, "bold"), f": {facts(judged)}"), Text()]
    parts += [Text.assemble((f"{name}: ", "bold"), said) for name, said in answers_named(answers)]
    parts.append(Text())
    if has_proxies:
        parts += [ArmsTable(study, status), Text()]
    parts.append(RankingTable(study, status, compared=is_compared))
    failed = [row for row in rank_rows(study, status.ranking) if row.failed][:_MOST_FAILED]
    parts += [Text()] if failed else []
    parts += [Text.assemble((row.name, "bold"), f": {row.failed_shown}. {sentence(row.message)}") for row in failed]
    if explain:
        parts += [Text(), Text(arms_explained(study, status))] if has_proxies else []
        parts += [Text(), Text(ranking_explained(study, status))]
    return Group(*parts)


def facts(judged: Judged) -> str:
    """Return how much was judged, as a part of a sentence."""
    trials, absent = judged.status.trials, judged.recorded.missing_runs
    failed = f", {trials.failed:,} failed" if trials.failed else ""
    missing = f", {absent:,} of the whole table missing" if absent else ""
    arms = count(len(judged.status.arms), "arm")
    return f"{hypotheses_in_words(len(judged.ranking))}, {arms}; {count(trials.planned, 'run')}{failed}{missing}"


def answers_named(answers: Answers) -> list[tuple[str, str]]:
    """Return the answers that have something to say, by their headings."""
    named = (
        ("Proxies", answers.proxies),
        ("Saving", answers.saved),
        ("Hypotheses", answers.hypotheses),
        ("Best", answers.best),
        ("Next", answers.next),
    )
    return [(name, said) for name, said in named if said]


def plain_text(judged: Judged, answers: Answers) -> str:
    """Return the summary as printed text."""
    page = StringIO()
    Console(file=page, width=PRINTED_WIDTH, color_system=None).print(summary(judged, answers))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def markdown_text(judged: Judged, answers: Answers) -> str:
    """Return the answers, and the tables of the ranking and of the proxies, as Markdown."""
    return markdown_of(
        judged.study,
        judged.status,
        title=judged.study.name,
        answers=answers_named(answers),
        closing=f"{facts(judged)}.",
        compared=judged.baseline is not None,
    )
