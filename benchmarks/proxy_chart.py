"""Draws what proxies cost and how alike they order recipes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from proxy_agreement import Row
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
    figure = Figure(figsize=(5.2 * len(METRICS), 4.2 * len(found)), layout="constrained")
    panels = figure.subplots(len(found), len(METRICS), squeeze=False, sharex=True, sharey=True)
    for line, (name, rows) in zip(panels, found.items(), strict=True):
        for panel, metric in zip(line, METRICS, strict=True):
            for row in rows:
                label, colour, marker = KINDS.get(row.arm.partition("-")[0], (row.arm, "black", "*"))
                estimate, cost = row.tau[metric], 100 * row.cost
                if row.arm == REFERENCE:
                    panel.axhline(estimate.value, color="black", lw=0.8, ls="--")
                    panel.annotate(
                        "the reference, repeated",
                        (100, estimate.value),
                        xytext=(0, 3),
                        textcoords="offset points",
                        ha="right",
                        color="black",
                    )
                    continue
                panel.plot([cost, cost], [estimate.low, estimate.high], color=colour, lw=1.2, alpha=0.55)
                hollow = row.arm.endswith("-cut")
                panel.plot(
                    cost, estimate.value, marker, color=colour, ms=7, mfc="white" if hollow else colour, label=label
                )
                panel.annotate(
                    row.arm.removeprefix(row.arm.partition("-")[0]).lstrip("-"),
                    (cost, estimate.value),
                    xytext=(6, -3),
                    textcoords="offset points",
                    fontsize=7,
                    color=colour,
                )
            panel.set_title(f"{name}, ranked by {metric}", loc="left")
            panel.set_xlabel("cost, % of the reference's")
            panel.set_ylabel("Kendall's tau")
    handles = {text: handle for handle, text in zip(*panels[0][0].get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(path, dpi=110)
