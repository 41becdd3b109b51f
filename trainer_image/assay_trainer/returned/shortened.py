"""The metrics of a trial that ends early: what it reported after the epoch at which it ends."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from assay_trainer.contract import CurvePoint
from assay_trainer.described import bounded, printable
from assay_trainer.returned.curve import LearningCurve
from assay_trainer.returned.errors import CurveNotReported, ScoreNotFinite
from assay_trainer.returned.metrics import checked_metrics

_NAMED = 10


def metrics_at_the_end(curve: LearningCurve) -> tuple[dict[str, float], list[str]]:
    """Return the finite numbers that were reported after the curve's `stop_after`, the trial's own metric first, and
    notes on what is left out.

    Raises CurveNotReported if that metric was not reported then, ScoreNotFinite if it is NaN or infinite.
    """
    epoch, metric = curve.wanted.stop_after, curve.wanted.metrics[0]
    points = [point for point in curve.points if point.epoch == epoch]
    found: dict[str, float] = {}
    for point in points:
        found = {**point.metrics, **found}  # the first point that has a metric counts
    if metric not in found:
        raise CurveNotReported(f"metric {metric!r} after epoch {epoch}: {_instead(curve.points, found, metric, epoch)}")
    if not math.isfinite(found[metric]):
        raise ScoreNotFinite(f"metric {metric!r} after epoch {epoch}: given {found[metric]}; allowed: a finite number")
    wanted = {name: found[name] for name in curve.wanted.metrics if name in found}
    return checked_metrics({**wanted, **found}, metric)


def _instead(points: Sequence[CurvePoint], found: Iterable[str], metric: str, epoch: int | None) -> str:
    if not points:
        return "trial.report was never called in the process that was given the trial"
    epochs = sorted({point.epoch for point in points})
    if epoch not in epochs:
        return f"reported epochs {_listed(epochs)} and not {epoch}; trial.wanted_epochs says which are wanted"
    names = [bounded(printable(name)) for name in found]
    return f"epoch {epoch} has {_listed(names) or 'no metrics'} and not {metric}"


def _listed(items: Sequence[object]) -> str:
    shown = [str(item) for item in items[:_NAMED]]
    if len(items) > _NAMED:
        shown.append(f"{len(items) - _NAMED:,} more")
    return ", ".join(shown)
