"""The program that a pod runs: `python -m assay_trainer.worker REQUEST_URI`.

It runs the items of a work request, each in a process of its own: one after another, or as many side by side as the
request says, on the same devices. It writes how each of them ended into the pod's termination message: a JSON list of
`TerminationMessage`. Exit statuses:

    0    every item has a result
    1    an item failed by its own fault; running it again would not help
    2    the request can't be read
    75   an item failed by no fault of its own; running it again may help
    143  the worker was told to end (SIGTERM)
"""

from __future__ import annotations

import argparse
import os
import select
import sys
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from assay_trainer.contract import (
    INFRASTRUCTURE_REASONS,
    MEMORY_LIMIT_VARIABLE,
    TERMINATION_MESSAGE_BYTES,
    ExitStatus,
    FailureReason,
    ItemEnded,
    StartItem,
    TerminationMessage,
    TrialRequest,
    WorkItem,
    WorkRequest,
)
from assay_trainer.objects import StoreError, open_objects, split_object_uri
from assay_trainer.processes import preload
from assay_trainer.processes.linux import usable_cores, usable_memory_bytes
from assay_trainer.processes.signals import SignalPipe
from assay_trainer.workers.supervisor import GRACE_SECONDS, Supervisor

KUBERNETES_LOG = Path("/dev/termination-log")

SHARE_OF_MEMORY = 0.9
"""The share of the pod's memory that an item may use by default: beyond the pod's limit the kernel would kill this
worker, too."""

_LIST = TypeAdapter(list[TerminationMessage])


class Worker:
    """Runs items: one after another, or some of them side by side. Single-threaded."""

    def __init__(self, supervisor: Supervisor, signals: SignalPipe, gpus: tuple[str, ...], memory_bytes: int) -> None:
        self._supervisor = supervisor
        self._signals = signals
        self._gpus = gpus
        self._memory_bytes = memory_bytes

    def run(self, request: WorkRequest) -> Iterator[TerminationMessage]:
        """Yield how each item ended, as it ends; once the worker is told to end, all the rest are Disrupted.

        Items start in their order. One that is to run alone waits for those before it, and those after it wait for it.
        """
        at_once = min(request.at_once, len(request.items))
        waiting, running = deque(request.items), dict[str, WorkItem]()
        while waiting or running:
            if self._signals.told_to_end:
                for key in running:
                    self._supervisor.stop(key)
                yield from map(self._disrupted, waiting)
                waiting.clear()
            while waiting and _has_room(running.values(), waiting[0], at_once):
                item = waiting.popleft()
                begun = self._supervisor.start(self._command(request.store, item, 1 if _alone(item) else at_once))
                if isinstance(begun, ItemEnded):
                    yield self._last_words(item, begun)
                else:
                    running[item.key] = item
            if not running:
                continue
            select.select([self._signals.descriptor], [], [], self._supervisor.next_check_seconds())
            self._signals.drain()
            for event in self._supervisor.poll():
                if isinstance(event, ItemEnded):
                    yield self._last_words(running.pop(event.termination.key), event)

    def _command(self, store: str, item: WorkItem, at_once: int) -> StartItem:
        """Return the command to start an item, with its part of what `at_once` of them share."""
        return StartItem(
            store=store,
            item=item,
            gpus=self._gpus[: item.devices],
            threads=_threads(item) or (max(1, usable_cores() // (at_once * item.devices)) if self._gpus else 1),
            memory_bytes=self._memory_bytes // at_once,
            memory_limit=os.environ.get(MEMORY_LIMIT_VARIABLE),
            memory_limit_bytes=usable_memory_bytes(),
            shares_memory=at_once > 1,
            beside=at_once,
        )

    def _last_words(self, item: WorkItem, ended: ItemEnded) -> TerminationMessage:
        said, seconds = ended.termination, round(ended.accelerator_seconds, 3)
        if said.reason is FailureReason.STOPPED:
            return self._disrupted(item, seconds)
        return said if said.reason == "Succeeded" else said.model_copy(update={"accelerator_seconds": seconds})

    @staticmethod
    def _disrupted(item: WorkItem, accelerator_seconds: float = 0.0) -> TerminationMessage:
        return TerminationMessage(
            key=item.key,
            attempt=item.attempt,
            reason=FailureReason.DISRUPTED,
            message="the worker was told to end (SIGTERM)",
            accelerator_seconds=accelerator_seconds,
        )


def _threads(item: WorkItem) -> int | None:
    return item.threads if isinstance(item, TrialRequest) else None


def _alone(item: WorkItem) -> bool:
    return isinstance(item, TrialRequest) and item.alone


def _has_room(running: Collection[WorkItem], following: WorkItem, at_once: int) -> bool:
    """Return whether an item may start beside those that run."""
    return not running or (len(running) < at_once and not any(map(_alone, (*running, following))))


def termination_log(messages: Sequence[TerminationMessage], most_bytes: int = TERMINATION_MESSAGE_BYTES) -> bytes:
    """Return the messages as JSON in at most this many bytes: texts are cut first, then the last items are left out."""
    for characters in (2000, 500, 100, 20, 0):
        cut = [message.model_copy(update={"message": message.message[:characters]}) for message in messages]
        if len(text := _LIST.dump_json(cut)) <= most_bytes:
            return text
    while len(text := _LIST.dump_json(cut)) > most_bytes:
        cut.pop()
    return text


def exit_status(messages: Sequence[TerminationMessage], told_to_end: bool) -> ExitStatus:
    """Return the exit status for the items' endings, which is that of the worst one."""
    reasons = {message.reason for message in messages} - {"Succeeded"}
    if told_to_end and FailureReason.DISRUPTED in reasons:
        return ExitStatus.TOLD_TO_END
    if reasons & INFRASTRUCTURE_REASONS:
        return ExitStatus.TRY_AGAIN
    return ExitStatus.FAILED if reasons else ExitStatus.DONE


def read_request(uri: str) -> WorkRequest:
    """Return the request at an object's URI. Raises StoreError, or ValueError that says what is wrong with it."""
    prefix, name = split_object_uri(uri)
    return WorkRequest.model_validate_json(open_objects(prefix).get(name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="assay_trainer.worker", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("request_uri", metavar="REQUEST_URI")
    parser.add_argument("--termination-log", type=Path, help=f"default: {KUBERNETES_LOG}, if it exists")
    parser.add_argument("--path", action="append", default=[], help="put a folder in front of sys.path (repeatable)")
    parser.add_argument("--preload", nargs="*", default=preload.DEFAULT_MODULES, help="modules to import beforehand")
    parser.add_argument("--memory-bytes", type=int, default=int(usable_memory_bytes() * SHARE_OF_MEMORY))
    parser.add_argument("--grace-seconds", type=float, default=GRACE_SECONDS)
    given = parser.parse_args(arguments)
    signals = SignalPipe()  # before all that takes time: as process 1 of a container, SIGTERM ends only what handles it
    try:
        request = read_request(given.request_uri)
    except (StoreError, ValueError) as error:
        print(f"REQUEST_URI: given {given.request_uri!r}; {error}", file=sys.stderr)  # noqa: T201
        return ExitStatus.UNREADABLE

    preload.be_single_threaded()
    preload.preload(given.preload)
    sys.path[:0] = given.path
    supervisor = Supervisor(given.grace_seconds, close_in_child=signals.descriptors, shares_devices=request.at_once > 1)
    worker = Worker(supervisor, signals, preload.usable_gpus(), given.memory_bytes)
    log = given.termination_log or (KUBERNETES_LOG if KUBERNETES_LOG.exists() else None)
    messages: list[TerminationMessage] = []
    try:
        for message in worker.run(request):
            messages.append(message)
            if log is not None:
                log.write_bytes(termination_log(messages))
    finally:
        supervisor.close()
    return exit_status(messages, signals.told_to_end)


if __name__ == "__main__":
    sys.exit(main())
