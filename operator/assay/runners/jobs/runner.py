"""Trials as Kubernetes Jobs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from assay.api.conditions import Reason
from assay.api.resources import ProxyStudy
from assay.api.times import unix_seconds_or_none
from assay.kube import Cache, Kube, Manifest
from assay.planning.records.records import Obstacle
from assay.planning.study.programs import Program, Surroundings
from assay.runners.jobs.creation import create, create_again, next_try
from assay.runners.jobs.manifests.manifest import job_manifest
from assay.runners.jobs.manifests.names import attempts_of
from assay.runners.jobs.manifests.programs import image_code
from assay.runners.jobs.manifests.surroundings import Digester, object_digest, pod_surroundings
from assay.runners.jobs.memory import Attempt, Finished, Held, JobsMemory, Stopped
from assay.runners.jobs.objects import StudyObjects
from assay.runners.jobs.observed.gone import held_by
from assay.runners.jobs.observed.observation import lacks_last_words, observed
from assay.runners.jobs.observed.state import end_of, is_terminal
from assay.runners.jobs.settings import TrialSettings
from assay.runners.jobs.sharing.shares import Owner
from assay.runners.jobs.waiting.events import WARNING_SECONDS, ask_for_warnings
from assay.runners.jobs.waiting.obstacles import Wait, obstacles, want_of_room
from assay.runners.jobs.waiting.queues import ask_for_queue
from assay.runners.jobs.waiting.waits import waits
from assay.runners.protocol import ObservedAttempt
from assay_trainer.contract import CodeIngredients, FailureReason, TerminationMessage, WorkRequest

APPEARANCE_SECONDS = 60.0
"""How long after an attempt was marked as started its Job may still be made."""

SAY_SECONDS = 1.0
"""How soon the next round comes once a round has found no room for Jobs: the next one says so."""

REMOVALS = 50
"""How many Jobs `remove_expired` deletes at a time: a round is to be short."""

POLL_SECONDS = 0.5
CLOSE_SECONDS = 120.0


class JobsRunner:
    """Runs the trials of one study as Jobs; see the `Runner` protocol. It may be used for one round or for many.

    It sees what is in the caches, which others keep up to date (`wait` does so, too), and adds to them what it learns
    itself. Methods raise `KubeError` when the API server can't be asked; nothing is lost then, and the same round may
    be tried again. A Job that can't be made is tried again by `observe`, and is an obstacle meanwhile.
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
        digest_of: Digester = object_digest,
    ) -> None:
        """`resource` has its namespace and uid; `clock` returns Unix seconds; `digest_of` digests inputs."""
        self._digest_of = digest_of
        self._codes: dict[str, CodeIngredients] = {}
        self._objects = StudyObjects(kube, jobs, pods, resource)
        self._study = resource
        self._owner = Owner(self._objects.namespace, self._objects.uid)
        self._made_at = unix_seconds_or_none(resource.metadata.creation_timestamp) or -math.inf
        self._settings = settings
        self._memory = memory
        self._clock = clock
        self._seen_ended: dict[Attempt, Manifest] = {}  # with their Jobs
        self._running: frozenset[str] = frozenset()
        # Keys of attempts that may live all the same, or whose end is still to be told.
        self._unobserved: set[str] = set()
        self._undecided_until: float | None = None
        self._closed = False

    # ------------------------------------------------------------------------- the protocol

    def slots(self) -> int:
        if self._memory.not_created:
            return 1  # where some can't be made, others had better not be asked for
        return self._study.spec.budget.parallelism or self._settings.parallelism

    def idle_slots_are_free(self) -> bool:
        return False

    def packing(self) -> int:
        return self._study.spec.trainer.packing.trials

    def code_digest(self, program: Program) -> str:
        code = image_code(program, self._settings.image)
        image, revision = program.image or self._settings.image, program.revision if program.image else None
        self._codes[code] = CodeIngredients(code=code, image=image, revision=revision)
        return code

    def surroundings(self, program: Program) -> Surroundings:
        return pod_surroundings(program, self._study.spec.trainer.pod_template, self._settings, self._digest_of)

    def ingredients(self, code: str) -> CodeIngredients | None:
        return self._codes.get(code)

    def observe(self) -> Sequence[ObservedAttempt]:
        now = self._clock()
        create_again(self._objects, self._memory, now)
        self._memory.shares.keep(self._owner, len(self._memory.not_created))
        attempts = self._attempts(now)
        self._seen_ended = {_name(seen): job for seen, job in attempts if seen.phase == "Ended"}
        self._unobserved.clear()
        self._running = frozenset(seen.key for seen, _ in attempts if seen.phase == "Running")
        self._memory.appeared.update(_name(seen) for seen, _ in attempts)
        jobs = {job["metadata"]["uid"] for job in self._unrecorded_jobs()}
        self._memory.held = {uid: held for uid, held in self._memory.held.items() if uid in jobs}
        self._memory.unneeded.clear()  # whatever still is, is stopped in each round
        # What has ended stays claimed until `claim`: how it ended is in the store by then.
        self._memory.claims.add(self._objects.namespace, self._objects.uid, self._running)
        return [seen for seen, _ in attempts]

    def elsewhere(self) -> Collection[str]:
        claims, namespace = self._memory.claims, self._objects.namespace
        if claims.has_left(namespace):
            claims.end(namespace, {attempt.key for each in self._objects.living() for attempt in attempts_of(each)})
        return claims.of_others(namespace, self._objects.uid)

    def claim(self, keys: Collection[str]) -> Collection[str]:
        mine = self._running.union(self._unobserved, keys)
        held = self._memory.claims.hold(self._objects.namespace, self._objects.uid, mine)
        return held.intersection(keys)

    def room_for(self, requests: int) -> int:
        shares, name, living = self._memory.shares, self._study.name, self._objects.living_by_owner
        granted, shortage = shares.take(self._owner, name, requests, living, self._clock())
        self._memory.shortage_said = shortage is not None and self._memory.shortage is not None
        self._memory.shortage = shortage
        return granted

    def start(self, request: WorkRequest, request_uri: str) -> None:
        self.start_all([(request, request_uri)])

    def start_all(self, requests: Sequence[tuple[WorkRequest, str]]) -> bool:
        manifests = [job_manifest(self._study, request, uri, self._settings) for request, uri in requests]
        refused = len(self._memory.not_created)
        create(self._objects, list(filter(self._is_to_be_made, manifests)), self._memory, self._clock())
        self._memory.shares.made(self._owner, len(requests) - (len(self._memory.not_created) - refused))
        return not self._memory.not_created

    def _is_to_be_made(self, manifest: Manifest) -> bool:
        name, attempts = manifest["metadata"]["name"], attempts_of(manifest)
        if self._closed or name in self._memory.not_created or any(each in self._memory.stopped for each in attempts):
            return False
        self._memory.recorded.difference_update(attempts)
        known = self._objects.job(name)
        if known is not None:
            self._memory.finished.pop(known["metadata"]["uid"], None)
        return known is None

    def stop(self, key: str) -> None:
        """Stop an attempt as the protocol says; but a packed Job goes on until none of its attempts is needed."""
        now = self._clock()
        for name, refused in list(self._memory.not_created.items()):
            if self._becomes_unneeded(refused.manifest, key):
                del self._memory.not_created[name]
                for attempt in attempts_of(refused.manifest):
                    self._memory.stopped[attempt] = Stopped(refused.manifest, _as_stopped(_waiting(attempt, now), now))
        for job in self._unrecorded_jobs():
            if end_of(job) is None and self._becomes_unneeded(job, key):
                self._objects.delete(job)
                for seen in observed(job, self._objects.pods_of(job), now):
                    self._memory.stopped[_name(seen)] = Stopped(job, seen)

    def is_gone(self, key: str, attempt: int, started_at: float) -> bool:
        """Return what the protocol says; False while the attempt may only just have been started."""
        now, wanted = self._clock(), Attempt(key, attempt)
        self._unobserved.add(key)
        predecessors = started_at < self._made_at  # a study of this name that was deleted starts nothing more
        if now < started_at + APPEARANCE_SECONDS and wanted not in self._memory.appeared and not predecessors:
            self._decide_at(started_at + APPEARANCE_SECONDS)
            return False
        live = self._objects.live(now)
        if any(wanted in attempts_of(pod) and not is_terminal(pod) for pod in live.pods):
            return False
        jobs = [job for job in live.jobs if wanted in attempts_of(job)]
        if any(self._objects.is_own(job) and wanted not in self._memory.recorded for job in jobs):
            self._decide_at(now)  # the cache had missed it; it is observed from now on
            return False
        return all(end_of(job) is not None for job in jobs)

    def forget(self, key: str, attempt: int) -> None:
        forgotten = Attempt(key, attempt)
        if forgotten not in self._seen_ended:
            return
        job = self._seen_ended.pop(forgotten)
        self._memory.unneeded.discard(forgotten)
        self._memory.appeared.discard(forgotten)
        if self._memory.stopped.pop(forgotten, None) is None:
            self._memory.recorded.add(forgotten)
            end = end_of(job)
            if end is not None and self._memory.recorded.issuperset(attempts_of(job)):
                self._memory.finished[job["metadata"]["uid"]] = Finished(job, end.at)

    def obstacles(self) -> Sequence[Obstacle]:
        now = self._clock()
        waiting = self._waits()
        ask_for_warnings(self._objects, waiting, self._memory, now)
        ask_for_queue(self._objects, waiting, self._memory, now)
        shortage, self._memory.shortage_said = self._memory.shortage, True
        return (*obstacles(self._waits(), now), *([want_of_room(shortage)] if shortage else []))

    def wait(self, timeout: float | None) -> None:
        """Wait as the protocol says, listing the study's Jobs and pods again and again: for tests and simple uses."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            self._objects.refresh()
            attempts = [seen for seen, _ in self._attempts(self._clock())]
            if any(seen.phase == "Ended" and _name(seen) not in self._seen_ended for seen in attempts):
                return
            if until is None and all(seen.phase == "Ended" for seen in attempts):
                return
            if until is not None and time.monotonic() >= until:
                return
            time.sleep(POLL_SECONDS)

    def close(self) -> None:
        """Stop everything as the protocol says. Raises TimeoutError if something still runs after two minutes."""
        self._closed = True
        until = time.monotonic() + CLOSE_SECONDS
        while running := [seen for seen, _ in self._attempts(self._clock()) if seen.phase == "Running"]:
            for seen in running:
                if _name(seen) not in self._memory.stopped:
                    self.stop(seen.key)
            if time.monotonic() > until:
                raise TimeoutError(f"{len(running)} trials still run")
            time.sleep(POLL_SECONDS)
            self._objects.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # ------------------------------------------------------------------------- what only Jobs need

    def waits_for_quota(self) -> bool:
        """Return whether Jobs or pods can't be made for want of quota."""
        return any(wait.reason is Reason.QUOTA_EXCEEDED for wait in self._waits())

    def remove_expired(self) -> None:
        """Delete the Jobs that ended `retention.finishedJobsSeconds` ago and whose attempts are all recorded.

        If a study of the namespace waits for quota, which they may hold, Jobs that ended later are deleted, too.
        """
        now, memory, namespace = self._clock(), self._memory, self._objects.namespace
        if self.waits_for_quota():
            memory.quota_waits.note(namespace, now)
        if memory.finished and memory.quota_waits.is_waited_for(namespace, now):
            memory.made_room_at = now
        expired = [uid for uid, each in memory.finished.items() if now >= self._expires_at(each)]
        for uid in expired[:REMOVALS]:
            finished = self._memory.finished[uid]
            known = self._objects.job(finished.job["metadata"]["name"])
            if known is not None and known["metadata"]["uid"] == uid:
                self._objects.drop(finished.job)
            del self._memory.finished[uid]
            self._memory.recorded.difference_update(attempts_of(finished.job))

    def look_again_after(self) -> float | None:
        """Return the seconds until something is due here that no event announces; None: nothing is.

        That is a Job to be tried again or removed, a trial that has waited for too long, or an attempt that `is_gone`
        could not decide on yet.
        """
        now = self._clock()
        times = [at for wait in self._waits() for at in wait.times() if now < at < math.inf]
        times += [now + WARNING_SECONDS] if self._memory.warned or self._memory.queue else []
        times += [self._expires_at(finished) for finished in self._memory.finished.values()]
        times += [now + SAY_SECONDS] if self._memory.shortage and not self._memory.shortage_said else []
        times += [at for at in (next_try(self._memory), self._undecided_until) if at is not None]
        return max(0.0, min(times) - now) if times else None

    # ------------------------------------------------------------------------- attempts

    def _attempts(self, now: float) -> list[tuple[ObservedAttempt, Manifest]]:
        """Return all attempts that were started and not forgotten, with their Jobs."""
        return [*self._of_jobs(now), *self._of_stopped(now), *self._of_not_created(now)]

    def _of_jobs(self, now: float) -> Iterator[tuple[ObservedAttempt, Manifest]]:
        for job in self._unrecorded_jobs():
            pods = self._objects.pods_of(job)
            if lacks_last_words(job, pods):
                pods = self._objects.ask_for_pods_of(job)
            for seen in observed(job, pods, now, self._gone(job, pods, now)):
                if _name(seen) not in self._memory.recorded and _name(seen) not in self._memory.stopped:
                    yield seen, job

    def _gone(self, job: Manifest, pods: Sequence[Manifest], now: float) -> list[Held]:
        """Return when those pods of a Job have run that are no longer there, and remember those that are."""
        uid, there = job["metadata"]["uid"], {pod["metadata"]["uid"] for pod in pods}
        held = self._memory.held[uid] = held_by(self._memory.held.get(uid, {}), job, pods, now)
        return [each for pod, each in held.items() if pod not in there]

    def _of_stopped(self, now: float) -> Iterator[tuple[ObservedAttempt, Manifest]]:
        """Yield the stopped attempts, which have ended when their Job is gone with all its pods."""
        for attempt, (job, last_seen) in list(self._memory.stopped.items()):
            seen = last_seen
            if seen.phase == "Running":
                known = self._objects.job(job["metadata"]["name"])
                pods = self._objects.pods_of(job)
                if known is None and not any(not is_terminal(pod) for pod in pods):
                    pods = self._objects.ask_for_pods_of(job)
                lives = known is not None or any(not is_terminal(pod) for pod in pods)
                if pods:
                    seen = next(each for each in observed(job, pods, now) if _name(each) == attempt)
                seen = seen if lives else _as_stopped(seen, now)
                self._memory.stopped[attempt] = Stopped(job, seen)
            yield seen, job

    def _of_not_created(self, now: float) -> Iterator[tuple[ObservedAttempt, Manifest]]:
        for refused in self._memory.not_created.values():
            for attempt in attempts_of(refused.manifest):
                yield _waiting(attempt, now), refused.manifest

    def _unrecorded_jobs(self) -> list[Manifest]:
        return self._objects.jobs(without=self._memory.finished)

    def _becomes_unneeded(self, job: Manifest, key: str) -> bool:
        """Return whether none of a Job's attempts is needed, now that those of a key are not."""
        attempts = attempts_of(job)
        stopped = {attempt for attempt in attempts if attempt.key == key}
        self._memory.unneeded |= stopped
        return bool(stopped) and self._memory.unneeded.issuperset(attempts)

    # ------------------------------------------------------------------------- times

    def _waits(self) -> list[Wait]:
        open_jobs = [job for job in self._unrecorded_jobs() if end_of(job) is None]
        warnings = {kind: warned.message for kind, warned in self._memory.warned.items() if warned.message}
        return list(
            waits(
                open_jobs,
                self._objects.pods_of,
                self._memory.not_created.values(),
                warnings,
                self._settings.pending_seconds,
                self._memory.queue,
            )
        )

    def _expires_at(self, finished: Finished) -> float:
        """Return when a finished Job is to be removed, in Unix seconds; at once if its namespace waits for quota."""
        if self._memory.quota_waits.is_waited_for(self._objects.namespace, self._clock()):
            return finished.ended_at
        return finished.ended_at + self._study.spec.retention.finished_jobs_seconds

    def _decide_at(self, at: float) -> None:
        self._undecided_until = at if self._undecided_until is None else min(self._undecided_until, at)


def _name(seen: ObservedAttempt) -> Attempt:
    return Attempt(seen.key, seen.attempt)


def _waiting(attempt: Attempt, now: float) -> ObservedAttempt:
    return ObservedAttempt(*attempt, "Running", now, None, 0.0, None, begun=False)


def _as_stopped(seen: ObservedAttempt, now: float) -> ObservedAttempt:
    said = TerminationMessage(key=seen.key, attempt=seen.attempt, reason=FailureReason.STOPPED, message="stopped")
    return replace(seen, phase="Ended", ended_at=now, termination=said)
