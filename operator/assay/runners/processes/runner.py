"""Trials as processes of this machine."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import unquote

from assay.planning.records.records import Obstacle
from assay.planning.study.programs import Program, Surroundings
from assay.runners.processes.attempts import LocalAttempt
from assay.runners.processes.connection import Connection, ForkServerDied
from assay.runners.processes.environment import trial_environment
from assay.runners.processes.places import further_places, own_places
from assay.runners.protocol import ObservedAttempt, RunnerFailed, UnusableProgram
from assay_trainer.contract import (
    CodeIngredients,
    CodeInspected,
    CommandRefused,
    Event,
    FailureReason,
    Input,
    InputInspected,
    InspectCode,
    InspectInput,
    ItemEnded,
    ItemStarted,
    Ready,
    StartItem,
    StopItem,
    WorkRequest,
)

READY_SECONDS = 300.0
"""How long a fork server may take to import its modules."""

SHARE_OF_MEMORY = 0.9
"""The share of this machine's memory that all trials together may use by default."""

LEAST_MEMORY_BYTES = 1 << 30
"""How much memory each trial has at least by default: no more run at a time than that allows."""

DEATHS_IN_A_ROW = 2
"""How many fork servers may die, with no trial ended in between, before the runner gives up."""


_Answer = TypeVar("_Answer", CodeInspected, InputInspected)


class ProcessRunner:
    """Runs trials as processes of this machine; see the `Runner` protocol.

    On the CPU each trial has one thread and a core, unless it asks for several; else it has a GPU, or several.
    """

    def __init__(
        self,
        *,
        paths: Sequence[Path],
        log_folder: Path,
        slots: int | None = None,
        memory_bytes: int | None = None,
        preload: Sequence[str] | None = None,
        grace_seconds: float | None = None,
        inherited: Sequence[int] = (),
        variables: Collection[str] = (),
        threads: int | None = None,
        cpu_devices: bool = False,
    ) -> None:
        """Start the fork server, which gets ready on its own.

        paths: folders in which team code is looked for first. Modules that Python does not find there are looked for
            in the working directory, under src, and beside these folders.
        log_folder: gets `forkserver.log`, and `<key>.<attempt>.log` with what each trial printed.
        slots: how many trials run at a time, never more than there are GPUs. None: as many as GPUs; without any, as
            many as cores, if the memory allows it.
        memory_bytes: the memory of each trial; None: a fair share of the machine's.
        preload: modules to import once for all trials; None: torch, and what the entry points import.
        grace_seconds: how long after its deadline a trial is killed that does not end by itself.
        inherited: descriptors that stay open as long as anything runs that this runner has started.
        variables: names of the environment variables that some program may see, besides those that all need; each
            program sees only its own.
        threads: CPU threads of each process; None: one, with GPUs its part of the cores.
        cpu_devices: whether, without GPUs, a trial of several devices runs as so many processes on the CPU.
        """
        self._threads = threads
        self._cpu_devices = cpu_devices
        self._variables = frozenset(variables)
        self._environment = trial_environment(os.environ, self._variables)
        self._unlisted = tuple(sorted(os.environ.keys() - self._environment.keys()))
        self._command = [sys.executable, "-P", "-m", "assay_trainer.workers.forkserver"]
        self._command += ["--log-folder", str(log_folder)]
        self._command += [f"--path={path.absolute()}" for path in paths]
        self._command += [f"--also={path}" for path in own_places(paths, Path.cwd())]
        self._command += [f"--beside={path}" for path in further_places(paths, Path.cwd())]
        if grace_seconds is not None:
            self._command += [f"--grace-seconds={grace_seconds}"]
        if preload is not None:
            self._command += ["--preload", *preload]
        self._log = log_folder / "forkserver.log"
        self._inherited = tuple(inherited)
        self._slots_given = slots
        self._memory_given = memory_bytes
        self._attempts: dict[tuple[str, int], LocalAttempt] = {}
        self._queue: deque[LocalAttempt] = deque()
        self._inspected: dict[str, CodeInspected] = {}
        self._inputs: dict[str, InputInspected] = {}
        # By digest, what the code here was made of; a digest that came from elsewhere can't be checked.
        self._codes: dict[str, CodeIngredients | None] = {}
        self._elsewhere: dict[str, Mapping[str, str]] = {}
        self._stamps: dict[str, str] = {}  # by URI of an input, as of when it was digested
        self._missed: dict[str, None] = {}
        self._ready: Ready | None = None
        self._deaths = 0
        self._ended_unobserved = False
        self._closed = False
        self._connection = Connection(self._command, self._log, self._environment, self._inherited)

    # ------------------------------------------------------------------------- the protocol

    def slots(self) -> int:
        ready = self._machine()
        if ready.gpus:
            return min(self._slots_given or len(ready.gpus), len(ready.gpus))
        if self._slots_given:
            return self._slots_given
        fit = int(ready.memory_bytes * SHARE_OF_MEMORY) // (self._memory_given or LEAST_MEMORY_BYTES)
        return max(1, min(ready.cores // (self._threads or 1), fit))

    def idle_slots_are_free(self) -> bool:
        return True

    def packing(self) -> int:
        return 1

    def code_digest(self, program: Program) -> str:
        entrypoint = program.entrypoint
        withheld = (*self._unlisted, *self._withheld((*program.digested, *program.passed)))
        command = InspectCode(entrypoint=entrypoint, withheld=withheld)
        inspected = self._ask(command, entrypoint, self._inspected)
        if inspected is None:
            why = f"entrypoint: given {entrypoint!r}; importing it ends all trials"
            raise UnusableProgram("entrypoint", entrypoint, why)
        if inspected.code is None:
            raise UnusableProgram("entrypoint", entrypoint, inspected.error or "")
        self._check_devices(program, several=inspected.several_devices)
        self._codes[inspected.code] = inspected.ingredients
        self._elsewhere[inspected.code] = inspected.elsewhere
        self._missed.update(dict.fromkeys(inspected.missed))
        return inspected.code

    def _check_devices(self, program: Program, *, several: bool) -> None:
        """Raise UnusableProgram if a function can't use its devices, or if there are too few."""
        if (wanted := program.devices) == 1:
            return
        if not several:
            why = f"{program.entrypoint} does not say that it can use more than one"
            allowed = "1, or a train function marked with @assay_trainer.ranks.uses_devices"
            raise UnusableProgram("devices", str(wanted), why, allowed)
        if wanted > (most := self._most_devices()):
            why = f"this machine has {len(self._machine().gpus)} GPUs"
            allowed = f"at most {most}" if most > 1 else "1; or --cpu-devices, for so many processes on the CPU"
            raise UnusableProgram("devices", str(wanted), why, allowed)

    def _most_devices(self) -> int:
        """Return how many devices a trial may have here."""
        ready = self._machine()
        return len(ready.gpus) or (ready.cores if self._cpu_devices else 1)

    def surroundings(self, program: Program) -> Surroundings:
        inputs = tuple(self._input(index, uri) for index, uri in enumerate(program.inputs))
        environment = {name: self._environment.get(name) for name in program.digested}
        for name, value in environment.items():
            if value is not None and not value.isprintable():
                given = f'"{name}", whose value {value!r:.80} has characters that are no text'
                raise UnusableProgram("environment.digested", given, "it can't be written down", "printable values")
        return Surroundings(inputs, environment)

    def ingredients(self, code: str) -> CodeIngredients | None:
        return self._codes.get(code)

    @property
    def missed_variables(self) -> Sequence[str]:
        """The names of variables that are set here, that the code of an entry point names, and that no list has."""
        return tuple(self._missed)

    def observe(self) -> Sequence[ObservedAttempt]:
        self._take_events(0)
        self._ended_unobserved = False
        return [attempt.observed() for attempt in self._attempts.values()]

    def elsewhere(self) -> Collection[str]:
        return ()

    def claim(self, keys: Collection[str]) -> Collection[str]:
        return keys

    def room_for(self, requests: int) -> int:
        return requests

    def start(self, request: WorkRequest, request_uri: str) -> None:  # noqa: ARG002 - the fork server is sent the item
        most = self._most_devices()
        for item in request.items:
            if item.devices > most:
                raise ValueError(f"devices: given {item.devices}; this machine has {len(self._machine().gpus)} GPUs")
        for item in request.items:
            if (item.key, item.attempt) not in self._attempts:
                attempt = LocalAttempt(request.store, item, waiting_since=time.time())
                self._attempts[item.key, item.attempt] = attempt
                self._queue.append(attempt)
        self._start_waiting()

    def start_all(self, requests: Sequence[tuple[WorkRequest, str]]) -> bool:
        for request, uri in requests:
            self.start(request, uri)
        return True

    def stop(self, key: str) -> None:
        for attempt in self._attempts.values():
            if attempt.item.key == key and attempt.is_running:
                self._connection.send(StopItem(key=key))
            elif attempt in self._queue and attempt.item.key == key:
                self._queue.remove(attempt)
                attempt.end(FailureReason.STOPPED, "stopped before it began", 0.0)
                self._ended_unobserved = True

    def is_gone(self, key: str, attempt: int, started_at: float) -> bool:  # noqa: ARG002 - with its runner, all ends
        return True

    def obstacles(self) -> Sequence[Obstacle]:
        return ()

    def forget(self, key: str, attempt: int) -> None:
        found = self._attempts.get((key, attempt))
        if found is not None and found.ended is not None:
            del self._attempts[key, attempt]

    def wait(self, timeout: float | None) -> None:
        until = None if timeout is None else time.monotonic() + timeout
        while not self._ended_unobserved:
            left = None if until is None else until - time.monotonic()
            if left is None and all(attempt.ended is not None for attempt in self._attempts.values()):
                return
            if left is not None and left <= 0:
                return
            self._take_events(left)

    def close(self) -> None:
        self._closed = True
        self._queue.clear()
        for attempt in self._attempts.values():
            if attempt.ended is None:
                attempt.end(FailureReason.STOPPED, "stopped, as the run was", attempt.seconds())
                self._ended_unobserved = True
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # ------------------------------------------------------------------------- slots

    @property
    def fork_server_pid(self) -> int:
        """The process id of the fork server that is in use."""
        return self._connection.pid

    def _machine(self) -> Ready:
        """Return what there is to run on, as the fork server says when it is ready. Raises RunnerFailed."""
        until = time.monotonic() + READY_SECONDS
        while self._ready is None:
            if time.monotonic() > until:
                raise RunnerFailed(f"the fork server is not ready after {READY_SECONDS:g} s; its log is {self._log}")
            self._take_events(until - time.monotonic())
        return self._ready

    def _ask(self, command: InspectCode | InspectInput, about: str, answers: dict[str, _Answer]) -> _Answer | None:
        """Send a command and return the answer, None if the fork server died of it."""
        self._machine()
        answers.pop(about, None)
        connection = self._connection
        connection.send(command)
        while about not in answers:
            self._take_events(None)
            if self._connection is not connection:
                return None
        return answers.pop(about)

    def _input(self, index: int, uri: str) -> Input:
        field, given, allowed = f"inputs[{index}]", f'"{_shown(uri)}"', "a file or a folder, or s3://bucket/name"
        inspected = self._ask(InspectInput(uri=uri), uri, self._inputs)
        if inspected is None or inspected.digest is None:
            why = "the fork server died" if inspected is None else inspected.error
            raise UnusableProgram(field, given, why or "", allowed)
        self._stamps[uri] = inspected.stamp
        return Input(uri=uri, digest=inspected.digest)

    def _withheld(self, listed: Collection[str]) -> tuple[str, ...]:
        """Return the variables that others list, and that a program with this list must not see."""
        return tuple(sorted(self._variables.difference(listed)))

    def _start_waiting(self) -> None:
        """Start waiting attempts, first come, first served: one that needs several GPUs is never overtaken."""
        ready = self._ready
        if ready is None:
            return  # its event comes here again
        slots = self.slots()
        while self._queue:
            running = [attempt for attempt in self._attempts.values() if attempt.is_running]
            taken = {gpu for attempt in running for gpu in attempt.gpus or ()}
            free = [gpu for gpu in ready.gpus if gpu not in taken]
            needed = self._queue[0].item.devices if ready.gpus else 0
            if self._slots_taken(running, self._queue[0]) > slots or len(free) < needed:
                return
            if _alone(running, self._queue[0]):
                return
            attempt = self._queue.popleft()
            attempt.gpus = tuple(free[:needed])
            self._connection.send(self._start_command(attempt, ready, slots))

    def _slots_taken(self, running: Sequence[LocalAttempt], following: LocalAttempt) -> int:
        """Return how many slots are taken once another attempt runs; nothing ever waits for more than there are."""
        if not running:
            return 0
        processes = (1 if self._machine().gpus else each.item.devices for each in (*running, following))
        return sum(processes)

    def _start_command(self, attempt: LocalAttempt, ready: Ready, slots: int) -> StartItem:
        """Return the command to start an attempt on its GPUs, with a fair share of the machine's cores and memory."""
        item, gpus = attempt.item, attempt.gpus or ()
        at_once = slots if gpus else max(1, slots // item.devices)
        sharing = 1 if self._memory_given or attempt.is_alone else at_once
        return StartItem(
            store=attempt.store,
            item=item,
            gpus=gpus,
            threads=self._threads or (max(1, ready.cores // slots) if gpus else 1),
            memory_bytes=self._memory_given or int(ready.memory_bytes * SHARE_OF_MEMORY) // sharing,
            shares_memory=sharing > 1,
            check_code=item.entrypoint is not None and item.code in self._codes,
            elsewhere=dict(self._elsewhere.get(item.code, {})),
            stamps={each.uri: self._stamps[each.uri] for each in item.inputs if each.uri in self._stamps},
            withheld=self._withheld((*item.environment, *item.passed)),
        )

    # ------------------------------------------------------------------------- events

    def _take_events(self, timeout: float | None) -> None:
        if self._closed:
            return
        try:
            events = self._connection.receive(timeout)
        except ForkServerDied as death:
            self._outlive(death)
        else:
            for event in events:
                self._take(event)
        if self._queue:
            self._start_waiting()

    def _take(self, event: Event) -> None:
        match event:
            case Ready():
                self._ready = event
            case CodeInspected(entrypoint=entrypoint):
                self._inspected[entrypoint] = event
            case InputInspected(uri=uri):
                self._inputs[uri] = event
            case ItemStarted():
                self._attempts[event.key, event.attempt].started = event
            case ItemEnded(termination=last_words):
                self._deaths = 0
                self._attempts[last_words.key, last_words.attempt].end_as(event)
                self._ended_unobserved = True
                if last_words.reason is FailureReason.CODE_CHANGED:
                    raise RunnerFailed(f"{last_words.message}. Nothing is lost: run the study again to go on.")
            case CommandRefused(error=error):
                raise RunnerFailed(f"the fork server refused a command: {error}")

    def _outlive(self, death: ForkServerDied) -> None:
        """End the trials of a fork server that has died, and start another one for those that wait.

        Raises RunnerFailed if it died before it was ready, or too often.
        """
        for attempt in self._attempts.values():
            if attempt.is_running:
                why = f"its process died, since {str(death).splitlines()[0]}"
                attempt.end(FailureReason.WORKER_DIED, why, attempt.seconds())
                self._ended_unobserved = True
        self._deaths += 1
        if self._ready is None or self._deaths >= DEATHS_IN_A_ROW:
            raise RunnerFailed(str(death)) from death
        self._connection.close()
        self._ready = None
        self._connection = Connection(self._command, self._log, self._environment, self._inherited)


def _shown(uri: str) -> str:
    """Return an input as people know it: a path or an s3:// URI."""
    return unquote(uri.removeprefix("file://"))


def _alone(running: Sequence[LocalAttempt], following: LocalAttempt) -> bool:
    """Tell whether what runs must stay alone, or what follows must wait until it is."""
    return bool(running) and (following.is_alone or any(attempt.is_alone for attempt in running))
