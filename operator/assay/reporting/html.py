"""The report: one HTML file that needs no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.api.resources import Goal, TrustDecision, TrustStatistic, Verdict
from assay.planning.results.progress import State
from assay.reporting.advice import advice
from assay.reporting.answers import (
    best_answer,
    cost_answer,
    edits_answer,
    is_finished,
    scores_in_words,
    stale_answer,
    verdict_answer,
)
from assay.reporting.certificates import NOISE_EXPLAINED, STATISTICS, statistic_explained
from assay.reporting.charts.agreement_chart import agreement_chart
from assay.reporting.charts.curve_chart import curve_chart
from assay.reporting.charts.rank_chart import rank_chart
from assay.reporting.charts.ranking_charts import difference_chart, drawn, score_chart
from assay.reporting.charts.theme import DECISION_COLOURS, VERDICT_COLOURS, Spec
from assay.reporting.charts.time_chart import PHASE_COLOURS, time_chart
from assay.reporting.curves import curve_means, curve_metric
from assay.reporting.figures import (
    count,
    data_in_words,
    decimals_for,
    fixed,
    hypotheses_in_words,
    listed,
    seeds_in_words,
    unit_in_words,
)
from assay.reporting.page import page
from assay.reporting.rows import (
    DECISIONS,
    MAY_BE_BEST,
    REVOKED,
    RankRow,
    arm_rows,
    ceiling_of,
    is_revoked,
    may_be_best,
    rank_rows,
)
from assay.reporting.time_shares import PHASE_WORDS, TimeShare, time_answer, time_shares
from assay.reporting.trial_table import trial_table
from assay.reporting.trials import Trials, trials_of
from assay.reporting.trust_answer import best_trusted, is_worth_it, trust_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.api.resources import ProxyStudyStatus, RankedHypothesis
    from assay.planning.actions import Plan
    from assay.planning.study.study import Study

_MOST_CURVES = 100
"""The most hypotheses whose curves are drawn: the best ones; the baseline is drawn in any case."""

_MOST_CURVE_POINTS = 20_000
"""The most points that all curves have together; longer curves are thinned."""


def html_report(study: Study, decided: Plan, *, instead: Mapping[str, str] | None = None, compared: bool = True) -> str:
    """Return the report as HTML with styles, data and the chart library in it: about 1 MB, and under 5 MB for the
    largest studies. It shows whatever there is: a study may still run, or have failed.

    `instead`: answers, and the facts below the title, in the place of those that are made from the status. Without a
    baseline (`compared`) nothing is said of differences from it.
    """
    instead = instead or {}
    status, ranking = decided.status, decided.ranking
    trials = trials_of(study, decided.judgement)
    rows, shares = rank_rows(study, ranking), time_shares(trials)
    curves, curves_note = _curves(trials, ranking)
    charts = {**_charts(study, status, trials, rows, ranking), "curve-chart": curves, "time-chart": time_chart(shares)}
    return page(
        "report.html.jinja",
        study=study,
        status=status,
        facts=instead.get("facts") or _facts(study, status),
        answers=_answers(study, status, ranking, shares, instead),
        compared=compared,
        **_about_arms(study, status),
        **_about_ranking(study, rows, ranking),
        **_about_trials(status, trials),
        charts=charts,
        curves_note=curves_note,
        decision_colours=DECISION_COLOURS,
        verdict_colours=VERDICT_COLOURS,
        **_legends(status, ranking, shares),
        data={
            "charts": {name: chart for name, chart in charts.items() if chart is not None},
            "trials": trial_table(trials),
        },
    )


def _answers(
    study: Study,
    status: ProxyStudyStatus,
    ranking: tuple[RankedHypothesis, ...],
    shares: tuple[TimeShare, ...],
    instead: Mapping[str, str],
) -> dict[str, str]:
    """Return the answers at the top of the page by name; an answer that has nothing to say is empty."""
    whole = status.model_copy(update={"ranking": ranking})
    answers = {
        "trust": trust_answer(study, status),
        "verdicts": verdict_answer(study, whole),
        "best": best_answer(study, whole),
        "next": advice(study, whole),
        "time": time_answer(shares),
        "cost": cost_answer(status),
        "edited": edits_answer(status),
        "stale": stale_answer(status),
    }
    return {name: instead.get(name, answer).replace(" %", "\u00a0%") for name, answer in answers.items()}


def _charts(
    study: Study,
    status: ProxyStudyStatus,
    trials: Trials,
    rows: tuple[RankRow, ...],
    ranking: tuple[RankedHypothesis, ...],
) -> dict[str, Spec | None]:
    """Return the charts of the arms and of the ranking by the id of their place on the page."""
    metric = study.spec.metric.name
    ranks = {arm: trials.ranks(arm) for arm in study.design.arms}
    failed = {arm: trials.failed(arm) for arm in study.design.arms}
    decimals = decimals_for([], [score for by_name in ranks.values() for _, score in by_name.values()])
    return {
        "agreement-chart": agreement_chart(study, status),
        "rank-chart": rank_chart(study.design.arms, ranks, _verdicts(ranking), decimals, failed),
        "difference-chart": difference_chart(ranking, rows, metric),
        "score-chart": score_chart(ranking, rows, metric),
    }


def _about_arms(study: Study, status: ProxyStudyStatus) -> dict[str, Any]:
    """Return what the page says of the arms, and of trust in them."""
    best, ceiling, statistic = best_trusted(study, status), ceiling_of(status), study.spec.trust.statistic
    return {
        "trusts": best is not None and is_worth_it(study, best),
        "arms": arm_rows(study, status),
        "ceiling": fixed(ceiling, 2) if ceiling is not None else "",
        "statistic": STATISTICS[statistic],
        "about_tau": statistic is TrustStatistic.KENDALL_TAU,
        "about_accuracy": statistic is TrustStatistic.DECISION_ACCURACY,
        "statistic_explained": statistic_explained(study),
        "noise_explained": NOISE_EXPLAINED,
    }


def _about_ranking(study: Study, rows: tuple[RankRow, ...], ranking: tuple[RankedHypothesis, ...]) -> dict[str, Any]:
    """Return what the page says of the ranking: its rows, what it is by, and what its charts leave out."""
    return {
        "ranking": rows,
        "scores_in_words": scores_in_words(study, ranking),
        "mark": MAY_BE_BEST if may_be_best(ranking) else "",
        "unranked": listed([row.name for row in ranking if row.score is None], 12),
        "not_drawn": sum(row.score is not None for row in ranking) - len(drawn(ranking)),
        "minimize": study.spec.metric.goal is Goal.MINIMIZE,
    }


def _about_trials(status: ProxyStudyStatus, trials: Trials) -> dict[str, Any]:
    """Return what the page says of the trials: the unit of their costs, their device, and the states they are in."""
    return {
        "unit": unit_in_words(status.cost.unit),
        "device": next((arm.cost.device_model for arm in status.arms if arm.cost), ""),
        "trials_note": _trials_note(status),
        "states": [state.value for state in State if any(trial.state is state for trial in trials.trials)],
    }


def _verdicts(ranking: tuple[RankedHypothesis, ...]) -> dict[str, Verdict]:
    return {row.name: row.verdict for row in ranking}


def _facts(study: Study, status: ProxyStudyStatus) -> str:
    trials = status.trials
    failed = f", {trials.failed} failed" if trials.failed else ""
    left = trials.planned - trials.succeeded - trials.failed
    still_open = f", {left:,} {'not run' if is_finished(status) else 'still open'}" if left else ""
    stale = f"; {count(trials.stale, 'earlier trial')} no longer count" if trials.stale else ""
    return (
        f"{hypotheses_in_words(len(study.hypotheses))} × {count(len(study.design.arms), 'arm')} × "
        f"{seeds_in_words(study.spec.seeds)} on {data_in_words(study.spec.dataset)}: "
        f"{trials.succeeded:,} of {count(trials.planned, 'trial')} "
        f"succeeded{failed}{still_open}{stale}"
    )


def _curves(trials: Trials, ranking: tuple[RankedHypothesis, ...]) -> tuple[Spec | None, str]:
    """Return the chart of learning curves, None if there are none, and the note below it."""
    metric = curve_metric(trials)
    if metric is None:
        return None, "What the train function reported after each epoch."
    chosen = {row.name for place, row in enumerate(ranking) if place < _MOST_CURVES or row.verdict is Verdict.BASELINE}
    most = max(2, _MOST_CURVE_POINTS // (len(chosen) * len(trials.study.design.arms)))
    points = curve_means(trials, metric, chosen, most)
    note = (
        "What the train function reported after each epoch, the mean over seeds. The range is that after the first "
        "third of the epochs. Point at a line to see whose it is."
    )
    if metric != trials.study.spec.metric.name:
        note += f" It did not report {trials.study.spec.metric.name}, so this is {metric}."
    if any(row.failed_seeds for row in ranking):
        note += " What a failed trial reported is not in it."
    if len(chosen) < len(ranking):
        note += f" Drawn: the best {_MOST_CURVES} hypotheses and the baseline."
    return curve_chart(points, metric, _verdicts(ranking)), note


def _trials_note(status: ProxyStudyStatus) -> str:
    failed = status.trials.failed
    note = "Every trial of the study. A heading sorts."
    return f"{note} {count(failed, 'trial')} failed: the remark says why." if failed else note


def _legends(
    status: ProxyStudyStatus, ranking: tuple[RankedHypothesis, ...], shares: tuple[TimeShare, ...]
) -> dict[str, list[tuple[str, str]]]:
    """Return the legends as (name, colour) pairs, for the decisions, verdicts and phases that do occur."""
    revoked = any(is_revoked(arm) for arm in status.arms)
    decisions = {arm.decision for arm in status.arms if not is_revoked(arm)}
    verdicts = {row.verdict for row in ranking}
    phases = {each.phase for each in shares}
    return {
        "decision_legend": [(DECISIONS[each], DECISION_COLOURS[each]) for each in TrustDecision if each in decisions]
        + ([(REVOKED, DECISION_COLOURS[TrustDecision.NOT_TRUSTED])] if revoked else []),
        "verdict_legend": [(each.value, VERDICT_COLOURS[each.value]) for each in Verdict if each in verdicts],
        "phase_legend": [(PHASE_WORDS[each], PHASE_COLOURS[each]) for each in PHASE_WORDS if each in phases],
    }
