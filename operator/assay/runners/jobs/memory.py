"""What the runner of a study remembers between rounds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from assay.kube import KubeError, Manifest
from assay.runners.jobs.claims import Claims
from assay.runners.jobs.quota_waits import QuotaWaits
from assay.runners.jobs.shares import Shares, Shortage
from assay.runners.protocol import ObservedAttempt


class Attempt(NamedTuple):
    """An attempt of a trial or preparation."""

    key: str
    attempt: int


class NotCreated(NamedTuple):
    """A Job that the API server has not made yet, and why; tried first and last at these times (Unix seconds)."""

    manifest: Manifest
    error: KubeError
    since: float
    tried: float


class Stopped(NamedTuple):
    """An attempt whose Job was deleted since nobody needs it; what was seen of it last."""

    job: Manifest
    seen: ObservedAttempt


class Finished(NamedTuple):
    """A Job that has ended and whose attempts are all recorded; Unix seconds."""

    job: Manifest
    ended_at: float


class Warned(NamedTuple):
    """What Kubernetes warned of last, and when it was asked (Unix seconds)."""

    message: str | None
    asked_at: float


class QueueAnswer(NamedTuple):
    """Why Kueue does not admit a Job, and when it was asked (Unix seconds).

    `message` is its own, None if it says nothing or may not be asked; `is_inadmissible`: it will not do so as things
    are.
    """

    kueue_is_missing: bool
    message: str | None
    is_inadmissible: bool
    asked_at: float


@dataclass
class JobsMemory:
    """Kept for each study by whoever makes its runners, one after another. All of it may be lost at any time.

    appeared: attempts whose Job was made, or seen, and that were not forgotten: if it is not there, it has gone.
    not_created: by name, in the order in which they were asked for.
    unneeded: attempts that were to be stopped. A Job is deleted when it has no others.
    stopped: until they are forgotten.
    recorded: attempts that were forgotten and whose Job is still there.
    finished: by uid.
    warned: by the kind of object that it was about.
    queue: of one Job that is not admitted.
    made_room_at: when Jobs were last deleted since a quota was waited for.
    shortage: of Jobs that the study wants to make and may not, since too many live.
    shortage_said: whether an obstacle has told of it.
    claims, quota_waits, shares: shared by all studies whose runners are in this process.
    """

    appeared: set[Attempt] = field(default_factory=set)
    not_created: dict[str, NotCreated] = field(default_factory=dict)
    unneeded: set[Attempt] = field(default_factory=set)
    stopped: dict[Attempt, Stopped] = field(default_factory=dict)
    recorded: set[Attempt] = field(default_factory=set)
    finished: dict[str, Finished] = field(default_factory=dict)
    warned: dict[str, Warned] = field(default_factory=dict)
    queue: QueueAnswer | None = None
    made_room_at: float = -math.inf
    shortage: Shortage | None = None
    shortage_said: bool = False
    shares: Shares = field(default_factory=Shares)
    claims: Claims = field(default_factory=Claims)
    quota_waits: QuotaWaits = field(default_factory=QuotaWaits)
