"""What the runner of a study remembers between rounds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from assay.kube import KubeError, Manifest
from assay.runners.jobs.sharing.claims import Claims
from assay.runners.jobs.sharing.quota_waits import QuotaWaits
from assay.runners.jobs.sharing.shares import Shares, Shortage
from assay.runners.protocol import ObservedAttempt


class Attempt(NamedTuple):
    """An attempt of a trial or a preparation."""

    key: str
    attempt: int


class NotCreated(NamedTuple):
    """A Job that the API server has refused to make, why, and when it was tried first and last (Unix seconds)."""

    manifest: Manifest
    error: KubeError
    since: float
    tried: float


class Stopped(NamedTuple):
    """An attempt whose Job was deleted because nobody needs it, and what was seen of it last."""

    job: Manifest
    seen: ObservedAttempt


class Finished(NamedTuple):
    """A Job that has ended and whose attempts are all recorded, and when it ended (Unix seconds)."""

    job: Manifest
    ended_at: float


class Held(NamedTuple):
    """From when to when a pod's container has run, in Unix seconds; None: it was there when it was last seen."""

    since: float
    until: float | None


class Warned(NamedTuple):
    """What Kubernetes warned of last (None: nothing), and when it was asked (Unix seconds)."""

    message: str | None
    asked_at: float


class QueueAnswer(NamedTuple):
    """Why Kueue does not admit a Job, and when it was asked (Unix seconds).

    `message` is Kueue's, None if it says nothing or may not be asked; `is_inadmissible`: Kueue will not admit the Job
    unless somebody changes something.
    """

    kueue_is_missing: bool
    message: str | None
    is_inadmissible: bool
    asked_at: float


@dataclass
class JobsMemory:
    """What the runners of one study, made one after another, hand on. All of it may be lost at any time.

    appeared: attempts whose Job was made or seen, and that were not forgotten: if the Job is not there, it has gone.
    not_created: Jobs that were refused, by name, in the order in which they were asked for.
    unneeded: attempts that were to be stopped. A Job is deleted when it has no others.
    stopped: attempts whose Job was deleted, until they are forgotten.
    recorded: attempts that were forgotten and whose Job is still there.
    finished: Jobs of which nothing more is needed, by uid.
    held: when the pods of Jobs have run, by the uids of Job and pod: Kubernetes forgets a pod that is deleted.
    warned: the latest warnings, by the kind of object that they are about.
    queue: what Kueue says of one Job that is not admitted.
    made_room_at: when Jobs were last deleted because quota was waited for.
    shortage: Jobs that the study wants to make and may not, because too many live.
    shortage_said: whether an obstacle has told of the shortage.
    claims, quota_waits, shares: shared by all studies whose runners are in this process.
    """

    appeared: set[Attempt] = field(default_factory=set)
    not_created: dict[str, NotCreated] = field(default_factory=dict)
    unneeded: set[Attempt] = field(default_factory=set)
    stopped: dict[Attempt, Stopped] = field(default_factory=dict)
    recorded: set[Attempt] = field(default_factory=set)
    finished: dict[str, Finished] = field(default_factory=dict)
    held: dict[str, dict[str, Held]] = field(default_factory=dict)
    warned: dict[str, Warned] = field(default_factory=dict)
    queue: QueueAnswer | None = None
    made_room_at: float = -math.inf
    shortage: Shortage | None = None
    shortage_said: bool = False
    shares: Shares = field(default_factory=Shares)
    claims: Claims = field(default_factory=Claims)
    quota_waits: QuotaWaits = field(default_factory=QuotaWaits)
