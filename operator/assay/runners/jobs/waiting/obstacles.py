"""What a study's status says of trials that wait."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from assay.api.bounds import shortened
from assay.api.conditions import Reason
from assay.kube import Manifest
from assay.planning.records.records import Obstacle
from assay.runners.jobs.sharing.shares import Shortage

_CAUSE_CHARACTERS = 240

_FOR = {
    Reason.UNSCHEDULABLE: "for a node",
    Reason.IMAGE_NOT_PULLED: "for an image that can't be pulled",
    Reason.CONTAINER_NOT_CREATED: "for a container that isn't made",
    Reason.QUOTA_EXCEEDED: "for quota",
    Reason.NOT_ADMITTED: "to be admitted",
    Reason.KUEUE_MISSING: "to be admitted",
    Reason.JOB_REFUSED: "for a Job or pod that Kubernetes doesn't make",
    Reason.NO_POD: "for a pod that Kubernetes has not made yet",
    Reason.NOT_ENDING: "for an end that should have come",
}


class Wait(NamedTuple):
    """Why a Job's trials do not run yet. It is an obstacle from `until` on (Unix seconds), and from `stalls_at` on one
    that somebody has to do something about.

    `asks`: the object that others may say more about, from `ask_at` on.
    """

    reason: Reason
    cause: str
    trials: int
    until: float
    stalls_at: float = math.inf
    asks: Manifest | None = None
    ask_at: float = math.inf

    def times(self) -> tuple[float, float, float]:
        """Return the Unix times at which something else is to be said, or to be asked."""
        return self.until, self.stalls_at, self.ask_at


def obstacles(waiting: Iterable[Wait], now: float) -> tuple[Obstacle, ...]:
    """Return what has been waited for too long at `now`: one obstacle of each reason, that of most trials first."""
    by_reason: dict[Reason, list[Wait]] = {}
    for wait in waiting:
        if wait.until <= now:
            by_reason.setdefault(wait.reason, []).append(wait)
    ranked = sorted(by_reason.items(), key=lambda kind: -sum(wait.trials for wait in kind[1]))
    return tuple(_obstacle(reason, alike, now) for reason, alike in ranked)


def want_of_room(shortage: Shortage) -> Obstacle:
    """Return the obstacle that a study's Jobs are not made because too many others live."""
    jobs = "1 Job waits" if shortage.waiting == 1 else f"{shortage.waiting} Jobs wait"
    text = (
        f"{jobs} for room: Assay was installed with a limit of {shortage.most} Jobs at a time, shared fairly between "
        f"namespaces and their studies. {shortage.of_all} live: {shortage.of_namespace} of this namespace, "
        f"{shortage.of_study} of this study. They are made as others end."
    )
    return Obstacle(Reason.JOB_LIMIT_REACHED, text, stalled=False)


def _obstacle(reason: Reason, alike: Sequence[Wait], now: float) -> Obstacle:
    trials = sum(wait.trials for wait in alike)
    counted = f"{trials} trial waits" if trials == 1 else f"{trials} trials wait"
    example = min(alike, key=lambda wait: wait.stalls_at)
    text = f"{counted} {_FOR[reason]}: {shortened(example.cause, _CAUSE_CHARACTERS)}"
    return Obstacle(reason, text if text.endswith((".", "…")) else f"{text}.", now >= example.stalls_at)
