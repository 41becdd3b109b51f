"""The chart of learning curves, one per hypothesis; its reader chooses the arm below the chart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import altair as alt

from assay.reporting.charts.theme import VERDICT_COLOURS, Spec, rows, scale, specification, unchecked

if TYPE_CHECKING:
    from assay.api.resources import Verdict
    from assay.reporting.curves import CurveMean

_HEIGHT = 360
_MANY = 30
_POINTS = "points"
_TARGET = 8
"""The width of the area around a line, in pixels, in which the pointer selects it."""

_WHOLE = "datum.value % 1 ? '' : datum.label"
"""Labels the axis at whole epochs alone."""


@unchecked
def curve_chart(points: Sequence[CurveMean], metric: str, verdicts: Mapping[str, Verdict]) -> Spec | None:
    """Draw the means over seeds by epoch."""
    if not points:
        return None
    arms = list(dict.fromkeys(point.arm for point in points))
    names = list(dict.fromkeys(point.hypothesis for point in points))
    # Thousands of points: numbers stand for names, which are looked up.
    number = {name: place for place, name in enumerate(names)}
    values = [
        {"h": number[each.hypothesis], "arm": each.arm, "epoch": each.epoch, "mean": float(f"{each.value:.5g}")}
        for each in points
    ]
    known = [
        {"h": number[name], "hypothesis": name, "verdict": verdicts[name].value if name in verdicts else None}
        for name in names
    ]
    arm = alt.param(name="arm", value=arms[0], bind=alt.binding_select(options=arms, name="arm "))
    over = alt.selection_point(name="over", fields=["h"], on="pointerover", empty=False, clear="pointerout")
    many = len(names) > _MANY
    ranges = json.dumps({each: _range(points, each) for each in arms})
    base = (
        alt.Chart(alt.NamedData(name=_POINTS))
        .transform_filter("datum.arm == arm")
        .transform_lookup(lookup="h", from_=alt.LookupData(data=rows(known), key="h", fields=["hypothesis", "verdict"]))
        .encode(
            x=alt.X(
                "epoch:Q",
                title="epoch",
                axis=alt.Axis(tickMinStep=1, grid=False, format="d", labelExpr=_WHOLE),
                scale=alt.Scale(nice=False),
            ),
            y=alt.Y(
                "mean:Q",
                title=f"{metric}, mean over seeds",
                scale=alt.Scale(domain=[alt.ExprRef(f"{ranges}[arm][{end}]") for end in (0, 1)], nice=False),
            ),
            color=alt.Color("verdict:N", scale=scale(VERDICT_COLOURS), legend=None),
            detail=alt.Detail("h:N"),
        )
    )
    lines = base.mark_line(strokeJoin="round", clip=True).encode(
        opacity=alt.when(over).then(alt.value(1.0)).otherwise(alt.value(0.3 if many else 0.6)),
        strokeWidth=alt.when(over).then(alt.value(3.5)).otherwise(alt.value(1 if many else 1.6)),
    )
    target = base.mark_line(opacity=0, strokeWidth=_TARGET, clip=True).encode(
        tooltip=[alt.Tooltip("hypothesis:N"), alt.Tooltip("verdict:N")]
    )
    dots = (
        base.mark_circle(clip=True)
        .encode(
            opacity=alt.when(over).then(alt.value(1.0)).otherwise(alt.value(0.0)),
            tooltip=[
                alt.Tooltip("hypothesis:N"),
                alt.Tooltip("verdict:N"),
                alt.Tooltip("epoch:Q"),
                alt.Tooltip("mean:Q", title=metric),
            ],
        )
        .add_params(over)
    )
    chart = alt.layer(lines, target, dots)
    return specification(
        chart.add_params(arm if len(arms) > 1 else _constant(arms[0])), height=_HEIGHT, datasets={_POINTS: values}
    )


def _range(points: Sequence[CurveMean], arm: str) -> tuple[float, float]:
    """Return the range of values after the first third of the arm's epochs: if the axis showed the start of training,
    all that follows would look like one flat line."""
    of_arm = [point for point in points if point.arm == arm]
    last = max(point.epoch for point in of_arm)
    late = [point.value for point in of_arm if point.epoch > last / 3]
    low, high = min(late), max(late)
    margin = 0.05 * (high - low) or abs(high) * 0.05 or 1.0
    return low - margin, high + margin


def _constant(arm: str) -> alt.Parameter:
    return alt.param(name="arm", value=arm)
