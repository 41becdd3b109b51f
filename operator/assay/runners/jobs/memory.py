"""What the runner of a study remembers between rounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from assay.kube import KubeError, Manifest


class Attempt(NamedTuple):
    """An attempt of a trial or preparation."""

    key: str
    attempt: int


class NotCreated(NamedTuple):
    """A Job that the API server did not make yet, and why; `since` is when that was tried first (Unix seconds)."""

    manifest: Manifest
    error: KubeError
    since: float


class Finished(NamedTuple):
    """A Job that has ended and whose attempts are all recorded; Unix seconds."""

    name: str
    attempts: frozenset[Attempt]
    ended_at: float


@dataclass
class JobsMemory:
    """Kept for each study by whoever makes its runners, one after another. All of it may be lost at any time.

    not_created: by name, in the order in which they were asked for.
    stopped: attempts whose Job was deleted since nobody needs them, until they are forgotten.
    recorded: attempts that were forgotten and whose Job is still there.
    finished: by uid.
    """

    not_created: dict[str, NotCreated] = field(default_factory=dict)
    stopped: set[Attempt] = field(default_factory=set)
    recorded: set[Attempt] = field(default_factory=set)
    finished: dict[str, Finished] = field(default_factory=dict)
