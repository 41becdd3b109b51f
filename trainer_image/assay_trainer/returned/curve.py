"""A learning curve of any length, cut to what a record may hold, but never by what somebody wants to read of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from assay_trainer.contract import CurvePoint
from assay_trainer.described import bounded, printable
from assay_trainer.returned.metrics import MOST_METRICS, NAME_CHARACTERS
from assay_trainer.returned.wanted import Wanted

MOST_POINTS = 10_000
"""The most points of a learning curve; one point per step would fill the memory that the training needs."""

RESULT_CURVE_BYTES = 512 * 1024
"""The most bytes of a result's curve as JSON."""

FAILURE_CURVE_BYTES = 128 * 1024
"""The most bytes of a failure's curve as JSON: who reads it reads less of a failure than of a result."""


class LearningCurve:
    """The points that a train function has reported so far. Of very many some are dropped: never the first or the
    last, and none that somebody wants to read."""

    def __init__(self, wanted: Wanted | None = None) -> None:
        self.wanted = wanted or Wanted()
        self.points: list[CurvePoint] = []
        self.reported = 0
        """How many points the function gave."""
        self._missing = set(self.wanted.metrics)
        self._next: tuple[int, int] | None = None
        """After a checkpoint: the last epoch that was reported before it, and the next one by their distance."""
        self._gap: tuple[int, int] | None = None

    def add(self, point: CurvePoint) -> None:
        """Take in a point."""
        if self._next is not None and point.epoch > self._next[1]:
            self._gap = self._next[0], point.epoch
        self._next = None
        self.points.append(point)
        self.reported += 1
        if point.epoch == self.wanted.stop_after:
            self._missing -= point.metrics.keys()
        if len(self.points) > MOST_POINTS:
            kept = _spaced(len(self.points), 2) | self.wanted.read_from(self.points).keys()
            self.points[:] = [self.points[index] for index in sorted(kept)]

    def resume(self, points: Sequence[CurvePoint], reported: int) -> None:
        """Take in what was reported before a checkpoint, where the run goes on. None of it ends the trial."""
        self.points[:] = points
        self.reported = reported
        if points:
            last = points[-1].epoch
            self._next = last, last + (last - points[-2].epoch if len(points) > 1 else 1)

    @property
    def has_score(self) -> bool:
        """Whether the trial ends early, and its own metric is there from that epoch."""
        return self.wanted.stop_after is not None and self.wanted.metrics[0] not in self._missing

    @property
    def is_enough(self) -> bool:
        """Whether the trial may end now: the epoch after which it ends has all that is wanted of it, or at least its
        own metric and nothing more to come, since a later epoch was reported."""
        stop_after = self.wanted.stop_after
        if stop_after is None or not self.has_score:
            return False
        return not self._missing or self.points[-1].epoch > stop_after

    def bounded(self, most_bytes: int) -> tuple[tuple[CurvePoint, ...], list[str]]:
        """Return what is kept of the curve in so many bytes of JSON, and notes on what is left out."""
        read = self.wanted.read_from(self.points)
        cut = [_cut(point, self.wanted.metrics) for point in self.points]
        kept = _fitting(cut, read, most_bytes)
        if _bytes([cut[index] for index in kept]) > most_bytes:  # of points with hundreds of metrics
            for index, point in enumerate(cut):
                cut[index] = _only(point, read.get(index, frozenset(self.wanted.metrics)))
            kept = _fitting(cut, read, most_bytes)
        notes = []
        if any(len(new.metrics) < len(old.metrics) for new, old in zip(cut, self.points, strict=True)):
            notes.append(
                f"learning curve: metrics left out; allowed: {MOST_METRICS} in a point, "
                f"with names of at most {NAME_CHARACTERS} characters"
            )
        if len(kept) < self.reported:
            notes.append(f"learning curve: {self.reported:,} points reported, {len(kept):,} of them kept")
        if self._gap is not None:
            notes.append(
                "learning curve: nothing between epochs {} and {}, where the run went on from a checkpoint; "
                "call trial.report before trial.checkpoint".format(*self._gap)
            )
        return tuple(cut[index] for index in kept), notes


def _fitting(points: Sequence[CurvePoint], read: Collection[int], most_bytes: int) -> list[int]:
    """Return the indices of evenly spaced points, as many as fit beside those that are read."""
    sizes = [_bytes([point]) for point in points]
    step = 1
    while True:
        kept = _spaced(len(points), step) | set(read)
        if sum(sizes[index] for index in kept) <= most_bytes or step >= len(points):
            return sorted(kept)
        step *= 2


def _spaced(points: int, step: int) -> set[int]:
    return {*range(0, points - 1, step), points - 1} if points else set()


def _bytes(points: Collection[CurvePoint]) -> int:
    return sum(len(point.model_dump_json().encode()) + 1 for point in points)


def _cut(point: CurvePoint, first: Sequence[str]) -> CurvePoint:
    names = [name for name in point.metrics if len(name) <= NAME_CHARACTERS]
    if len(names) > MOST_METRICS:
        names = sorted(names, key=lambda name: name not in first)[:MOST_METRICS]
    if len(names) == len(point.metrics) and all(name.isprintable() for name in names):
        return point
    metrics = {bounded(printable(name), NAME_CHARACTERS): point.metrics[name] for name in names}
    return point.model_copy(update={"metrics": metrics})


def _only(point: CurvePoint, names: Collection[str]) -> CurvePoint:
    metrics = {name: value for name, value in point.metrics.items() if name in names}
    return point.model_copy(update={"metrics": metrics})
