"""What `assay plan` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from assay.planning.forecast import EXPECTED_NOISE
from assay.reporting.figures import count, duration, seconds_text, share, unit_in_words

if TYPE_CHECKING:
    from assay.planning.forecast import Forecast
    from assay.planning.study import Study


def forecast_table(study: Study, forecast: Forecast) -> RenderableType:
    """The arms with their trials and price, then in sentences the time it takes and what could be certified."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="underline")
    table.add_column("arm")
    for name in ("trials", "open", "work" if forecast.measured else "work (guess)", "seconds a trial"):
        table.add_column(name, justify="right")
    for arm in forecast.arms:
        seconds = seconds_text(arm.trial_seconds) if arm.trial_seconds is not None else "unknown"
        table.add_row(arm.arm, str(arm.trials), str(arm.open_trials), share(arm.relative_work), seconds)
    title = Text.assemble(("Study ", "bold"), (study.name, "bold"), f": {_size(study, forecast)}")
    return Group(title, Text(), table, Text(), *_sentences(study, forecast))


def _size(study: Study, forecast: Forecast) -> str:
    trials = count(sum(arm.trials for arm in forecast.arms), "trial")
    preparations = f" and {count(forecast.preparations, 'preparation')}" if forecast.preparations else ""
    most = study.spec.seeds.maximum
    further = f", and up to {most} seeds where they can decide something" if most > study.spec.seeds.initial else ""
    return (
        f"{count(len(study.hypotheses), 'hypothesis', 'hypotheses')} × {count(len(forecast.arms), 'arm')} × "
        f"{count(study.spec.seeds.initial, 'seed')} = {trials}{preparations}{further}"
    )


def _sentences(study: Study, forecast: Forecast) -> list[str]:
    lines = [_time(forecast)]
    if forecast.powers:
        trust = study.spec.trust
        lines.append(
            f"To be trusted, a proxy's tau must be at least {trust.threshold} with {trust.confidence_percent} % "
            f"confidence. One whose true tau is {forecast.powers[0].true_tau:g} would be certified with probability"
        )
        for power in forecast.powers:
            own = "  <- this study" if power.hypotheses == len(study.hypotheses) else ""
            lines.append(f"  {power.probability:.2f} with {power.hypotheses} hypotheses{own}")
        lines.append(f"(if one seed's noise is {EXPECTED_NOISE} of the spread of the hypotheses).")
    return lines


def _time(forecast: Forecast) -> str:
    if not forecast.open_trials:
        return "Nothing is open: assay report shows what was found."
    if forecast.wall_seconds is None:
        whole = sum(arm.relative_work * arm.trials for arm in forecast.arms)
        return f"Time: not known before a trial has run; at a guess that of {count(round(whole), 'reference trial')}."
    cost = f"{seconds_text(forecast.accelerator_seconds)} {unit_in_words(forecast.unit or 'accelerator')}"
    return f"Time, from earlier trials: about {duration(forecast.wall_seconds)} on this machine, {cost}."
