"""What a terminal shows when a study ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from assay.api.resources import ConditionType, Verdict
from assay.reporting.answers import best_answer, condition, cost_answer, is_finished, verdict_answer
from assay.reporting.arms_table import ArmsTable
from assay.reporting.figures import count, seeds_in_words, sentence
from assay.reporting.ranking_table import RankingTable
from assay.reporting.trust_answer import trust_answer

if TYPE_CHECKING:
    from assay.api.resources import ProxyStudyStatus
    from assay.planning.study import Study


def summary(study: Study, status: ProxyStudyStatus) -> RenderableType:
    """The arms, the ranking, the state of the study and the answers, fitted to the terminal's width.

    The answers come last, since that is what is still on the screen after a long table.
    """
    parts: list[RenderableType] = [_title(study, status), Text()]
    if len(status.arms) > 1:
        parts += [ArmsTable(study, status), Text()]
    parts += [RankingTable(study, status), Text()]
    for row in status.ranking:
        if row.verdict is Verdict.FAILED and row.message:
            parts.append(Text.assemble((row.name, "bold"), f" failed. {sentence(row.message)}"))
    parts += [_state(status), Text(cost_answer(status)), Text()]
    parts.append(_answer("Hypotheses", verdict_answer(study, status)))
    if best := best_answer(study, status):
        parts.append(_answer("Best", best))
    parts.append(_answer("Proxies", trust_answer(study, status)))
    return Group(*parts)


def _title(study: Study, status: ProxyStudyStatus) -> Text:
    trials = status.trials
    ended = f"{trials.succeeded} of {count(trials.planned, 'trial')}"
    failed = f", {trials.failed} failed" if trials.failed else ""
    stale = f", {trials.stale} of earlier specs left aside" if trials.stale else ""
    return Text.assemble(
        ("Study ", "bold"),
        (study.name, "bold"),
        f": {count(len(study.hypotheses), 'hypothesis', 'hypotheses')}, {count(len(study.design.arms), 'arm')}, "
        f"{seeds_in_words(study.spec.seeds)}; {ended}{failed}{stale}",
    )


def _state(status: ProxyStudyStatus) -> Text:
    for kind in (ConditionType.ACCEPTED, ConditionType.SUCCEEDED):
        found = condition(status, kind)
        if found is not None and (found.status != "True" or kind is ConditionType.SUCCEEDED):
            word = "Done" if found.status == "True" else "Stopped" if is_finished(status) else "Not done yet"
            return Text.assemble((f"{word} ({found.reason}): ", "bold"), sentence(found.message))
    return Text("Nothing has run yet.")


def _answer(name: str, text: str) -> Text:
    return Text.assemble((f"{name}: ", "bold"), text)
