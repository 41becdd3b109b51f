"""Trials as Kubernetes Jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from assay.api.resources import ProxyStudy
from assay.kube import Cache, Kube
from assay.planning.records import Obstacle
from assay.planning.study import Program
from assay.runners.jobs.memory import JobsMemory
from assay.runners.jobs.settings import TrialSettings
from assay.runners.protocol import ObservedAttempt
from assay_trainer.contract import WorkRequest


class JobsRunner:
    """See the `Runner` protocol. The runner of one study, made anew for every round or used for many.

    It sees what is in the caches, which somebody else keeps up to date (`wait` does it too), and adds to them what
    it learns itself. Methods raise `KubeError` when the API server can't be asked; nothing is lost then, and the same
    round may be tried again.
    """

    def __init__(
        self,
        kube: Kube,
        jobs: Cache,
        pods: Cache,
        resource: ProxyStudy,
        settings: TrialSettings,
        memory: JobsMemory,
        clock: Callable[[], float],
    ) -> None:
        """`resource` has its namespace and uid; `clock` gives Unix seconds."""
        raise NotImplementedError

    # ------------------------------------------------------------------------- the protocol

    def slots(self) -> int:
        raise NotImplementedError

    def packing(self) -> int:
        raise NotImplementedError

    def code_digest(self, program: Program) -> str:
        raise NotImplementedError

    def observe(self) -> Sequence[ObservedAttempt]:
        raise NotImplementedError

    def start(self, request: WorkRequest, request_uri: str) -> None:
        raise NotImplementedError

    def stop(self, key: str) -> None:
        raise NotImplementedError

    def is_gone(self, key: str, attempt: int, started_at: float) -> bool:
        raise NotImplementedError

    def forget(self, key: str, attempt: int) -> None:
        raise NotImplementedError

    def obstacles(self) -> Sequence[Obstacle]:
        raise NotImplementedError

    def wait(self, timeout: float | None) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # ------------------------------------------------------------------------- what only Jobs need

    def remove_expired(self) -> None:
        """Delete the Jobs that ended `retention.finishedJobsSeconds` ago and whose attempts are all recorded."""
        raise NotImplementedError

    def look_again_after(self) -> float | None:
        """Seconds until something is due here that no event announces; None: nothing is.

        That is a Job to be tried again or removed, a trial that has waited for too long, or an attempt of which
        `is_gone` could not say yet that it is.
        """
        raise NotImplementedError
