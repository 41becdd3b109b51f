"""The charts of the ranking: scores, and differences to the baseline, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import altair as alt

from assay.api.resources import Verdict
from assay.reporting.charts.theme import VERDICT_COLOURS, Spec, rows, scale, specification, unchecked
from assay.reporting.figures import value_of

if TYPE_CHECKING:
    from assay.api.resources import RankedHypothesis
    from assay.reporting.rows import RankRow

MOST_DRAWN = 60
"""The most hypotheses in a chart that people can still read."""

_ROW = 22


def drawn(ranking: Sequence[RankedHypothesis]) -> tuple[RankedHypothesis, ...]:
    """Return the hypotheses that are drawn: the best that have a score, and the baseline wherever it is."""
    scored = [row for row in ranking if row.score is not None]
    return tuple(row for place, row in enumerate(scored) if place < MOST_DRAWN or row.verdict is Verdict.BASELINE)


def score_chart(ranking: Sequence[RankedHypothesis], texts: Sequence[RankRow], metric: str) -> Spec | None:
    """Draw the mean scores on the reference."""
    points = [
        (row.name, value_of(row.score), value_of(row.low), value_of(row.high), row.verdict) for row in drawn(ranking)
    ]
    return _chart(points, texts, metric, zero=False)


def difference_chart(ranking: Sequence[RankedHypothesis], texts: Sequence[RankRow], metric: str) -> Spec | None:
    """Draw the differences to the baseline, which is the line at 0."""
    points = [
        (row.name, value_of(row.difference), value_of(row.difference_low), value_of(row.difference_high), row.verdict)
        for row in drawn(ranking)
        if row.difference is not None and row.verdict is not Verdict.BASELINE
    ]
    return _chart(points, texts, f"{metric} minus the baseline's", zero=True)


@unchecked
def _chart(
    points: Sequence[tuple[str, float | None, float | None, float | None, Verdict]],
    texts: Sequence[RankRow],
    title: str,
    *,
    zero: bool,
) -> Spec | None:
    if not points:
        return None
    said = {text.name: text for text in texts}
    values = [
        {
            "hypothesis": said[name].labelled,
            "value": value,
            "low": low,
            "high": high,
            "verdict": verdict.value,
            "rank": said[name].rank,
            "score": f"{said[name].score} {said[name].score_interval}".rstrip(),
            "difference": f"{said[name].difference} {said[name].difference_interval}".rstrip(),
            "failed": said[name].failed_shown,
            "statement": said[name].statement,
        }
        for name, value, low, high, verdict in points
    ]
    y = alt.Y(
        "hypothesis:N",
        sort=[said[name].labelled for name, *_ in points],
        title=None,
        axis=alt.Axis(labelLimit=150, domain=False, ticks=False, grid=True, gridDash=[1, 4], gridOpacity=0.25),
    )
    colour = alt.Color("verdict:N", scale=scale(VERDICT_COLOURS), legend=None)
    tooltip = [alt.Tooltip(f"{field}:N") for field in ("hypothesis", "rank", "score", "difference", "verdict")]
    if any(value["failed"] for value in values):
        tooltip.append(alt.Tooltip("failed:N", title="seeds"))
    tooltip.append(alt.Tooltip("statement:N"))
    base = alt.Chart(rows(values)).encode(y=y, color=colour)
    horizontal = alt.Scale(zero=zero)
    axis = alt.Axis(tickCount=5)
    layers: list[alt.Chart] = []
    if zero:
        layers.append(alt.Chart(rows([{"value": 0}])).mark_rule(opacity=0.6).encode(x=alt.X("value:Q")))
    with_interval = [value for value in values if value["low"] is not None]
    if with_interval:
        layers.append(
            alt.Chart(rows(with_interval))
            .mark_rule(strokeWidth=3, opacity=0.5, strokeCap="round")
            .encode(y=y, color=colour, x=alt.X("low:Q", scale=horizontal, title=title, axis=axis), x2=alt.X2("high:Q"))
        )
    layers.append(
        base.mark_circle(size=90, opacity=1).encode(
            x=alt.X("value:Q", scale=horizontal, title=title, axis=axis), tooltip=tooltip
        )
    )
    return specification(alt.layer(*layers), height=_ROW * len(points) + 10)
