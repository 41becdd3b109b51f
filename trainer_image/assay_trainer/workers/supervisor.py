"""Runs work items and inspections in child processes, and tells how each of them ended."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from assay_trainer.attempts.shared_time import SharedTime
from assay_trainer.code.digest import inspect_entrypoint
from assay_trainer.code.inputs import inspect_input
from assay_trainer.contract import (
    STOP_SECONDS,
    CodeInspected,
    Failure,
    FailureReason,
    InputInspected,
    InspectCode,
    InspectInput,
    ItemEnded,
    ItemStarted,
    StartItem,
    TerminationMessage,
    TrialRequest,
    TrialResult,
    attempt_name,
    preparation_name,
    result_name,
)
from assay_trainer.objects import StoreError, open_objects
from assay_trainer.processes.children import Child, Children, Exit, Limits

GRACE_SECONDS = 5.0
"""The time after its deadline at which an item is killed that the harness could not end."""

INSPECTION_SECONDS = 300.0


@dataclass
class Supervisor:
    """Single-threaded, like the `Children` below it. Its user calls `poll` when SIGCHLD comes, and every
    `next_check_seconds()`."""

    grace_seconds: float = GRACE_SECONDS
    log_folder: Path | None = None
    """The folder for the output of each item; None: it goes to stderr."""
    close_in_child: Collection[int] = ()
    shares_devices: bool = False
    """Whether all items use the same GPUs, so that each is charged its share of their time."""
    stop_seconds: float = STOP_SECONDS

    _items: dict[int, tuple[StartItem, Child]] = field(init=False, default_factory=dict)
    _inspections: dict[int, InspectCode | InspectInput] = field(init=False, default_factory=dict)
    _device_time: Callable[[], float] = field(init=False)
    _began: dict[int, float] = field(init=False, default_factory=dict)
    """What the devices' clock showed when an item began."""

    def __post_init__(self) -> None:
        self._children = Children(self.close_in_child)
        self._device_time = SharedTime() if self.shares_devices else time.perf_counter

    def start(self, command: StartItem) -> ItemStarted | ItemEnded:
        """Run an item. It ends at once if the machine has no room for another process."""
        limits = Limits(
            seconds=command.item.deadline_seconds + self.grace_seconds,
            memory_bytes=command.memory_bytes,
            address_space=not command.gpus,
        )
        self._share_devices(len(self._items) + 1)
        began = self._device_time()
        try:
            child = self._children.fork(partial(_perform, command, self._device_time), limits, self._log(command))
        except OSError as error:
            self._share_devices(len(self._items))
            return _not_started(command, error)
        self._items[child.pid], self._began[child.pid] = (command, child), began
        return ItemStarted(
            key=command.item.key, attempt=command.item.attempt, pid=child.pid, started_at=child.started_at
        )

    def stop(self, key: str) -> None:
        """Tell the items of that key that run to end, and kill those that have not after `stop_seconds`."""
        for command, child in self._items.values():
            if command.item.key == key:
                self._children.tell_to_end(child, self.stop_seconds)

    def inspect(self, command: InspectCode | InspectInput) -> None:
        """Import an entry point and digest its code, or digest an input. Raises OSError if there is no room for a
        process."""
        child = self._children.fork(partial(_inspect, command), Limits(seconds=INSPECTION_SECONDS))
        self._inspections[child.pid] = command

    def poll(self) -> Sequence[ItemEnded | CodeInspected | InputInspected]:
        """Return what has ended since the last call."""
        return [self._event(ended) for ended in self._children.poll()]

    def next_check_seconds(self) -> float | None:
        """Return the same as `Children.next_check_seconds`."""
        return self._children.next_check_seconds()

    @property
    def is_busy(self) -> bool:
        """Whether an item runs."""
        return bool(self._items)

    def close(self) -> None:
        """End everything as `stop` does, and wait for that. This leaves no failures behind, since it is none."""
        self._children.close(self.stop_seconds)

    def _share_devices(self, items: int) -> None:
        if isinstance(self._device_time, SharedTime):
            self._device_time.share_between(items)

    def _log(self, command: StartItem) -> Path | None:
        return self.log_folder and self.log_folder / f"{command.item.key}.{command.item.attempt}.log"

    def _event(self, ended: Exit) -> ItemEnded | CodeInspected | InputInspected:
        match self._inspections.pop(ended.pid, None):
            case InspectCode(entrypoint=entrypoint):
                return _inspected(entrypoint, ended)
            case InspectInput(uri=uri):
                return _input_inspected(uri, ended)
        command, _ = self._items.pop(ended.pid)
        device_seconds = self._device_time() - self._began.pop(ended.pid)
        self._share_devices(len(self._items))
        seconds = len(command.gpus) * device_seconds if command.gpus else ended.cpu_seconds
        return ItemEnded(
            termination=self._termination(command, ended, seconds),
            started_at=ended.started_at,
            ended_at=ended.started_at + ended.wall_seconds,
            accelerator_seconds=seconds,
        )

    def _termination(self, command: StartItem, ended: Exit, accelerator_seconds: float) -> TerminationMessage:
        with contextlib.suppress(ValidationError):  # it died before its last words, or in the middle of them
            return TerminationMessage.model_validate_json(ended.output)
        item = command.item
        with contextlib.suppress(StoreError, ValueError):
            return _recorded(command)
        reason, message = self._cause_of_death(command, ended)
        limit = command.memory_limit_bytes if ended.killed_for == "memory" else None
        if reason is not FailureReason.STOPPED:
            failure = Failure(
                key=item.key,
                attempt=item.attempt,
                reason=reason,
                message=message,
                accelerator_seconds=accelerator_seconds,
                deadline_seconds=item.deadline_seconds,
                memory_limit_bytes=limit,
                metric=item.metric if isinstance(item, TrialRequest) else None,
                study=item.study,
            )
            try:
                open_objects(command.store).put_if_absent(
                    attempt_name(item.key, item.attempt), failure.model_dump_json().encode()
                )
            except (StoreError, ValueError) as error:
                message += f"; and this could not be written to the store: {error}"
        return TerminationMessage(
            key=item.key, attempt=item.attempt, reason=reason, message=message, memory_limit_bytes=limit
        )

    def _cause_of_death(self, command: StartItem, ended: Exit) -> tuple[FailureReason, str]:
        log = self._log(command)
        its_output = f"; its output is in {log}" if log is not None else ""
        if ended.killed_for == "stopped":
            return FailureReason.STOPPED, "stopped on request"
        if ended.killed_for == "time":
            return FailureReason.DEADLINE_EXCEEDED, (
                f"killed {self.grace_seconds:g} s after its deadline of {command.item.deadline_seconds} s: "
                f"it was in code that Python can't interrupt{its_output}"
            )
        if ended.killed_for == "memory":
            return (
                FailureReason.OUT_OF_SHARED_MEMORY if command.shares_memory else FailureReason.OUT_OF_MEMORY,
                f"killed because it used more memory than {_memory(command)}{its_output}",
            )
        return FailureReason.WORKER_DIED, f"its process {ended.how} without a word{ended.hint}{its_output}"


def _memory(command: StartItem) -> str:
    if command.memory_bytes is None:
        return "there is"
    share = f"{command.memory_bytes / 2**20:.0f} MiB"
    return share if command.memory_limit is None else f"{share}, its share of the limit of {command.memory_limit}"


def _not_started(command: StartItem, error: OSError) -> ItemEnded:
    now, item = time.time(), command.item
    message = f"no process could be started for it: {error.strerror}"
    termination = TerminationMessage(
        key=item.key, attempt=item.attempt, reason=FailureReason.DISRUPTED, message=message
    )
    return ItemEnded(termination=termination, started_at=now, ended_at=now, accelerator_seconds=0)


def _recorded(command: StartItem) -> TerminationMessage:
    """Return the last words of a process that put its result into the store and died before it could say them. Raises
    ObjectNotFound if there is no result, ValueError if it can't be read."""
    store, item = open_objects(command.store), command.item
    if isinstance(item, TrialRequest):
        TrialResult.model_validate_json(store.get(result_name(item.key)))
    else:
        store.get(preparation_name(item.key))
    return TerminationMessage(key=item.key, attempt=item.attempt, reason="Succeeded")


def _inspected(entrypoint: str, ended: Exit) -> CodeInspected:
    with contextlib.suppress(ValidationError):
        return CodeInspected.model_validate_json(ended.output)
    error = f"entrypoint: given {entrypoint!r}; it can't be imported: {_how(ended)}"
    return CodeInspected(entrypoint=entrypoint, error=error)


def _input_inspected(uri: str, ended: Exit) -> InputInspected:
    with contextlib.suppress(ValidationError):
        return InputInspected.model_validate_json(ended.output)
    return InputInspected(uri=uri, error=f"it can't be read: {_how(ended)}")


def _how(ended: Exit) -> str:
    return f"it took more than {INSPECTION_SECONDS:g} s" if ended.killed_for == "time" else f"the process {ended.how}"


# ----------------------------------------------------------------------------- in the child


def _perform(command: StartItem, device_time: Callable[[], float]) -> bytes:
    # numpy is imported after the fork server has set the threads
    from assay_trainer.attempts.harness import Options, perform
    from assay_trainer.workers.several_ranks import perform_on_devices

    faulthandler.enable()
    if command.gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(command.gpus)
    device = "cuda" if command.gpus else "cpu"
    store = open_objects(command.store)
    _withhold(command.withheld)
    options = Options(
        device=device,
        threads=command.threads,
        check_code=command.check_code,
        elsewhere=command.elsewhere,
        stamps=command.stamps,
        shares_memory=command.shares_memory,
        memory_limit_bytes=command.memory_limit_bytes,
        beside=command.beside,
        device_time=device_time,
    )
    if isinstance(command.item, TrialRequest) and command.item.devices > 1:
        ended = perform_on_devices(command.item, store, **options)
    else:
        ended = perform(command.item, store, **options)
    return ended.model_dump_json().encode()


def _inspect(command: InspectCode | InspectInput) -> bytes:
    if isinstance(command, InspectInput):
        return inspect_input(command.uri).model_dump_json().encode()
    _withhold(command.withheld)
    return inspect_entrypoint(command.entrypoint, command.withheld).model_dump_json().encode()


def _withhold(names: Collection[str]) -> None:
    for name in names:
        os.environ.pop(name, None)
