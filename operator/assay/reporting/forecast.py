"""The text that `assay plan` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from assay.api.resources import TrustStatistic
from assay.planning.forecast import EXPECTED_NOISE, BudgetForecast
from assay.ranking.certificates.needed import WANTED_POWER
from assay.reporting.answers import stale_in_words
from assay.reporting.figures import count, duration, hypotheses_in_words, seconds_text, share, unit_in_words
from assay.reporting.rows import FREE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.api.resources import StaleWork
    from assay.planning.forecast import Forecast, Trusting
    from assay.planning.study.study import Study


def forecast_table(study: Study, forecast: Forecast, stale: StaleWork | None = None) -> RenderableType:
    """Return the arms with their trials and price, followed by sentences: which results no longer count, how long the
    study takes, and what could be certified."""
    more = study.spec.seeds.maximum > study.spec.seeds.initial
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="underline")
    table.add_column("arm")
    for name in ("trials", *(["at most"] if more else []), "open", "work" if forecast.measured else "work (guess)"):
        table.add_column(name, justify="right")
    table.add_column("seconds a trial", justify="right")
    for arm in forecast.arms:
        seconds = seconds_text(arm.trial_seconds) if arm.trial_seconds is not None else "unknown"
        counts = [arm.trials, *([arm.most_trials] if more else []), arm.open_trials]
        shown = [FREE if arm.free and not each else f"{each:,}" for each in counts]
        table.add_row(arm.arm, *shown, share(arm.relative_work), seconds)
    title = Text.assemble(("Study ", "bold"), (study.name, "bold"), f": {_size(study, forecast)}")
    left_aside = [Text(f"{stale_in_words(stale)} They are kept."), Text()] if stale else []
    return Group(title, Text(), table, Text(), *left_aside, *_sentences(study, forecast))


def _size(study: Study, forecast: Forecast) -> str:
    trials = count(sum(arm.trials for arm in forecast.arms), "trial")
    preparations = f" and {count(forecast.preparations, 'preparation')}" if forecast.preparations else ""
    seeds = study.spec.seeds
    most = sum(arm.most_trials for arm in forecast.arms)
    further = (
        f"; then up to {seeds.maximum} seeds where they can decide something, at most {count(most, 'trial')} in all"
        if seeds.maximum > seeds.initial
        else ""
    )
    return (
        f"{hypotheses_in_words(len(study.hypotheses))} × {count(len(forecast.arms), 'arm')} × "
        f"{count(seeds.initial, 'seed')} = {trials}{preparations}{further}"
    )


def _sentences(study: Study, forecast: Forecast) -> list[str]:
    lines = [_time(forecast)]
    if budget := _budget(study, forecast):
        lines.append(budget)
    return [*lines, *_trusting(study, forecast.trusting)] if forecast.trusting else lines


def _trusting(study: Study, trusting: Trusting) -> list[str]:
    trust, looks = study.spec.trust, trusting.looks
    at = f"at {_numbers(looks)} seeds" if len(looks) > 1 else f"at {count(looks[0], 'seed')}"
    judged = f", {trusting.proxies} proxies judged at once" if trusting.proxies > 1 else ""
    claim = (
        f"A proxy is trusted if {trusting.quantity} is at least {trust.threshold}, with {trust.confidence_percent} % "
        f"confidence; {count(len(looks), 'look')}, {at}{judged}. One for which it is {trusting.true_value:g} would be "
        "certified with probability"
    )
    lines = [claim]
    for power in trusting.powers:
        own = "  <- this study" if power.hypotheses == len(study.hypotheses) else ""
        lines.append(f"  {power.probability:.2f} with {power.hypotheses} hypotheses{own}")
    needed = f", and it takes about {trusting.needed} for {WANTED_POWER:g}" if trusting.needed is not None else ""
    regret = trust.statistic is TrustStatistic.WINNER_REGRET and float(study.spec.metric.smallest_effect) > 0
    counted = "; counting the best alone as good, so rather more" if regret else ""
    lines.append(f"if one seed's noise is {EXPECTED_NOISE} of the spread of the hypotheses{needed}{counted}.")
    return [*lines, *_growing(study, trusting)]


def _growing(study: Study, trusting: Trusting) -> list[str]:
    """Say what becomes of a backlog that grows, in both ways to spend the error."""
    lines = []
    if trusting.looked_before:
        lines.append("Trust was looked at already: this is about a first look. The report says when the next one is.")
    for each in trusting.growing:
        said = f"with trust.expectedHypotheses {each.expected}" if each.expected else "if no number is said beforehand"
        own = "  <- this study" if study.spec.trust.expected_hypotheses == each.expected else ""
        lines.append(f"  {each.now:.2f} now and {each.then:.2f} at {trusting.grown} hypotheses {said}{own}")
    if trusting.growing:
        lines.insert(
            len(lines) - len(trusting.growing),
            "Looks at a backlog that grows share the error. If it is first looked at now, and again at "
            f"{trusting.grown} hypotheses:",
        )
    return lines


def _budget(study: Study, forecast: Forecast) -> str:
    seconds = study.spec.budget.accelerator_seconds
    budget = f"spec.budget.acceleratorSeconds {seconds:,}" if seconds is not None else ""
    buys = (
        "it buys the best order that can be had for it: all hypotheses begin on a cheap arm, and climb towards the "
        "reference as far as it goes; no proxy is certified"
    )
    match forecast.budget:
        case BudgetForecast.NO_LIMIT:
            return ""
        case BudgetForecast.PAYS:
            return f"{budget} pays for the initial seeds of all hypotheses on all arms."
        case BudgetForecast.TOO_SMALL:
            return f"{budget} does not pay for all hypotheses on all arms: {buys}."
        case BudgetForecast.NOT_KNOWN:
            return (
                f"What {budget} pays for is known when trials have run. If not for all hypotheses on all arms, {buys}."
            )
        case BudgetForecast.ENDS:
            return f"When {budget} is spent, the study ends with what there is."


def _numbers(numbers: Sequence[int]) -> str:
    return f"{', '.join(str(each) for each in numbers[:-1])} and {numbers[-1]}"


def _time(forecast: Forecast) -> str:
    if not forecast.open_trials:
        return "Nothing is open: assay report shows what was found."
    if forecast.wall_seconds is None:
        whole = sum(arm.relative_work * arm.trials for arm in forecast.arms)
        most = sum(arm.relative_work * arm.most_trials for arm in forecast.arms)
        further = f", and at most of {count(round(most), 'such trial')}" if round(most) > round(whole) else ""
        return (
            "Time: not known before a trial has run; at a guess that of "
            f"{count(round(whole), 'reference trial')}{further}."
        )
    unit = unit_in_words(forecast.unit or "accelerator")
    least, most_seconds = forecast.accelerator_seconds or 0.0, forecast.most_accelerator_seconds or 0.0
    further = f" (with all further seeds at most {seconds_text(most_seconds)})" if most_seconds > least else ""
    cost = f"{seconds_text(least)} {unit}{further}"
    return f"Time, from earlier trials: about {duration(forecast.wall_seconds)} on this machine, {cost}."
