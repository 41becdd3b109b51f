"""What somebody wants to read of a trial's learning curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay_trainer.contract import CurvePoint, TrialRequest


@dataclass(frozen=True)
class Wanted:
    """The epochs at which a learning curve is read, and the metrics that are read there, the trial's own first.

    With `stop_after`, one of these epochs, the trial ends as soon as that epoch is reported.
    """

    epochs: tuple[int, ...] = ()
    metrics: tuple[str, ...] = ()
    stop_after: int | None = None

    @classmethod
    def by(cls, request: TrialRequest) -> Wanted:
        """Return what a request wants."""
        stop_after = request.fidelity.stop_after
        epochs = {*request.wanted_epochs, *(() if stop_after is None else (stop_after,))}
        metrics = dict.fromkeys((request.metric, *request.wanted_metrics))
        return cls(tuple(sorted(epochs)), tuple(metrics), stop_after)

    def read_from(self, points: Sequence[CurvePoint]) -> dict[int, frozenset[str]]:
        """Return, by the index of each point that says something wanted, the wanted metrics that are read from it: the
        first point of an epoch that has a metric counts."""
        found: dict[int, frozenset[str]] = {}
        missing = {epoch: set(self.metrics) for epoch in self.epochs}
        for index, point in enumerate(points):
            if said := missing.get(point.epoch, set()) & point.metrics.keys():
                found[index] = frozenset(said)
                missing[point.epoch] -= said
        return found
