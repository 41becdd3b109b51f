"""A fork server and the two pipes to it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from assay.runners.processes.marked import MARK, end_marked, new_mark
from assay_trainer.contract import STOP_SECONDS, Command, Event

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
_READ_BYTES = 1 << 16
_LOG_LINES = 12
_CLOSE_SECONDS = STOP_SECONDS + 10.0
"""How long a fork server may take to end: its trials may write checkpoints before."""


class ForkServerDied(Exception):
    """The fork server has ended, and so has all that it started. The text says how, with the last lines of its log."""


class Connection:
    """A fork server and its pipes. Neither side waits for the other to read: each keeps what can't be written yet."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str], inherited: Sequence[int] = ()
    ) -> None:
        self._mark = new_mark()
        self._log = log
        self._to_send = bytearray()
        self._received = b""
        self._is_silent = True
        log.parent.mkdir(parents=True, exist_ok=True)
        # With a fixed hash seed sets are iterated in the same order in every trial. The session is new because Ctrl-C
        # goes to the whole process group of a terminal, and is for this process to answer.
        environment = {**environment, "PYTHONHASHSEED": "0", MARK: self._mark}
        with log.open("ab") as stderr:
            self._log_start = stderr.tell()
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment,
                start_new_session=True,
                pass_fds=inherited,
                bufsize=0,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._commands, self._events = self._process.stdin, self._process.stdout
        self._end = os.pidfd_open(self._process.pid)
        os.set_blocking(self._commands.fileno(), False)
        os.set_blocking(self._events.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._events, selectors.EVENT_READ)
        self._selector.register(self._end, selectors.EVENT_READ)
        self._closed = False

    @property
    def pid(self) -> int:
        """Process id of the fork server."""
        return self._process.pid

    def send(self, command: Command) -> None:
        """Queue a command; `receive` writes what the pipe did not take at once."""
        self._to_send += command.model_dump_json().encode() + b"\n"
        self._write()

    def receive(self, timeout: float | None) -> Sequence[Event]:
        """Return all events that are there; if none is, wait up to `timeout` seconds for one. Raises ForkServerDied."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if until is None else max(0.0, until - time.monotonic())
            if self._to_send:
                self._selector.register(self._commands, selectors.EVENT_WRITE)
            try:
                ready = {key.fd for key, _ in self._selector.select(left)}
            finally:
                if self._to_send:
                    self._selector.unregister(self._commands)
            if self._commands.fileno() in ready:
                self._write()
            events = self._read() if ready else ()
            if events:
                return events
            if self._end in ready:
                raise ForkServerDied(self._obituary())
            if left == 0.0:
                return ()

    def close(self) -> None:
        """End the fork server with all that it started, and wait for that."""
        if self._closed:
            return
        self._closed = True
        self._commands.close()  # the end of its input tells it to end
        if self._is_silent:
            self._process.kill()  # it still imports what the trials need, and hears nothing
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        except BaseException:  # somebody does not want to wait for the checkpoints
            self._process.kill()
            raise
        finally:
            self._bury()
            self._selector.close()
            self._events.close()
            os.close(self._end)

    def _write(self) -> None:
        try:
            while self._to_send:
                written = self._commands.write(self._to_send)
                if not written:
                    return  # the pipe is full
                del self._to_send[:written]
        except BrokenPipeError:
            self._to_send.clear()  # it has ended, which `receive` finds out

    def _read(self) -> Sequence[Event]:
        while data := self._events.read(_READ_BYTES):  # None: nothing there now; empty: nothing will come
            self._received += data
            self._is_silent = False
        *lines, self._received = self._received.split(b"\n")
        return [_EVENT.validate_json(line) for line in lines]

    def _bury(self) -> int:
        status = self._process.wait()
        end_marked(self._mark)  # its children died with it, but not what they had started in turn
        return status

    def _obituary(self) -> str:
        status = self._bury()
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"
        with self._log.open("rb") as file:
            file.seek(self._log_start)
            last = file.read().decode(errors="replace").splitlines()[-_LOG_LINES:]
        return "\n  ".join([f"the fork server {how}; its log is {self._log}", *last])
