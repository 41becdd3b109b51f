"""The chart of ranks under the reference and each proxy: one line per hypothesis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import altair as alt

from assay.api.resources import REFERENCE
from assay.reporting.charts.theme import VERDICT_COLOURS, Spec, rows, scale, specification, unchecked
from assay.reporting.figures import fixed

if TYPE_CHECKING:
    from assay.api.resources import Verdict

_ROW, _TALLEST = 22, 1100
_ARM_LABEL = 80
"""The width of an arm's name, in pixels; where there is less room, names are tilted."""

_MANY = 50
"""Lines are thin if there are more hypotheses than this."""

_TARGET = 12
"""The width of the area around a line, in pixels, in which the pointer selects it."""

_BASELINE = "datum.verdict == 'Baseline'"


@unchecked
def rank_chart(
    arms: tuple[str, ...],
    ranks: Mapping[str, Mapping[str, tuple[int, float]]],
    verdicts: Mapping[str, Verdict],
    decimals: int,
    failed: Mapping[str, Mapping[str, str]] | None = None,
) -> Spec | None:
    """Draw the ranks. `ranks` has each hypothesis' rank and mean score, by arm; `failed` has, likewise, how many seeds
    did not fail of those with failed seeds, as `2/4`.

    A hypothesis without a score on the reference is not drawn; the line of one without a score on another arm passes
    that arm without a dot. Where an arm lacks some hypotheses, the others share out the places that they have on the
    reference: so two lines cross only where the arm orders that pair otherwise.
    """
    failed = failed or {}
    shown = [arm for arm in arms if ranks.get(arm)]
    reference = ranks.get(REFERENCE, {})
    if len(reference) < 2 or len(shown) < 2:
        return None
    places = {arm: _places(reference, ranks[arm]) for arm in shown}
    points = [
        {
            "arm": arm,
            "hypothesis": name,
            "place": place,
            "rank": rank,
            "among": f"{rank} of {len(places[arm])}",
            "score": fixed(ranks[arm][name][1], decimals),
            "at_reference": reference[name][0],
            "verdict": verdicts[name].value if name in verdicts else None,
            "seeds": failed.get(arm, {}).get(name),
        }
        for arm in shown
        for name, (rank, place) in places[arm].items()
    ]
    count = len(reference)
    many = count > _MANY
    on_reference = failed.get(REFERENCE, {})
    by_rank = [name for name, _ in sorted(reference.items(), key=lambda item: item[1][0])]
    x = _across(shown)
    y = _down([f"{name} ({on_reference[name]})" if name in on_reference else name for name in by_rank])
    over = alt.selection_point(name="over", fields=["hypothesis"], on="pointerover", empty=False, clear="pointerout")
    colour = alt.Color("verdict:N", scale=scale(VERDICT_COLOURS), legend=None)
    tooltip = [
        alt.Tooltip("hypothesis:N"),
        alt.Tooltip("arm:N"),
        alt.Tooltip("among:N", title="rank"),
        alt.Tooltip("score:N", title="mean score"),
        alt.Tooltip("at_reference:Q", title="rank on the reference"),
    ]
    if any(point["seeds"] for point in points):
        tooltip.append(alt.Tooltip("seeds:N", title="seeds that did not fail"))
    known = alt.Chart(rows(points))
    base = known.encode(x=x, y=y, color=colour, detail=alt.Detail("hypothesis:N"))
    lines = base.mark_line(strokeJoin="round").encode(
        opacity=alt.when(over)
        .then(alt.value(1.0))
        .when(_BASELINE)
        .then(alt.value(0.9))
        .otherwise(alt.value(0.28 if many else 0.6)),
        strokeWidth=alt.when(over)
        .then(alt.value(4))
        .when(_BASELINE)
        .then(alt.value(2.5))
        .otherwise(alt.value(1 if many else 2)),
    )
    target = base.mark_line(opacity=0, strokeWidth=_TARGET).encode(tooltip=[tooltip[0], tooltip[4]])
    dots = (
        base.mark_circle()
        .encode(
            opacity=alt.when(over).then(alt.value(1.0)).otherwise(alt.value(0.4 if many else 0.9)),
            size=alt.when(over).then(alt.value(110)).otherwise(alt.value(12 if many else 48)),
            tooltip=tooltip,
        )
        .add_params(over)
    )
    named = (
        known.transform_filter(over)
        .transform_filter(f"datum.arm == '{shown[-1]}'")
        .mark_text(align="right", dx=-8, dy=-9, fontWeight=600)
        .encode(x=x, y=y, text=alt.Text("hypothesis:N"))
    )
    return specification(alt.layer(lines, target, dots, named), height=min(_TALLEST, _ROW * count + 20))


def _across(shown: Sequence[str]) -> alt.X:
    """Return the axis of the arms; their names are tilted where there is little room."""
    narrow = f"width < {_ARM_LABEL * len(shown)}"
    return alt.X(
        "arm:N",
        sort=shown,
        title=None,
        axis=alt.Axis(
            orient="top",
            labelAngle=alt.expr(f"{narrow} ? -40 : 0"),
            labelAlign=alt.expr(f"{narrow} ? 'left' : 'center'"),
            labelLimit=90,
            labelOverlap=False,
            labelFontWeight=600,
            domain=False,
            ticks=False,
            grid=True,
        ),
        scale=alt.Scale(padding=0.12),
    )


def _down(by_rank: Sequence[str]) -> alt.Y:
    """Return the axis of the places, each labelled by the hypothesis that has it on the reference."""
    names = "[" + ",".join(f"'{name}'" for name in by_rank) + "]"  # names are DNS labels: nothing to escape
    return alt.Y(
        "place:Q",
        title=None,
        scale=alt.Scale(domain=[0.5, len(by_rank) + 0.5], reverse=True, nice=False, zero=False),
        axis=alt.Axis(
            values=list(range(1, len(by_rank) + 1)),
            labelExpr=f"datum.value + '  ' + {names}[datum.value - 1]",
            labelLimit=150,
            labelOverlap="greedy",
            grid=False,
            domain=False,
            ticks=False,
        ),
    )


def _places(
    reference: Mapping[str, tuple[int, float]], on_arm: Mapping[str, tuple[int, float]]
) -> dict[str, tuple[int, int]]:
    """Return each hypothesis' rank among those with a score on both arms, and the place where it is drawn."""
    common = sorted((name for name in on_arm if name in reference), key=lambda name: on_arm[name][0])
    drawn = sorted(reference[name][0] for name in common)
    return {name: (rank, place) for rank, (name, place) in enumerate(zip(common, drawn, strict=True), start=1)}
