"""Draws what proxies cost and how alike they order recipes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from proxy_agreement import Estimate, Row
from proxy_studies import METRICS

from assay.api.resources import REFERENCE

KINDS = {
    "random": ("Random", "#1f77b4", "o"),
    "rs2": ("RS2", "#17becf", "D"),
    "el2n": ("EL2N", "#d62728", "s"),
    "ccs": ("CCS on EL2N", "#ff7f0e", "^"),
    "epochs": ("fewer epochs", "#2ca02c", "v"),
    "small": ("half the side, twice the batch", "#9467bd", "P"),
    "curve": ("the reference's own curve", "#7f7f7f", "X"),
}


def draw(found: Mapping[str, Sequence[Row]], path: Path) -> None:
    """Draw a panel for each data set and metric, and write them as a PNG."""
    mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure = Figure(figsize=(5.2 * len(METRICS), 4.0 * len(found)), layout="constrained")
    panels = figure.subplots(len(found), len(METRICS), squeeze=False, sharex=True, sharey="row")
    for line, (name, rows) in zip(panels, found.items(), strict=True):
        for panel, metric in zip(line, METRICS, strict=True):
            for row in rows:
                _arm(panel, row, row.tau[metric])
            panel.set_title(f"{name}, ranked by {metric}", loc="left")
            panel.set_xlabel("cost, % of the reference's CPU seconds")
            panel.set_ylabel("Kendall's tau with the reference")
    labelled = [zip(*panel.get_legend_handles_labels(), strict=True) for line in panels for panel in line]
    handles = {text: handle for each in labelled for handle, text in each}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(path, dpi=110)


def _arm(panel: Axes, row: Row, tau: Estimate) -> None:
    if row.arm == REFERENCE:
        panel.axhline(tau.value, color="black", lw=0.8, ls="--")
        place = (0.01, tau.value)
        panel.annotate(
            "the reference, repeated", place, (0, 3), panel.get_yaxis_transform(), "offset points", fontsize=7
        )
        return
    kind, _, rest = row.arm.partition("-")
    label, colour, marker = KINDS[kind]
    cost, hollow = 100 * row.cost, rest.endswith("cut")
    label = f"{label}, the hardest left out" if hollow else label
    panel.plot([cost, cost], [tau.low, tau.high], color=colour, lw=1.2, alpha=0.5)
    panel.plot(cost, tau.value, marker, color=colour, ms=7, mfc="white" if hollow else colour, label=label, ls="")
    panel.annotate(
        rest.removesuffix("-cut"), (cost, tau.value), (6, -3), "data", "offset points", fontsize=7, color=colour
    )
