"""One reconcile of a study: gather, decide and act, then say what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

from assay.api.base import RETRY_ANNOTATION
from assay.api.conditions import Reason
from assay.api.errors import InvalidInput
from assay.api.resources import ProxyStudy
from assay.api.selection import select_hypotheses
from assay.controller import verdicts
from assay.controller.datasets import DatasetNotReadable, Datasets
from assay.controller.gathering import gather, hypotheses_of
from assay.controller.inputs import Inputs
from assay.controller.memory import Memories, StudyMemory
from assay.controller.publishing import earlier_status
from assay.controller.reports import with_report
from assay.controller.schedule import SHARES, Key
from assay.controller.statuses import (
    has_stalled,
    problems_in_words,
    reading,
    reason_of,
    rejected,
    troubled,
    unverifiable,
)
from assay.controller.workers import TryAgain
from assay.kube import KubeError
from assay.planning.status.finished import is_still_finished
from assay.planning.status.hypothesis_status import verdicts_of
from assay.reporting.metrics import arm_profiles
from assay.rounds.reconcile import forgive_failures, reconcile
from assay.runners.jobs import JobsRunner, Owner, claim_running
from assay.store import TurnOver
from assay.store.memory_budget import NoRoom
from assay_trainer.objects import StoreError, UnfitObject

if TYPE_CHECKING:
    from assay.api.policy import Policy
    from assay.controller.publishing import Publisher
    from assay.controller.world import World
    from assay.kube import Kube, Manifest
    from assay.planning.study.study import Study
    from assay.reporting.metrics import StudyCollector
    from assay.rounds.reconcile import Round
    from assay.runners.jobs import TrialSettings
    from assay.store import StoreLimits, Turn

POLL_SECONDS = 15.0
"""How often a study that runs is looked at though nothing happens."""

REFRESH_SECONDS = 300.0
"""How often a study is looked at, and its objects listed anew, in case an event was missed."""

PROFILE_SECONDS = 5.0
"""How often it is worked out, for the metrics, where the time of the trials went."""

TURN_SECONDS = 5.0
"""For how long one reconcile reads what it does not know yet, and starts trials: then others have their turn."""

NEXT_TURN_SECONDS = 0.1

LARGE_HYPOTHESES = 500
"""A study with more of them takes much memory for a moment: of such, one at a time is planned."""

AFTER_OTHERS_SECONDS = 2.0
"""When a study is looked at again that needs memory which others have."""

PATIENCE_SECONDS = 5.0
"""How long the store may be out of reach before the study says so: most troubles pass."""

PASSING_SECONDS = 120.0
"""How long trouble that may pass by itself is waited for, before somebody had better look."""


class StudyReconciler:
    """Reconciles studies, several at a time, but never the same one. `clock` gives Unix seconds; `wake` is told of the
    hypotheses of which something new was said, and that others may have their turn where Jobs are limited."""

    def __init__(
        self,
        kube: Kube,
        world: World,
        memories: Memories,
        publisher: Publisher,
        collector: StudyCollector,
        trials: TrialSettings,
        policy: Policy,
        limits: StoreLimits,
        clock: Callable[[], float],
        wake: Callable[[Key], None],
    ) -> None:
        self._kube = kube
        self._world = world
        self._memories = memories
        self._publisher = publisher
        self._collector = collector
        self._trials = trials
        self._policy = policy
        self._clock = clock
        self._wake = wake
        self._limits = limits
        self._large = Lock()
        self._datasets = Datasets(clock, limits)
        self._inputs = Inputs(clock)

    def __call__(self, key: Key) -> float | None:
        """Reconcile a study once; return the seconds until it is to be looked at again, None if it is gone.

        Raises TryAgain if it could not be done, KubeError if the API server can't be asked.
        """
        now = self._clock()
        manifest = self._world.study(key.namespace, key.name)
        if manifest is not None:
            memory = self._memories.of(manifest, now)
            if now - memory.refreshed_at >= REFRESH_SECONDS:
                self._world.refresh(self._kube, key.namespace, key.name)
                memory.refreshed_at = now
                manifest = self._world.study(key.namespace, key.name)
        if manifest is None:
            # Its Jobs go with it, by their owner reference; its results stay.
            self._memories.forget(key.namespace, key.name)
            self._collector.remove(key.namespace, key.name)
            self._publisher.wake_hypotheses(key.namespace)
            return None
        return self._of_study(manifest, self._memories.of(manifest, now), now)

    def _of_study(self, manifest: Manifest, memory: StudyMemory, now: float) -> float:
        publish = self._publisher.publish
        earlier, generation = earlier_status(manifest), manifest["metadata"]["generation"]
        try:
            resource = self._world.parsed(ProxyStudy, manifest)
            with memory.ledger.turn(TURN_SECONDS) as turn:
                again_in = self._round(manifest, resource, memory, turn, now)
        except DatasetNotReadable as error:
            if error.may_pass:
                self._trouble(manifest, Reason.STORE_UNREACHABLE, problems_in_words(error), memory, now, may_pass=True)
            elif self._is_still_finished(manifest):
                self._say_unverifiable(manifest, Reason.DATASET_NOT_READABLE, problems_in_words(error), memory, now)
            else:
                publish(manifest, rejected(earlier, error, generation, now, unreadable=True), memory, now)
            raise TryAgain(str(error)) from error
        except InvalidInput as error:
            self._let_others_run(manifest, memory)
            if self._is_still_finished(manifest):
                self._say_unverifiable(manifest, reason_of(error), problems_in_words(error), memory, now)
                return REFRESH_SECONDS
            status = rejected(earlier, error, generation, now, unreadable=False)
            return publish(manifest, status, memory, now) or REFRESH_SECONDS
        except TurnOver as error:
            if (unread := reading(earlier, generation, now)) is not None:
                publish(manifest, unread, memory, now)
            return AFTER_OTHERS_SECONDS if isinstance(error, NoRoom) else NEXT_TURN_SECONDS
        except UnfitObject as error:
            self._trouble(manifest, Reason.OBJECT_NOT_READABLE, str(error), memory, now, may_pass=False)
            raise TryAgain(f"store: {error}") from error
        except StoreError as error:
            self._trouble(manifest, Reason.STORE_UNREACHABLE, str(error), memory, now, may_pass=error.may_pass)
            raise TryAgain(f"store: {error}") from error
        except KubeError:
            raise
        except Exception as error:
            message = f"{type(error).__name__}: {error}. This is a fault of Assay; the operator's log says more."
            self._trouble(manifest, Reason.INTERNAL_ERROR, message, memory, now, may_pass=True)
            raise
        memory.failing_since = None
        return again_in

    def _trouble(
        self, manifest: Manifest, reason: Reason, message: str, memory: StudyMemory, now: float, *, may_pass: bool
    ) -> None:
        """Say what keeps the study from being looked at, unless it has only just begun to."""
        if memory.failing_since is None:
            memory.failing_since = now
        failing = self._clock() - memory.failing_since
        if failing < PATIENCE_SECONDS:
            return
        if self._is_still_finished(manifest):
            self._say_unverifiable(manifest, reason, message, memory, now)
            return
        earlier, generation = earlier_status(manifest), manifest["metadata"]["generation"]
        stalled = not may_pass or failing >= PASSING_SECONDS or has_stalled(earlier, reason)
        status = troubled(earlier, reason, message, generation, now, stalled=stalled)
        self._publisher.publish(manifest, status, memory, now)

    def _say_unverifiable(
        self, manifest: Manifest, reason: Reason, message: str, memory: StudyMemory, now: float
    ) -> None:
        earlier = earlier_status(manifest)
        if earlier is not None:
            status = unverifiable(earlier, reason, message, manifest["metadata"]["generation"], now)
            self._publisher.publish(manifest, status, memory, now)

    def _is_still_finished(self, manifest: Manifest) -> bool:
        """Whether what the status says is the answer to what the study and its hypotheses ask."""
        try:
            resource = self._world.parsed(ProxyStudy, manifest)
            return is_still_finished(resource, select_hypotheses(resource, hypotheses_of(resource, self._world)))
        except InvalidInput:
            return False

    def _round(self, manifest: Manifest, resource: ProxyStudy, memory: StudyMemory, turn: Turn, now: float) -> float:
        runner = JobsRunner(
            self._kube,
            self._world.jobs,
            self._world.pods,
            resource,
            self._trials,
            memory.jobs,
            self._clock,
            partial(self._inputs, turn=turn),
        )
        runner.remove_expired()  # also of a study that can't be planned now
        datasets = partial(self._datasets, turn=turn)
        study = gather(resource, self._world, runner, datasets, self._policy, self._limits.hypotheses)
        with self._one_large_at_a_time(study):
            return self._decide_and_act(manifest, study, runner, memory, now)

    @contextmanager
    def _one_large_at_a_time(self, study: Study) -> Iterator[None]:
        """Raises NoRoom while another large study is planned."""
        if len(study.hypotheses) <= LARGE_HYPOTHESES:
            yield
            return
        if not self._large.acquire(blocking=False):
            raise NoRoom("another large study is being planned")
        try:
            yield
        finally:
            self._large.release()

    def _decide_and_act(
        self, manifest: Manifest, study: Study, runner: JobsRunner, memory: StudyMemory, now: float
    ) -> float:
        resource = study.resource
        request = resource.metadata.annotations.get(RETRY_ANNOTATION)
        if request and not memory.ledger.is_retried(study.name, request):
            forgive_failures(study, memory.ledger)
            memory.ledger.put_retried(study.name, request)
        latest = reconcile(study, memory.ledger, runner, now)
        if self._memories.shares.is_waited_for():
            self._wake(SHARES)  # what this study has left is the next one's
        runner.remove_expired()
        if runner.waits_for_quota():
            for other in self._memories.with_finished_jobs(study.resource.metadata.namespace or ""):
                self._wake(Key("study", study.resource.metadata.namespace or "", other))
        status = with_report(study, latest, memory.ledger, resource.status)
        # Before the status: whoever waits for it finds the metrics there.
        place = manifest["metadata"]["namespace"], study.name
        self._collector.put(*place, status)
        if latest.plan.finished or now - memory.profiled_at >= PROFILE_SECONDS:
            memory.profiled_at = now
            self._collector.put_profiles(*place, arm_profiles(study, latest.records))
        if latest.plan.finished:  # before the status: whoever waits for it finds the verdicts there
            self._write_verdicts(manifest, study, latest, memory, now)
        write_in = self._publisher.publish(manifest, status, memory, now)
        if not latest.plan.finished:  # after it: verdicts that are provisional must not meet a status that is not
            self._write_verdicts(manifest, study, latest, memory, now)
        self._publisher.say_failures(manifest, study, latest.records, status.trials.failed, memory, now)
        poll = REFRESH_SECONDS if latest.plan.finished else POLL_SECONDS
        next_turn = NEXT_TURN_SECONDS if latest.cut_short else None
        times = (poll, latest.plan.requeue_after, runner.look_again_after(), write_in, next_turn)
        return min(seconds for seconds in times if seconds is not None)

    def _let_others_run(self, manifest: Manifest, memory: StudyMemory) -> None:
        """A study that is not planned keeps the trials that its Jobs run, and leaves the others to other studies."""
        uid, claims = manifest["metadata"]["uid"], memory.jobs.claims
        memory.jobs.shares.leave(Owner(manifest["metadata"]["namespace"], uid))
        claims.hold(manifest["metadata"]["namespace"], uid, ())
        claim_running(claims, self._world.jobs.owned_by(uid), {uid})

    def _write_verdicts(self, manifest: Manifest, study: Study, latest: Round, memory: StudyMemory, now: float) -> None:
        finished = latest.plan.finished
        if not finished and now - memory.verdicts_written_at < verdicts.SECONDS_BETWEEN_WRITES:
            return
        memory.verdicts_written_at = now
        namespace = manifest["metadata"]["namespace"]
        hypotheses = {each["metadata"]["name"]: each for each in self._world.hypotheses_of(namespace)}
        entries = verdicts.outdated(verdicts_of(study, latest.records), hypotheses)
        chosen = dict(islice(entries.items(), None if finished else verdicts.MOST_AT_A_TIME))
        verdicts.write(self._kube, self._world, namespace, chosen)
        for name in chosen:
            self._wake(Key("hypothesis", namespace, name))
