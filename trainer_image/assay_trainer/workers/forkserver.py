"""A process that imports torch once and forks a process for each trial: `python -m assay_trainer.workers.forkserver`.

Commands come in on stdin and events go out on stdout, each a JSON object on a line of its own (see contract.py). The
process ends, with everything that it started, when stdin ends, when its parent does, or on SIGTERM.
"""

from __future__ import annotations

import argparse
import os
import selectors
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from assay_trainer.code.digest import remember_shared_code
from assay_trainer.code.findable import Places, look_also_in, make_findable
from assay_trainer.contract import (
    CodeInspected,
    Command,
    Event,
    InspectCode,
    InspectInput,
    Ready,
    StartItem,
    StopItem,
)
from assay_trainer.contract import CommandRefused as Refused
from assay_trainer.processes import preload
from assay_trainer.processes.linux import usable_cores, usable_memory_bytes
from assay_trainer.processes.signals import SignalPipe
from assay_trainer.workers.supervisor import GRACE_SECONDS, Supervisor

_COMMAND: TypeAdapter[Command] = TypeAdapter(Command)
_READ_BYTES = 1 << 16


class ForkServer:
    """The loop between two pipes and a supervisor. It never blocks: even a parent that reads no events can't keep a
    deadline from being enforced."""

    def __init__(
        self,
        commands: int,
        events: int,
        supervisor: Supervisor,
        signals: SignalPipe,
        parent: int,
        *,
        share_imports: bool,
    ) -> None:
        """Make a server on these descriptors; `parent` is a pidfd."""
        self._share_imports = share_imports
        self._commands = commands
        self._events = events
        self._supervisor = supervisor
        self._signals = signals
        self._received = b""
        self._to_send = bytearray()
        self._parent_lives = True
        self._selector = selectors.PollSelector()  # epoll would be shared with the children
        for descriptor in (commands, signals.descriptor, parent):
            self._selector.register(descriptor, selectors.EVENT_READ)
        self._parent = parent
        os.set_blocking(commands, False)
        os.set_blocking(events, False)

    def send(self, event: Event) -> None:
        """Queue an event."""
        self._to_send += event.model_dump_json().encode() + b"\n"

    def serve(self) -> None:
        """Serve until the parent has gone, or until SIGTERM."""
        while self._parent_lives and not self._signals.told_to_end:
            for event in self._supervisor.poll():
                if isinstance(event, CodeInspected):
                    self._learn(event)
                self.send(event)
            self._write()
            for key, _ in self._selector.select(self._supervisor.next_check_seconds()):
                if key.fd == self._signals.descriptor:
                    self._signals.drain()
                elif key.fd == self._parent:
                    self._parent_lives = False
                elif key.fd == self._commands:
                    self._read()

    def _learn(self, inspected: CodeInspected) -> None:
        """Import what the team's code imports, once for all trials; not while a trial runs, whose deadline it may
        delay."""
        if self._share_imports and not self._supervisor.is_busy:
            preload.preload(inspected.modules)

    def _write(self) -> None:
        try:
            while self._to_send:
                del self._to_send[: os.write(self._events, self._to_send)]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._parent_lives = False
        registered = self._events in self._selector.get_map()
        if self._to_send and not registered:
            self._selector.register(self._events, selectors.EVENT_WRITE)
        elif registered and not self._to_send:
            self._selector.unregister(self._events)

    def _read(self) -> None:
        data = os.read(self._commands, _READ_BYTES)
        if not data:
            self._parent_lives = False
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            self._obey(line)

    def _obey(self, line: bytes) -> None:
        try:
            match _COMMAND.validate_json(line):
                case StartItem() as command:
                    if command.item.entrypoint is not None:
                        make_findable(command.item.entrypoint)
                    self.send(self._supervisor.start(command))
                case InspectInput() as command:
                    self._supervisor.inspect(command)
                case InspectCode() as command:
                    make_findable(command.entrypoint)
                    self._supervisor.inspect(command)
                case StopItem(key=key):
                    self._supervisor.stop(key)
        except (ValidationError, OSError) as error:
            self.send(Refused(error=str(error)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="assay_trainer.workers.forkserver", description=__doc__)
    parser.add_argument("--path", action="append", default=[], help="put a folder in front of sys.path (repeatable)")
    also = "look there, too, for an entry point's module that is on no path (repeatable)"
    parser.add_argument("--also", action="append", default=[], type=Path, help=also)
    parser.add_argument("--beside", action="append", default=[], type=Path, help=f"{also}; for packages alone")
    parser.add_argument(
        "--preload",
        nargs="*",
        help="modules to import once, if they are installed; default: torch, and what the entry points import",
    )
    parser.add_argument("--log-folder", type=Path, help="a file there for the prints of each trial; default: stderr")
    parser.add_argument("--grace-seconds", type=float, default=GRACE_SECONDS)
    given = parser.parse_args(arguments)

    # Stdin and stdout are for the conversation alone: what is printed goes to stderr, what is read finds nothing.
    commands, events, parent = os.dup(0), os.dup(1), os.pidfd_open(os.getppid())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)

    preload.be_single_threaded()
    preload.preload(preload.DEFAULT_MODULES if given.preload is None else given.preload)
    remember_shared_code()
    sys.path[:0] = given.path
    look_also_in(Places(tuple(given.also), tuple(given.beside)))
    signals = SignalPipe()
    supervisor = Supervisor(
        given.grace_seconds, given.log_folder, close_in_child=(commands, events, parent, *signals.descriptors)
    )
    server = ForkServer(commands, events, supervisor, signals, parent, share_imports=given.preload is None)
    server.send(Ready(gpus=preload.usable_gpus(), cores=usable_cores(), memory_bytes=usable_memory_bytes()))
    try:
        server.serve()
    finally:
        supervisor.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
