"""Cost against agreement: each proxy a point with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from assay.api.resources import REFERENCE
from assay.reporting.charts.theme import DECISION_COLOURS, Spec, rows, scale, specification
from assay.reporting.figures import fixed, interval, percent, value_of
from assay.reporting.rows import DECISIONS, noise_ceiling

if TYPE_CHECKING:
    from assay.api.resources import ArmStatus, ProxyStudyStatus
    from assay.planning.study import Study

_HEIGHT = 340
_LABEL_HEIGHT = 0.05
"""Of a label, as a part of the chart's height."""


def agreement_chart(study: Study, status: ProxyStudyStatus) -> Spec | None:
    """Each proxy's cost of a trial (percent of the reference's) and tau, with the threshold and the noise ceiling."""
    points = [point for arm in status.arms if (point := _point(arm)) is not None]
    if not points:
        return None
    ceiling, threshold = noise_ceiling(status), float(study.spec.trust.threshold)
    lows = [float(point["low"]) for point in points if point["low"] is not None]  # type: ignore[arg-type]
    taus = [float(point["tau"]) for point in points]  # type: ignore[arg-type]
    lowest = max(-1.0, min(*lows, *taus, threshold, 0.0) - 0.05) if min((*lows, *taus)) < 0 else 0.0
    _place_labels(points, 1.0 - lowest)
    x = alt.X(
        "cost:Q",
        title="cost of a trial, % of the reference's",
        scale=alt.Scale(domain=[0, max(100.0, *(float(point["cost"]) for point in points)) * 1.12]),  # type: ignore[arg-type]
    )
    vertical = alt.Scale(domain=[lowest, 1.02])
    colour = alt.Color("decision:N", scale=scale(DECISION_COLOURS), legend=None)
    tooltip = [
        alt.Tooltip(f"{field}:N", title=title)
        for field, title in (
            ("name", "proxy"),
            ("tau_text", "agreement (tau)"),
            ("cost_text", "cost of a trial"),
            ("saving_text", "saving"),
            ("decision_text", "decision"),
        )
    ]
    base = alt.Chart(rows(points)).encode(x=x)
    y = alt.Y("tau:Q", title="agreement with the reference (tau)", scale=vertical)
    with_interval = base.transform_filter("isValid(datum.low)")
    layers: list[alt.Chart] = [
        *_rules(ceiling, threshold, vertical),
        with_interval.mark_rule(strokeWidth=2.5, opacity=0.55, strokeCap="round").encode(
            y=alt.Y("low:Q", scale=vertical, title="agreement with the reference (tau)"), y2="high:Q", color=colour
        ),
        base.mark_circle(size=130, opacity=1).encode(y=y, color=colour, tooltip=tooltip),
        base.mark_text(align="left", dx=11, fontWeight=600).encode(y=alt.Y("label:Q", scale=vertical), text="name:N"),
    ]
    return specification(alt.layer(*layers), height=_HEIGHT)


def _point(arm: ArmStatus) -> dict[str, object] | None:
    tau = value_of(arm.agreement.kendall_tau) if arm.agreement else None
    if arm.name == REFERENCE or arm.agreement is None or tau is None or not arm.cost or not arm.decision:
        return None
    if arm.cost.relative_percent is None:
        return None
    low, high = value_of(arm.agreement.low), value_of(arm.agreement.high)
    return {
        "name": arm.name,
        "tau": tau,
        "low": low,
        "high": high,
        "cost": arm.cost.relative_percent,
        "decision": arm.decision.value,
        "tau_text": f"{fixed(tau, 2)} {interval(low, high, 2)}".rstrip(),
        "cost_text": percent(arm.cost.relative_percent),
        "saving_text": percent(arm.saving_percent),
        "decision_text": DECISIONS[arm.decision],
    }


def _place_labels(points: list[dict[str, object]], height: float) -> None:
    """Labels of points that cost about the same are moved apart, from the lowest up."""
    placed: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda point: float(point["tau"])):  # type: ignore[arg-type]
        cost, label = float(point["cost"]), float(point["tau"])  # type: ignore[arg-type]
        for other_cost, other in placed:
            if abs(other_cost - cost) < 20 and abs(label - other) < _LABEL_HEIGHT * height:
                label = other + _LABEL_HEIGHT * height
        placed.append((cost, label))
        point["label"] = label


def _rules(ceiling: float | None, threshold: float, vertical: alt.Scale) -> list[alt.Chart]:
    named = [("threshold", threshold, [1, 0], 4)]
    if ceiling is not None:
        named.append(("noise ceiling", ceiling, [5, 4], 4))
    layers = []
    for name, value, dash, offset in named:
        at = alt.Chart(rows([{"value": value, "name": f"{name} {fixed(value, 2)}"}])).encode(
            y=alt.Y("value:Q", scale=vertical)
        )
        layers.append(at.mark_rule(strokeDash=dash, opacity=0.5))
        layers.append(
            at.mark_text(align="right", baseline="bottom", dx=-2, dy=-offset, opacity=0.75).encode(
                text="name:N", x=alt.value("width")
            )
        )
    return layers
