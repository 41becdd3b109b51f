"""What `assay plan` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table

from assay.planning.forecast import EXPECTED_NOISE

if TYPE_CHECKING:
    from assay.planning.forecast import Forecast
    from assay.planning.study import Study


def forecast_table(study: Study, forecast: Forecast) -> RenderableType:
    """The arms with their trials and price, then in sentences the time it takes and what could be certified."""
    table = Table("arm", title=f"Study {study.name}", title_justify="left", box=None, pad_edge=False)
    for name in ("trials", "open", "work" if forecast.measured else "work (guess)", "seconds a trial"):
        table.add_column(name, justify="right")
    for arm in forecast.arms:
        seconds = f"{arm.trial_seconds:.2f}" if arm.trial_seconds is not None else "unknown"
        table.add_row(arm.arm, str(arm.trials), str(arm.open_trials), f"{arm.relative_work:.0%}", seconds)
    return Group(table, "", *_sentences(study, forecast))


def _sentences(study: Study, forecast: Forecast) -> list[str]:
    planned = sum(arm.trials for arm in forecast.arms)
    preparations = f" and {forecast.preparations} preparation(s)" if forecast.preparations else ""
    size = f"{len(study.hypotheses)} hypotheses x {len(forecast.arms)} arms x {len(study.design.seeds)} seeds"
    lines = [f"{planned} trials{preparations}: {size}. {forecast.open_trials} are still open."]
    if forecast.wall_seconds is None:
        whole = sum(arm.relative_work * arm.trials for arm in forecast.arms)
        lines.append(f"Time: not known before a trial has run; at a guess that of {whole:.0f} reference trials.")
    else:
        lines.append(
            f"Time, from earlier trials: about {forecast.wall_seconds:.0f} s here, "
            f"{forecast.accelerator_seconds or 0:.0f} {forecast.unit} seconds."
        )
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
