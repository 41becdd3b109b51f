"""What all charts have in common: colours as CSS variables, quiet axes, the page's font."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode

from assay.api.resources import TrustDecision, Verdict

unchecked = debug_mode(False)
"""Decorates a function that builds a chart: its parts are not checked one by one, which takes a quarter of a report's
time. The tests check whole charts."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"

VERDICT_COLOURS = {verdict.value: f"var(--{verdict.value.lower()})" for verdict in Verdict}

DECISION_COLOURS = {
    TrustDecision.TRUSTED: "var(--better)",
    TrustDecision.NOT_TRUSTED: "var(--worse)",
    TrustDecision.UNDECIDED: "var(--inconclusive)",
    TrustDecision.PENDING: "var(--inconclusive)",
}

Spec = dict[str, Any]
"""A Vega-Lite specification."""

Rows = list[dict[str, Any]]
"""Records of a dataset that a chart refers to by name. Altair would check and copy every value of inline data."""

_LINES = {"domainColor": "currentColor", "domainOpacity": 0.25, "tickColor": "currentColor", "tickOpacity": 0.25}
_TEXT = {"labelColor": "currentColor", "titleColor": "currentColor", "labelFontSize": 12, "titleFontSize": 12}

_CONFIG: Spec = {
    "background": None,
    "font": FONT,
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        **_LINES,
        **_TEXT,
        "gridColor": "currentColor",
        "gridOpacity": 0.1,
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "labelPadding": 6,
    },
    "text": {"color": "currentColor", "fontSize": 12},
    "rule": {"color": "currentColor"},
    "header": _TEXT,
    "legend": _TEXT,
}


def specification(
    chart: alt.LayerChart | alt.FacetChart | alt.Chart, *, height: int, datasets: Mapping[str, Rows] | None = None
) -> Spec:
    """Return the chart as wide as its container. `datasets` are those that the chart refers to by name."""
    spec: Spec = chart.to_dict(validate=False)  # it takes as long as the rest of a report; the tests do it
    spec.pop("$schema", None)
    spec.update(width="container", height=height, autosize={"type": "fit-x", "contains": "padding"}, config=_CONFIG)
    if datasets:
        spec["datasets"] = {**spec.get("datasets", {}), **datasets}
    return spec


def rows(records: Iterable[Mapping[str, object]]) -> alt.InlineData:
    """Return the records as inline data of a chart."""
    return alt.InlineData(values=[dict(record) for record in records])


def scale(colours: Mapping[Any, str]) -> alt.Scale:
    """Return a scale that maps names to their colours."""
    return alt.Scale(domain=[str(name) for name in colours], range=list(colours.values()))
