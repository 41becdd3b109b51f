"""What a study says while it can't be planned, and when it is tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from assay.api.conditions import Reason
from assay.api.errors import InvalidInput
from assay.api.resources import ProxyStudy, ProxyStudyStatus
from assay.api.selection import select_hypotheses
from assay.controller.publishing.publisher import Publisher
from assay.controller.publishing.statuses import (
    has_stalled,
    problems_in_words,
    reading,
    rejected,
    rejection_reason,
    troubled,
    unverifiable,
)
from assay.controller.queue.workers import TryAgain
from assay.controller.reconciling.datasets import DatasetNotReadable
from assay.controller.reconciling.gathering import hypotheses_of
from assay.controller.reconciling.visits import AFTER_OTHERS_SECONDS, NEXT_TURN_SECONDS, REFRESH_SECONDS, Visit
from assay.controller.world import World
from assay.kube import KubeError
from assay.planning.status.finished import is_still_finished
from assay.runners.jobs import Owner, claim_running
from assay.store import TurnOver
from assay.store.memory_budget import NoRoom
from assay_trainer.objects import StoreError, UnfitObject

PATIENCE_SECONDS = 5.0
"""How long the store may be out of reach before the study says so: most troubles pass."""

PASSING_SECONDS = 120.0
"""How long trouble that may pass by itself is waited for, before somebody had better look."""


class Troubles:
    """Publishes what keeps studies from being planned. `clock` gives Unix seconds."""

    def __init__(self, world: World, publisher: Publisher, clock: Callable[[], float]) -> None:
        self._world = world
        self._publisher = publisher
        self._clock = clock

    def answer(self, error: Exception, visit: Visit) -> float:
        """Say what an error means for the study; return the seconds until it is to be visited again.

        Raises TryAgain if it is to be tried again soon, and a little later each time; and the error itself if it is the
        API server's, or a fault of Assay.
        """
        return next(answer for kind, answer in _ANSWERS if isinstance(error, kind))(self, error, visit)

    def _dataset_not_readable(self, error: DatasetNotReadable, visit: Visit) -> float:
        words = problems_in_words(error)
        if error.may_pass:
            self._trouble(visit, Reason.STORE_UNREACHABLE, words, may_pass=True)
        elif self._is_still_finished(visit):
            self._say_unverifiable(visit, Reason.DATASET_NOT_READABLE, words)
        else:
            self._publish(visit, rejected(visit.earlier, error, visit.generation, visit.now, unreadable=True))
        raise TryAgain(str(error)) from error

    def _not_accepted(self, error: InvalidInput, visit: Visit) -> float:
        self._let_others_run(visit)
        if self._is_still_finished(visit):
            self._say_unverifiable(visit, rejection_reason(error), problems_in_words(error))
            return REFRESH_SECONDS
        status = rejected(visit.earlier, error, visit.generation, visit.now, unreadable=False)
        return self._publish(visit, status) or REFRESH_SECONDS

    def _not_read_yet(self, error: TurnOver, visit: Visit) -> float:
        if (unread := reading(visit.earlier, visit.generation, visit.now)) is not None:
            self._publish(visit, unread)
        return AFTER_OTHERS_SECONDS if isinstance(error, NoRoom) else NEXT_TURN_SECONDS

    def _object_not_readable(self, error: UnfitObject, visit: Visit) -> float:
        self._trouble(visit, Reason.OBJECT_NOT_READABLE, str(error), may_pass=False)
        raise TryAgain(f"store: {error}") from error

    def _store_unreachable(self, error: StoreError, visit: Visit) -> float:
        self._trouble(visit, Reason.STORE_UNREACHABLE, str(error), may_pass=error.may_pass)
        raise TryAgain(f"store: {error}") from error

    def _no_api_server(self, error: KubeError, _visit: Visit) -> float:
        raise error

    def _own_fault(self, error: Exception, visit: Visit) -> float:
        message = f"{type(error).__name__}: {error}. This is a fault of Assay; the operator's log says more."
        self._trouble(visit, Reason.INTERNAL_ERROR, message, may_pass=True)
        raise error

    def _trouble(self, visit: Visit, reason: Reason, message: str, *, may_pass: bool) -> None:
        """Say what keeps the study from being looked at, unless it has only just begun to."""
        memory = visit.memory
        if memory.failing_since is None:
            memory.failing_since = visit.now
        failing = self._clock() - memory.failing_since
        if failing < PATIENCE_SECONDS:
            return
        if self._is_still_finished(visit):
            self._say_unverifiable(visit, reason, message)
            return
        stalled = not may_pass or failing >= PASSING_SECONDS or has_stalled(visit.earlier, reason)
        self._publish(visit, troubled(visit.earlier, reason, message, visit.generation, visit.now, stalled=stalled))

    def _say_unverifiable(self, visit: Visit, reason: Reason, message: str) -> None:
        if (earlier := visit.earlier) is not None:
            self._publish(visit, unverifiable(earlier, reason, message, visit.generation, visit.now))

    def _publish(self, visit: Visit, status: ProxyStudyStatus) -> float | None:
        return self._publisher.publish(visit.manifest, status, visit.memory, visit.now)

    def _is_still_finished(self, visit: Visit) -> bool:
        """Return whether the status still answers what the study and its hypotheses ask."""
        try:
            resource = self._world.parsed(ProxyStudy, visit.manifest)
            return is_still_finished(resource, select_hypotheses(resource, hypotheses_of(resource, self._world)))
        except InvalidInput:
            return False

    def _let_others_run(self, visit: Visit) -> None:
        """Let a study that is not planned keep the trials that its Jobs run, and leave the others to other studies."""
        namespace, uid, jobs = visit.namespace, visit.uid, visit.memory.jobs
        jobs.shares.leave(Owner(namespace, uid))
        jobs.claims.hold(namespace, uid, ())
        claim_running(jobs.claims, self._world.jobs.owned_by(uid), {uid})


class _Answer(NamedTuple):
    """What is done about a kind of errors."""

    kind: type[Exception]
    answer: Callable[[Troubles, Any, Visit], float]


_ANSWERS = (
    _Answer(DatasetNotReadable, Troubles._dataset_not_readable),
    _Answer(InvalidInput, Troubles._not_accepted),
    _Answer(TurnOver, Troubles._not_read_yet),
    _Answer(UnfitObject, Troubles._object_not_readable),
    _Answer(StoreError, Troubles._store_unreachable),
    _Answer(KubeError, Troubles._no_api_server),
    _Answer(Exception, Troubles._own_fault),
)
"""The first kind that an error is of decides: some are kinds of those below them."""
