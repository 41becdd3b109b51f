"""The display of a study that runs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from assay.api.resources import REFERENCE
from assay.planning.actions import Start
from assay.reporting.certificates import STATISTICS, certificate_words
from assay.reporting.figures import NOTHING, count, duration, listed, share, value_of
from assay.reporting.rows import DECISIONS, REVOKED, is_revoked, may_be_best

if TYPE_CHECKING:
    from assay.api.resources import ArmStatus, ProxyStudyStatus
    from assay.planning.actions import Plan
    from assay.planning.records.records import WorkRecord
    from assay.planning.study.study import Study

_MOST_RUNNING = 4
_MOST_PROXIES = 4

_NO_RECORDS: Mapping[str, WorkRecord] = MappingProxyType({})


def progress(
    study: Study, plan: Plan, elapsed: float, records: Mapping[str, WorkRecord] = _NO_RECORDS
) -> RenderableType:
    """Return at most 12 lines for a live display. `elapsed` is in seconds since the run began. With the `records` that
    the plan was made from it names the trials that run, without them only the trials that the plan starts."""
    status = plan.status
    done = status.trials.succeeded + status.trials.failed
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        Text(study.name, style="bold"),
        ProgressBar(total=max(1, status.trials.planned), completed=done, width=24),
        Text(_counts(status)),
    )
    lines = [Text(_time(plan, elapsed), style="dim"), *_running_lines(study, plan, records)]
    leaders = _leaders(status)
    if leaders:
        lines.append(Text.assemble(("leading   ", "dim"), leaders))
    agreements = _agreements(study, status)
    for number, each in enumerate(agreements[:_MOST_PROXIES]):
        lines.append(Text.assemble(("agreement " if number == 0 else " " * 10, "dim"), each))
    if len(agreements) > _MOST_PROXIES:
        lines.append(Text(f"{'':10}and {len(agreements) - _MOST_PROXIES} more", style="dim"))
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return Group(bar, *lines)


def progress_line(study: Study, plan: Plan, elapsed: float, records: Mapping[str, WorkRecord] = _NO_RECORDS) -> str:
    """Return the progress in one line, for logs."""
    parts = [f"{study.name}: {_counts(plan.status)}", _time(plan, elapsed)]
    running = _running(study, plan, records)
    if running:
        parts.append(f"runs {listed(running, 2)}")
    if leaders := _leaders(plan.status):
        parts.append(f"leading {leaders}")
    if agreements := _agreements(study, plan.status):
        parts.append(f"{STATISTICS[study.spec.trust.statistic]}: {', '.join(agreements)}")
    return " · ".join(parts)


def _counts(status: ProxyStudyStatus) -> str:
    trials = status.trials
    failed = f", {trials.failed} failed" if trials.failed else ""
    return f"{trials.succeeded + trials.failed}/{count(trials.planned, 'trial')}{failed}"


def _time(plan: Plan, elapsed: float) -> str:
    if plan.finished:
        return f"done in {duration(elapsed)}"
    left = f"about {duration(plan.seconds_left)} left" if plan.seconds_left is not None else "time left not known yet"
    return f"{duration(elapsed)} so far, {left}"


def _running(study: Study, plan: Plan, records: Mapping[str, WorkRecord]) -> list[str]:
    starting = {action.item.key for action in plan.actions if isinstance(action, Start)}
    active = starting | {key for key, record in records.items() if record.running is not None}
    if not active:
        return []
    found = [f"core-set scores for {each.arm}" for each in study.design.preparations if each.key in active]
    runs = map(study.design.run_of, study.design.trials)
    trials = {each.key: each for each in runs if each.key in active}
    return found + [f"{each.hypothesis} × {each.arm} × seed {each.seed}" for each in trials.values()]


def _running_lines(study: Study, plan: Plan, records: Mapping[str, WorkRecord]) -> list[Text]:
    running = _running(study, plan, records)
    shown = [
        Text.assemble(("running   " if number == 0 else " " * 10, "dim"), each)
        for number, each in enumerate(running[:_MOST_RUNNING])
    ]
    if len(running) > _MOST_RUNNING:
        shown[-1].append(f" and {len(running) - _MOST_RUNNING} more", style="dim")
    return shown


def _leaders(status: ProxyStudyStatus) -> str:
    """Return the hypotheses that may be the best, and how much of the order is expected to be right if known."""
    scored = [row for row in status.ranking if row.score is not None]
    if len(scored) < 2:
        return ""
    accuracy = value_of(status.ranking_accuracy)
    right = f"; about {share(accuracy)} of all pairs in the right order" if accuracy is not None else ""
    best = may_be_best(scored)
    if not any(row.may_be_best for row in scored):
        return f"none: all fail on some of their seeds{right}"
    if not best:
        return f"{scored[0].name}, but none can be told from the others yet{right}"
    return f"{listed([row.name for row in best], 3)}{right}"


def _agreements(study: Study, status: ProxyStudyStatus) -> list[str]:
    return [
        " ".join(part for part in (arm.name, words.value, words.interval, _decided(arm)) if part)
        for arm in status.arms
        if arm.name != REFERENCE and (words := certificate_words(study, arm)).value != NOTHING
    ]


def _decided(arm: ArmStatus) -> str:
    """Return the decision on a proxy; empty before the first look."""
    if arm.certificate is None or arm.decision is None:
        return ""
    return (REVOKED if is_revoked(arm) else DECISIONS[arm.decision]).lower()
