"""A learning curve of any length, cut to what a result may hold."""

from __future__ import annotations

from collections.abc import Sequence

from assay_trainer.contract import CurvePoint
from assay_trainer.described import bounded, printable
from assay_trainer.returned.metrics import MOST_METRICS, NAME_CHARACTERS

MOST_BYTES = 512 * 1024
"""The most bytes of a curve as JSON."""


def bounded_curve(points: Sequence[CurvePoint], reported: int) -> tuple[tuple[CurvePoint, ...], list[str]]:
    """Return the curve, always with its first and last points, and notes on what is left out. `reported` is how many
    points the function gave: a `Trial` keeps no more than some thousands of them."""
    cut = [_cut(point) for point in points]
    notes = []
    if any(len(new.metrics) < len(old.metrics) for new, old in zip(cut, points, strict=True)):
        notes.append(
            f"learning curve: metrics left out; allowed: {MOST_METRICS} in a point, "
            f"with names of at most {NAME_CHARACTERS} characters"
        )
    sizes = [len(point.model_dump_json().encode()) for point in cut]
    step = 1
    while sum(sizes[index] + 1 for index in _kept(len(cut), step)) > MOST_BYTES and step < len(cut):
        step *= 2
    kept = [cut[index] for index in _kept(len(cut), step)]
    if len(kept) < reported:
        notes.append(f"learning curve: {reported:,} points reported, {len(kept):,} of them kept")
    return tuple(kept), notes


def _kept(points: int, step: int) -> list[int]:
    if not points:
        return []
    return [*range(0, points - 1, step), points - 1]


def _cut(point: CurvePoint) -> CurvePoint:
    names = [name for name in point.metrics if len(name) <= NAME_CHARACTERS][:MOST_METRICS]
    if len(names) == len(point.metrics) and all(name.isprintable() for name in names):
        return point
    metrics = {bounded(printable(name), NAME_CHARACTERS): point.metrics[name] for name in names}
    return point.model_copy(update={"metrics": metrics})
