"""The charts of price against agreement or regret: each policy is a line that steps up as it buys trials."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import altair as alt
import numpy as np

from assay.ranking.budget.price_curves import Spread
from assay.reporting.charts.theme import Spec, rows, scale, specification, unchecked
from assay.reporting.figures import fixed, share

if TYPE_CHECKING:
    from assay.ranking.budget.price_curves import PriceCurve, PricedPolicies

_HEIGHT = 420
_SHARES = 160
"""The most points of a line, evenly spaced on the axis."""

_LABEL_HEIGHT = 0.055
"""The height of a name, as a share of the chart's height."""

_LABEL_ABOVE = 0.4
"""The distance of a name above the place given to it, as a share of the name's height."""

_LETTER = 0.011
"""The width of a letter, as a share of the chart's width; a chart narrower than `_NARROW` pixels shows no names."""

_KNOWN, _LATEST_START = 0.1, 0.05
"""The axis begins at half the share of the full cost at which a policy first reaches this tau, or at `_LATEST_START` if
that is lower."""

_NARROW = 520
_TARGET = 12
"""The width of the area around a line, in pixels, in which the pointer selects it."""

_TICKS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20]
_COLOURS = ("var(--accent)", *(f"var(--policy-{place})" for place in range(8)))


class _Point(NamedTuple):
    """A point of a policy's line."""

    policy: str
    share: float
    spread: Spread
    decimals: int

    @property
    def row(self) -> dict[str, object]:
        middle, low, high = (fixed(value, self.decimals) for value in self.spread)
        return {
            "policy": self.policy,
            "share": self.share,
            "value": self.spread.middle,
            "low": self.spread.low,
            "high": self.spread.high,
            "price": share(self.share) if self.share >= 0.1 else f"{100 * self.share:.1f} %",
            "shown": f"{middle} ({low}–{high})",
        }


def colours_of(priced: PricedPolicies) -> dict[str, str]:
    """Return the colour of each policy; the policy under judgement has the page's accent colour."""
    others = _COLOURS[1:]
    return {
        curve.name: _COLOURS[0] if place == 0 else others[(place - 1) % len(others)]
        for place, curve in enumerate(priced.curves)
    }


def agreement_price_chart(priced: PricedPolicies) -> Spec:
    """Draw the tau between each policy's order and the truth."""
    lowest = min(0.0, *(curve.tau(at).middle for curve in priced.curves for at in _shares(priced, curve)))
    return _chart(
        priced, lambda curve, at: curve.tau(at), "agreement with the truth (tau)", (lowest, 1.0), 2, named=True
    )


def regret_price_chart(priced: PricedPolicies, metric: str, decimals: int) -> Spec | None:
    """Draw each policy's regret: how far the hypothesis that it chooses falls short of the best."""
    seen = [
        spread.high if curve is priced.curves[0] else spread.middle
        for curve in priced.curves
        for at in _shares(priced, curve)
        if (spread := curve.regret(at)) is not None
    ]
    if not seen:
        return None
    domain = (0.0, max(*seen, 1e-9))  # names would all lie on the line of no regret
    return _chart(priced, lambda curve, at: curve.regret(at), f"regret ({metric})", domain, decimals, named=False)


@unchecked
def _chart(
    priced: PricedPolicies,
    value: Callable[[PriceCurve, float], Spread | None],
    title: str,
    domain: tuple[float, float],
    decimals: int,
    *,
    named: bool,
) -> Spec:
    points = [
        _Point(curve.name, at, spread, decimals)
        for curve in priced.curves
        for at in _shares(priced, curve)
        if (spread := value(curve, at)) is not None
    ]
    low, high = _ends(priced)
    judged = priced.curves[0].name
    x = alt.X(
        "share:Q",
        title="price, as a share of the full cost",
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(values=[tick for tick in _TICKS if low <= tick <= high], format="~%", grid=False),
    )
    colour = alt.Color("policy:N", scale=scale(colours_of(priced)), legend=None)
    vertical = alt.Scale(domain=[domain[0], domain[1] + 0.02 * (domain[1] - domain[0])], nice=False)
    y = alt.Y("value:Q", title=title, scale=vertical, axis=alt.Axis(tickCount=6))
    band = (
        alt.Chart(rows(point.row for point in points if point.policy == judged))
        .mark_area(interpolate="step-after", opacity=0.14, clip=True)
        .encode(x=x, y=alt.Y("low:Q", scale=vertical, title=title), y2=alt.Y2("high:Q"), color=colour)
    )
    last = {point.policy: point for point in points}
    ends = (
        alt.Chart(rows(point.row for point in last.values()))
        .mark_circle(size=70, opacity=1)
        .encode(x=x, y=y, color=colour)
    )
    full = alt.Chart(rows([{"share": 1.0}])).mark_rule(strokeDash=[5, 4], opacity=0.45).encode(x=x)
    base = alt.Chart(rows(point.row for point in points)).encode(x=x, y=y, color=colour, detail=alt.Detail("policy:N"))
    layers = [full, band, *_lines(base, judged, title.split(" (")[0]), ends]
    if named:
        places = _label_places(last.values(), (low, high), domain)
        labels = alt.Chart(rows({**point.row, "label": places[point.policy]} for point in last.values()))
        layers += _names(labels.encode(x=x, y=alt.Y("label:Q", scale=vertical), color=colour))
    return specification(alt.layer(*layers), height=_HEIGHT)


def _lines(base: alt.Chart, judged: str, title: str) -> list[alt.Chart]:
    """Return the lines, the areas around them that react to the pointer, and the dots whose tooltips show the
    figures."""
    over = alt.selection_point(name="over", fields=["policy"], on="pointerover", empty=False, clear="pointerout")
    is_judged = f"datum.policy == '{judged}'"  # names are DNS labels and our own words: nothing to escape
    drawn = base.mark_line(interpolate="step-after", strokeJoin="round", clip=True).encode(
        strokeWidth=alt.when(over).then(alt.value(4)).when(is_judged).then(alt.value(3)).otherwise(alt.value(1.6)),
        opacity=alt.when(over).then(alt.value(1)).when(is_judged).then(alt.value(1)).otherwise(alt.value(0.75)),
    )
    target = base.mark_line(interpolate="step-after", opacity=0, strokeWidth=_TARGET, clip=True)
    said = [alt.Tooltip("policy:N"), alt.Tooltip("price:N", title="for"), alt.Tooltip("shown:N", title=title)]
    dots = base.mark_circle(size=60, clip=True).encode(
        opacity=alt.when(over).then(alt.value(1)).otherwise(alt.value(0)), tooltip=said
    )
    return [drawn, target.encode(tooltip=said[:1]), dots.add_params(over)]


def _ends(priced: PricedPolicies) -> tuple[float, float]:
    """Return both ends of the axis: well before anything is known, and where the last policy ends."""
    longest = max(1.0, *(curve.total for curve in priced.curves))
    drawn = [(curve, at) for curve in priced.curves for at in _shares(priced, curve)]
    known = [at / 2 for curve, at in drawn if curve.tau(at).middle >= _KNOWN]
    return max(min(_LATEST_START, *known), min(at for _, at in drawn)), 1.15 * longest


def _shares(priced: PricedPolicies, curve: PriceCurve) -> list[float]:
    """Return where a line has points: evenly spaced on the logarithmic axis, from its first purchases to its last."""
    longest = max(each.total for each in priced.curves)
    earliest = max(curve.first, longest / 1000, 1e-4)
    if curve.total <= earliest:
        return [earliest]
    inside = np.geomspace(earliest, curve.total, _SHARES)
    return [*(float(at) for at in inside[:-1]), curve.total]


def _names(labels: alt.Chart) -> list[alt.Chart]:
    """Return each policy's name at the end of its line, with a halo so that lines behind it don't cross it."""
    names = labels.mark_text(
        align="right", dx=-7, dy=-9, fontWeight=600, opacity=alt.expr(f"width < {_NARROW} ? 0 : 1")
    ).encode(text=alt.Text("policy:N"))
    return [names.encode(stroke=alt.StrokeValue("var(--page)"), strokeWidth=alt.StrokeWidthValue(4)), names]


def _label_places(
    ends: Iterable[_Point], horizontal: tuple[float, float], vertical: tuple[float, float]
) -> dict[str, float]:
    """Return the height of each name: the end of its line, or the nearest step below or above where it overlaps neither
    another name nor the end of another line."""
    width = math.log(horizontal[1] / horizontal[0])
    apart = _LABEL_HEIGHT * (vertical[1] - vertical[0])
    ordered = sorted(ends, key=lambda each: each.spread.middle)
    dots = {point.policy: (math.log(point.share) / width, point.spread.middle) for point in ordered}
    names: dict[str, tuple[float, float]] = {}

    def is_free(policy: str, at: float, height: float) -> bool:
        start, above = at - _LETTER * len(policy), height + _LABEL_ABOVE * apart
        meets_name = any(
            start < x and x - _LETTER * len(other) < at and abs(height - y) < apart for other, (x, y) in names.items()
        )
        return not meets_name and not any(
            start < x <= at and abs(above - y) < apart / 2 for other, (x, y) in dots.items() if other != policy
        )

    for policy, (at, end) in dots.items():
        steps = sorted(range(-len(dots), len(dots) + 1), key=lambda step: (abs(step), step))
        heights = [end + step * apart for step in steps if end + step * apart >= vertical[0]]
        names[policy] = (at, next((height for height in heights if is_free(policy, at, height)), end))
    return {policy: height for policy, (_, height) in names.items()}
