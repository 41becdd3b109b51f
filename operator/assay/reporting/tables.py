"""The text that a terminal shows when a study ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from assay.api.resources import ConditionType, Verdict
from assay.reporting.advice import advice
from assay.reporting.answers import (
    best_answer,
    cost_answer,
    edits_answer,
    is_finished,
    rules_answer,
    stale_answer,
    verdict_answer,
)
from assay.reporting.arms_table import ArmsTable, arms_explained
from assay.reporting.figures import count, hypotheses_in_words, listed, seeds_in_words, sentence
from assay.reporting.ranking_table import RankingTable, ranking_explained
from assay.reporting.rows import rank_rows
from assay.reporting.trust_answer import trust_answer

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudyStatus
    from assay.planning.study.study import Study


MOST_FAILED = 20
"""The most hypotheses whose failures are told one by one."""


def summary(study: Study, status: ProxyStudyStatus, *, explain: bool = False) -> RenderableType:
    """Return the answers, the arms, the ranking and the cost, fitted to the terminal's width.

    The answers come first, for people who read no further. What the columns mean is said where it is asked for.
    """
    state = _state(status)
    done = is_finished(status) and not state.plain.startswith("Stopped")
    parts: list[RenderableType] = [_title(study, status), *([] if done else [state]), Text()]
    parts += _answers(study, status)
    parts.append(Text())
    if len(status.arms) > 1:
        parts += [ArmsTable(study, status), Text()]
    parts += [RankingTable(study, status), Text()]
    parts += _failed(study, status)
    parts += [*([state] if done else []), Text(cost_answer(status))]
    parts += [Text(said) for said in (stale_answer(status), rules_answer(status)) if said]
    parts += [Text(), *_explained(study, status)] if explain else [_HINT]
    return Group(*parts)


_HINT = Text("What the columns mean: --explain.", style="dim")


def _answers(study: Study, status: ProxyStudyStatus) -> list[RenderableType]:
    answers = [
        ("Proxies", trust_answer(study, status)),
        ("Hypotheses", verdict_answer(study, status)),
        ("Best", best_answer(study, status)),
        ("Edited", edits_answer(status)),
        ("Next", advice(study, status)),
    ]
    return [_answer(name, text) for name, text in answers if text]


def _explained(study: Study, status: ProxyStudyStatus) -> list[RenderableType]:
    parts: list[RenderableType] = [_answer("Ranking", ranking_explained(study, status))]
    if len(status.arms) > 1:
        parts.insert(0, _answer("Arms", arms_explained(study, status)))
    return parts


def _failed(study: Study, status: ProxyStudyStatus) -> list[RenderableType]:
    """Say why hypotheses have no score, or a score of fewer seeds: a table may have no room for it."""
    rows = [row for row in rank_rows(study, status.ranking) if row.failed or row.verdict is Verdict.FAILED]
    parts: list[RenderableType] = []
    for row in rows[:MOST_FAILED]:
        how = f": {row.failed_shown}." if row.failed and row.verdict is not Verdict.FAILED else " failed."
        parts.append(Text.assemble((row.name, "bold"), f"{how} {sentence(row.message)}".rstrip()))
    if len(rows) > MOST_FAILED:
        parts.append(Text(f"Failed seeds, too: {listed((row.name for row in rows[MOST_FAILED:]), 12)}."))
    return parts


def _title(study: Study, status: ProxyStudyStatus) -> Text:
    trials = status.trials
    ended = f"{trials.succeeded:,} of {count(trials.planned, 'trial')}"
    failed = f", {trials.failed} failed" if trials.failed else ""
    stale = f", {trials.stale} earlier ones no longer count" if trials.stale else ""
    return Text.assemble(
        ("Study ", "bold"),
        (study.name, "bold"),
        f": {hypotheses_in_words(len(study.hypotheses))}, {count(len(study.design.arms), 'arm')}, "
        f"{seeds_in_words(study.spec.seeds)}; {ended}{failed}{stale}",
    )


def _state(status: ProxyStudyStatus) -> Text:
    for kind in (ConditionType.ACCEPTED, ConditionType.SUCCEEDED):
        found = status.condition(kind)
        if found is not None and (found.status != "True" or kind is ConditionType.SUCCEEDED):
            word = "Done" if found.status == "True" else "Stopped" if is_finished(status) else "Not done yet"
            return Text.assemble((f"{word} ({found.reason}): ", "bold"), sentence(found.message))
    return Text("Nothing has run yet.")


def _answer(name: str, text: str) -> Text:
    return Text.assemble((f"{name}: ", "bold"), text)
