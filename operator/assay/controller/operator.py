"""The operator without its watches: everything that an event starts."""

from __future__ import annotations

import logging
import time

from prometheus_client import CollectorRegistry, ProcessCollector

from assay.controller.publishing.publisher import Publisher
from assay.controller.queue.schedule import Key
from assay.controller.queue.wakes import Wakes
from assay.controller.queue.workers import TryAgain, Workers
from assay.controller.reconciling.hypotheses import HypothesisReconciler
from assay.controller.reconciling.studies import StudyReconciler
from assay.controller.remembering.memory import Memories
from assay.controller.settings import Settings
from assay.controller.world import World
from assay.kube import Kube, KubeError
from assay.reporting.metrics import OperatorMetrics, StudyCollector
from assay.runners.jobs import claim_living, claim_running, living_by_owner

HUNG_SECONDS = 900.0
"""How long a reconcile may go on before it hangs: all that it waits for has a time limit of its own."""

_log = logging.getLogger(__name__)


class Operator:
    """Caches, reconcilers and the threads that run them."""

    def __init__(self, settings: Settings, kube: Kube, metrics: OperatorMetrics, registry: CollectorRegistry) -> None:
        self._settings = settings
        self._kube = kube
        self._metrics = metrics
        self._world = World()
        self._memories = Memories(settings.store, settings.limits, settings.workers, settings.jobs)
        self._workers = Workers(self._work, count=settings.workers, done=self._done)
        self.wakes = Wakes(self._world, self._workers, self._memories.shares)
        collector = StudyCollector()
        registry.register(collector)
        ProcessCollector(registry=registry)
        metrics.watch_queue(self._workers.waiting)
        publisher = Publisher(kube, self._world, collector, self._workers.wake)
        self._study = StudyReconciler(
            kube,
            self._world,
            self._memories,
            publisher,
            collector,
            settings.trials,
            settings.policy,
            settings.limits,
            time.time,
            self._workers.wake,
        )
        self._hypothesis = HypothesisReconciler(kube, self._world, time.time)

    def start(self) -> None:
        """List all objects, and begin to work. Raises KubeError."""
        self._world.load(self._kube, self._settings.namespaces)
        studies, hypotheses = self._world.studies.all(), self._world.hypotheses.all()
        there = {(each["namespace"], each["name"]): each["uid"] for each in (study["metadata"] for study in studies)}
        claim_running(self._memories.claims, self._world.jobs.all(), set(there.values()), and_ended=True)
        claim_living(self._memories.claims, self._world.pods.all(), there)
        for manifest in studies:
            self._workers.wake(Key("study", manifest["metadata"]["namespace"], manifest["metadata"]["name"]))
        for manifest in hypotheses:
            self._workers.wake(Key("hypothesis", manifest["metadata"]["namespace"], manifest["metadata"]["name"]))
        self._workers.start()
        where = ", ".join(self._settings.namespaces) or "all namespaces"
        _log.info("Serving %d studies and %d hypotheses in %s", len(studies), len(hypotheses), where)

    def stop(self, timeout: float) -> bool:
        """Begin nothing more; return whether all that goes on has ended within the seconds."""
        return self._workers.stop(timeout)

    def trouble(self) -> str | None:
        """Return why the process had better be started anew, None if it is well."""
        if not self._workers.alive():
            return "a thread that reconciles has ended"
        if self._workers.longest() > HUNG_SECONDS:
            return f"a reconcile has been going on for {self._workers.longest():.0f} s"
        return None

    def _work(self, key: Key) -> float | None:
        try:
            match key.kind:
                case "study":
                    return self._study(key)
                case "hypothesis":
                    return self._hypothesis(key)
                case "shares":
                    self._wake_next_in_turn()
                    return None
        except KubeError as error:
            raise TryAgain(f"Kubernetes API: {error.code} {error}") from error
        for namespace, name in self._memories.refresh_all():
            self._workers.wake(Key("study", namespace, name))
        return None

    def _wake_next_in_turn(self) -> None:
        for place in self._memories.shares.next_in_turn(lambda: living_by_owner(self._world.jobs.all()), time.time()):
            self._workers.wake(Key("study", *place))

    def _done(self, key: Key, seconds: float, succeeded: bool) -> None:
        self._metrics.reconciled(key.kind, seconds, succeeded=succeeded)
