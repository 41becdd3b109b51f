"""One reconcile of a study: gather, decide and act, then say what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from threading import Lock

from assay.api.base import RETRY_ANNOTATION
from assay.api.policy import Policy
from assay.api.resources import ProxyStudy, ProxyStudyStatus
from assay.controller.publishing import verdicts
from assay.controller.publishing.publisher import Publisher
from assay.controller.publishing.reports import with_report
from assay.controller.queue.schedule import SHARES, Key
from assay.controller.reconciling.datasets import Datasets
from assay.controller.reconciling.gathering import gather
from assay.controller.reconciling.inputs import Inputs
from assay.controller.reconciling.troubles import Troubles
from assay.controller.reconciling.visits import NEXT_TURN_SECONDS, POLL_SECONDS, REFRESH_SECONDS, Visit
from assay.controller.remembering.memory import Memories, StudyMemory
from assay.controller.world import World
from assay.kube import Kube
from assay.planning.status.hypothesis_status import verdicts_of
from assay.planning.study.study import Study
from assay.ranking.memory import Memory
from assay.reporting.metrics import StudyCollector, arm_profiles
from assay.rounds.reconcile import Round, forgive_failures, reconcile
from assay.runners.jobs import JobsRunner, TrialSettings
from assay.store import StoreLimits, Turn
from assay.store.memory_budget import NoRoom

PROFILE_SECONDS = 5.0
"""How often the metrics of where the trials' time went are calculated."""

TURN_SECONDS = 5.0
"""How long one reconcile reads what it does not know yet, and starts trials: then others have their turn."""

LARGE_HYPOTHESES = 500
"""Studies with more hypotheses are planned one at a time: each takes much memory for a moment."""

ANSWERS_OF_ALL_STUDIES = 1024
"""Answers about scores that are kept, of all studies together."""


class StudyReconciler:
    """Reconciles studies, several at a time, but never the same one.

    `clock` returns Unix seconds. `wake` is called for hypotheses with a new verdict, and for other studies that may
    have their turn where Jobs are limited.
    """

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
        self._answers = Memory(ANSWERS_OF_ALL_STUDIES)
        self._datasets = Datasets(clock, limits)
        self._inputs = Inputs(clock)
        self._troubles = Troubles(world, publisher, clock)

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
        return self._visit(Visit(manifest, self._memories.of(manifest, now), now))

    def _visit(self, visit: Visit) -> float:
        try:
            resource = self._world.parsed(ProxyStudy, visit.manifest)
            with visit.memory.ledger.turn(TURN_SECONDS) as turn:
                again_in = self._round(visit, resource, turn)
        except Exception as error:  # noqa: BLE001 - `Troubles` lists what each kind means, and raises what it doesn't know
            return self._troubles.answer(error, visit)
        visit.memory.failing_since = None
        return again_in

    def _round(self, visit: Visit, resource: ProxyStudy, turn: Turn) -> float:
        runner = JobsRunner(
            self._kube,
            self._world.jobs,
            self._world.pods,
            resource,
            self._trials,
            visit.memory.jobs,
            self._clock,
            partial(self._inputs, turn=turn),
        )
        runner.remove_expired()  # also of a study that can't be planned now
        datasets = partial(self._datasets, turn=turn)
        study = gather(resource, self._world, runner, datasets, self._policy, self._limits.hypotheses)
        with self._one_large_at_a_time(study):
            self._forgive_if_asked(study, visit.memory)
            latest = reconcile(study, visit.memory.ledger, runner, visit.now, self._answers)
            runner.remove_expired()
            self._let_others_have_room(visit, runner)
            write_in = self._say(visit, study, latest)
        return _next_visit_in(latest, runner, write_in)

    @contextmanager
    def _one_large_at_a_time(self, study: Study) -> Iterator[None]:
        """Plan large studies one after another. Raises NoRoom while another one is planned."""
        if len(study.hypotheses) <= LARGE_HYPOTHESES:
            yield
            return
        if not self._large.acquire(blocking=False):
            raise NoRoom("another large study is being planned")
        try:
            yield
        finally:
            self._large.release()

    def _forgive_if_asked(self, study: Study, memory: StudyMemory) -> None:
        """Carry out a request to try failed trials once more, unless that was done already."""
        request = study.resource.metadata.annotations.get(RETRY_ANNOTATION)
        if request and not memory.ledger.is_retried(study.name, request):
            forgive_failures(study, memory.ledger)
            memory.ledger.put_retried(study.name, request)

    def _let_others_have_room(self, visit: Visit, runner: JobsRunner) -> None:
        """Wake studies that may have the room that this one has left, or that hold quota that this one waits for."""
        if self._memories.shares.is_waited_for():
            self._wake(SHARES)
        if runner.waits_for_quota():
            for other in self._memories.with_finished_jobs(visit.namespace):
                self._wake(Key("study", visit.namespace, other))

    def _say(self, visit: Visit, study: Study, latest: Round) -> float | None:
        """Say what came of a round; return the seconds after which to write the status, None if that is done.

        The status of a study that has finished comes last: whoever waits for it then finds the metrics and the verdicts
        there. While the study runs, the verdicts come after it: provisional ones must not meet a status that is not.
        """
        status = with_report(study, latest, visit.memory.ledger, study.resource.status)
        self._collect(visit, study, latest, status)
        if latest.plan.finished:
            self._write_verdicts(visit, study, latest)
        write_in = self._publisher.publish(visit.manifest, status, visit.memory, visit.now)
        if not latest.plan.finished:
            self._write_verdicts(visit, study, latest)
        failed = status.trials.failed
        self._publisher.say_failures(visit.manifest, study, latest.records, failed, visit.memory, visit.now)
        return write_in

    def _collect(self, visit: Visit, study: Study, latest: Round, status: ProxyStudyStatus) -> None:
        """Put what came of a round into the metrics."""
        self._collector.put(visit.namespace, study.name, status)
        if latest.plan.finished or visit.now - visit.memory.profiled_at >= PROFILE_SECONDS:
            visit.memory.profiled_at = visit.now
            self._collector.put_profiles(visit.namespace, study.name, arm_profiles(study, latest.records))

    def _write_verdicts(self, visit: Visit, study: Study, latest: Round) -> None:
        finished, memory, namespace = latest.plan.finished, visit.memory, visit.namespace
        if latest.plan.kept:  # they were written then, and the status need not have all of them
            return
        if not finished and visit.now - memory.verdicts_written_at < verdicts.SECONDS_BETWEEN_WRITES:
            return
        memory.verdicts_written_at = visit.now
        hypotheses = {each["metadata"]["name"]: each for each in self._world.hypotheses_of(namespace)}
        entries = verdicts.outdated(verdicts_of(study, latest.plan.ranking), hypotheses)
        chosen = dict(islice(entries.items(), None if finished else verdicts.MOST_AT_A_TIME))
        verdicts.write(self._kube, self._world, namespace, chosen)
        for name in chosen:
            self._wake(Key("hypothesis", namespace, name))


def _next_visit_in(latest: Round, runner: JobsRunner, write_in: float | None) -> float:
    """Return the seconds until the first of all that is due in a study."""
    poll = REFRESH_SECONDS if latest.plan.finished else POLL_SECONDS
    next_turn = NEXT_TURN_SECONDS if latest.cut_short else None
    times = (poll, latest.plan.requeue_after, runner.look_again_after(), write_in, next_turn)
    return min(seconds for seconds in times if seconds is not None)
