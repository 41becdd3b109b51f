"""The chart of cost against agreement: each proxy is a point with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import altair as alt

from assay.api.resources import TrustStatistic
from assay.reporting.certificates import STATISTICS, seen
from assay.reporting.charts.theme import DECISION_COLOURS, Spec, rows, scale, specification, unchecked
from assay.reporting.figures import fixed, interval_text, percent
from assay.reporting.rows import DECISIONS, REVOKED, ceiling_of, is_revoked

if TYPE_CHECKING:
    from assay.api.resources import ArmStatus, ProxyStudyStatus, TrustDecision
    from assay.planning.study.study import Study

_HEIGHT = 340
_LABEL_HEIGHT = 0.05
"""The height of a label, as a share of the chart's height."""

_LABEL_WIDTH = 20.0
"""The width of a label, in percent of the reference's cost."""

_SIDE_BY_SIDE = 1.0
"""The distance that keeps two intervals apart, in percent of the reference's cost."""


@dataclass
class _Point:
    """A proxy with its cost in percent of the reference's, its agreement, and the place where it is drawn."""

    arm: ArmStatus
    decision: TrustDecision
    cost: float
    value: float
    low: float | None
    high: float | None
    drawn_cost: float = 0.0
    label: float = 0.0
    left: bool = False


@unchecked
def agreement_chart(study: Study, status: ProxyStudyStatus) -> Spec | None:
    """Draw each proxy's cost of a trial (percent of the reference's) against the statistic that trust is about, with
    the threshold; and with the noise ceiling if the statistic is tau."""
    statistic = study.spec.trust.statistic
    points = [point for arm in status.arms if (point := _point(study, arm)) is not None]
    if not points:
        return None
    ceiling = ceiling_of(status) if statistic is TrustStatistic.KENDALL_TAU else None
    threshold, title = float(study.spec.trust.threshold), STATISTICS[statistic]
    ends = [value for point in points for value in (point.low, point.value) if value is not None]
    guessing = 0.5 if statistic is TrustStatistic.DECISION_ACCURACY else 0.0
    lowest = max(-1.0, min(ends) - 0.05) if min(ends) < guessing else guessing
    _place(points, 1.0 - lowest)
    x = alt.X(
        "drawn_cost:Q",
        title="cost of a trial, % of the reference's",
        scale=alt.Scale(domain=[0, 1.12 * max(100.0, *(point.cost for point in points))]),
    )
    vertical = alt.Scale(domain=[lowest, 1.02])
    y = alt.Y("value:Q", title=title, scale=vertical)
    colour = alt.Color("decision:N", scale=scale(DECISION_COLOURS), legend=None)
    base = alt.Chart(rows(_row(point) for point in points)).encode(x=x)
    tooltip = [alt.Tooltip(f"{field}:N") for field in ("proxy", "agreement", "cost", "saving", "trust")]
    layers = _rules(ceiling, threshold, vertical)
    with_interval = [_row(point) for point in points if point.low is not None]
    if with_interval:
        layers.append(
            alt.Chart(rows(with_interval))
            .mark_rule(strokeWidth=2.5, opacity=0.55, strokeCap="round")
            .encode(x=x, y=alt.Y("low:Q", scale=vertical, title=title), y2=alt.Y2("high:Q"), color=colour)
        )
    for left in (True, False):
        on_this_side = [_row(point) for point in points if point.left is left]
        if on_this_side:
            names = (
                alt.Chart(rows(on_this_side))
                .mark_text(align="right" if left else "left", dx=-11 if left else 11, fontWeight=600)
                .encode(x=x, y=alt.Y("label:Q", scale=vertical), text=alt.Text("proxy:N"))
            )
            # A halo, so that lines behind a name do not cross it.
            layers += [names.encode(stroke=alt.StrokeValue("var(--page)"), strokeWidth=alt.StrokeWidthValue(4)), names]
    layers.append(base.mark_circle(size=130, opacity=1).encode(y=y, color=colour, tooltip=tooltip))
    return specification(alt.layer(*layers), height=_HEIGHT)


def _point(study: Study, arm: ArmStatus) -> _Point | None:
    value, low, high = seen(study, arm)
    cost = arm.cost.relative_percent if arm.cost else None
    if arm.decision is None or value is None or cost is None:
        return None
    return _Point(arm, arm.decision, cost, value, low, high)


def _row(point: _Point) -> dict[str, object]:
    return {
        "proxy": point.arm.name,
        "value": point.value,
        "low": point.low,
        "high": point.high,
        "drawn_cost": point.drawn_cost,
        "label": point.label,
        "decision": point.decision.value,
        "agreement": f"{fixed(point.value, 2)} {interval_text(point.low, point.high, 2)}".rstrip(),
        "cost": percent(point.cost),
        "saving": percent(point.arm.saving_percent),
        "trust": REVOKED if is_revoked(point.arm) else DECISIONS[point.decision],
    }


def _place(points: list[_Point], height: float) -> None:
    """Choose where points and their names are drawn. Points of the same cost are drawn side by side. A name is right of
    its point, or left if another point is there; names that still overlap are moved apart, from the lowest one up."""
    apart = _LABEL_HEIGHT * height
    ordered = sorted(points, key=lambda each: each.value)
    for place, point in enumerate(ordered):
        point.label, point.drawn_cost = point.value, point.cost
        while any(abs(point.drawn_cost - other.drawn_cost) < _SIDE_BY_SIDE for other in ordered[:place]):
            point.drawn_cost += _SIDE_BY_SIDE
    for place, point in enumerate(ordered):
        point.left = point.drawn_cost > _LABEL_WIDTH / 2 and any(
            0 < other.drawn_cost - point.drawn_cost < _LABEL_WIDTH and abs(other.value - point.value) < apart
            for other in ordered
        )
        for other in ordered[:place]:
            if other.left == point.left and abs(other.cost - point.cost) < _LABEL_WIDTH:
                point.label = max(point.label, other.label + apart)


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
                text=alt.Text("name:N"), x=alt.value("width")
            )
        )
    return layers
