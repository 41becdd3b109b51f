"""What the operator remembers of each study between reconciles. All of it may be lost at any time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from assay.controller.remembering.token_bucket import TokenBucket
from assay.kube import Manifest
from assay.runners.jobs import Claims, JobsMemory, Owner, QuotaWaits, Shares
from assay.store import Ledger, StoreLimits
from assay.store.memory_budget import MemoryBudget
from assay_trainer.objects import open_objects

CONNECTIONS = 64
"""How many connections to the store all workers have together."""


@dataclass
class StudyMemory:
    """The memory of one study, for one thread at a time. Times are in Unix seconds.

    failing_since: since when the study can't be planned; None: it can.
    written: the status that was written last, and the version of the study that it made.
    failed: keys whose failure was said in an event; None: nobody has looked yet.
    """

    ledger: Ledger
    events: TokenBucket
    jobs: JobsMemory = field(default_factory=JobsMemory)
    refreshed_at: float = -math.inf
    failing_since: float | None = None
    written_at: float = -math.inf
    written: tuple[Mapping[str, Any], str] | None = None
    verdicts_written_at: float = -math.inf
    profiled_at: float = -math.inf
    failed: frozenset[str] | None = None


class Memories:
    """The memory of every study. For threads to share."""

    def __init__(
        self, store: str, limits: StoreLimits | None = None, workers: int = 1, jobs: int | None = None
    ) -> None:
        """`workers` is how many studies are worked on at a time; `jobs` is how many Jobs of all studies may live at a
        time, None: as many as they want."""
        self._store = store
        self._limits = limits or StoreLimits()
        self._reading = MemoryBudget(self._limits.memory)
        self._at_a_time = max(2, CONNECTIONS // workers)
        self._lock = Lock()
        self._by_place: dict[tuple[str, str], tuple[str, StudyMemory]] = {}
        self.claims = Claims()
        self._quota_waits = QuotaWaits()
        self.shares = Shares(jobs)

    def of(self, manifest: Manifest, now: float) -> StudyMemory:
        """Return the memory of a study. A study that was deleted and made again gets a new one."""
        metadata = manifest["metadata"]
        place, uid = (metadata["namespace"], metadata["name"]), metadata["uid"]
        with self._lock:
            known = self._by_place.get(place)
            if known is not None and known[0] != uid:
                self._leave(place[0], known[0])
                known[1].ledger.close()
            if known is None or known[0] != uid:
                # A study sees only what its namespace has put into the store.
                objects = open_objects(f"{self._store}/{place[0]}")
                ledger = Ledger(objects, self._limits, self._reading, at_a_time=self._at_a_time)
                jobs_memory = JobsMemory(claims=self.claims, quota_waits=self._quota_waits, shares=self.shares)
                memory = StudyMemory(ledger, TokenBucket(now), jobs_memory)
                known = self._by_place[place] = (uid, memory)
            return known[1]

    def forget(self, namespace: str, name: str) -> None:
        """Drop the memory of a study that is gone."""
        with self._lock:
            known = self._by_place.pop((namespace, name), None)
        if known is not None:
            self._leave(namespace, known[0])
            known[1].ledger.close()

    def _leave(self, namespace: str, study: str) -> None:
        self.claims.leave(namespace, study)
        self.shares.leave(Owner(namespace, study))

    def with_finished_jobs(self, namespace: str) -> list[str]:
        """Return the names of the namespace's studies that keep Jobs of which nothing more is needed."""
        with self._lock:
            return [
                name for (of, name), (_, memory) in self._by_place.items() if of == namespace and memory.jobs.finished
            ]

    def refresh_all(self) -> list[tuple[str, str]]:
        """Let every study be read anew from the API server when next visited; return their namespaces and names."""
        with self._lock:
            for _, memory in self._by_place.values():
                memory.refreshed_at = -math.inf
            return list(self._by_place)
