"""Processes that end when this one does, whatever ends it; each with a log of its own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TAIL_LINES = 15
_WATCH = ["sh", "-c", "cat > /dev/null; kill -KILL 0"]


class DidNotComeUp(Exception):
    """A part of the cluster ended, or was not ready in time; the message has the end of its log."""


@dataclass(frozen=True)
class Process:
    """One program that runs, and the file that it writes to."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def terminate(self, *, kill: bool = False, within_seconds: float = 15) -> None:
        """Ask it to stop and wait until it has; kill it at once (`kill`), or after this time."""
        if not kill:
            self.popen.terminate()
            try:
                self.popen.wait(within_seconds)
            except subprocess.TimeoutExpired:
                kill = True
        if kill:
            self.popen.kill()
            self.popen.wait()

    def tail(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join([f"the end of {self.log}:", *lines])


@dataclass
class Processes:
    """Programs in one process group, whose leader kills them all as soon as the pipe to it closes.

    The kernel closes that pipe when this process ends, even by SIGKILL. (The kernel's own parent-death signal would
    come when the *thread* that started a program ends.)
    """

    logs: Path
    _started: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        self._leader = subprocess.Popen(_WATCH, stdin=subprocess.PIPE, process_group=0)

    def start(self, name: str, command: Sequence[str | Path], *, ends_with_others: bool = False) -> Process:
        """Start a program; its output is added to `NAME.log`. It is not killed where it `ends_with_others` anyway."""
        log = self.logs / f"{name}.log"
        with log.open("ab") as output:
            popen = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0 if ends_with_others else self._leader.pid,
            )
        process = Process(name, log, popen)
        self._started = [*(other for other in self._started if other.running), process]
        return process

    def kill(self) -> None:
        """End all of them, and wait until they have. Can be repeated."""
        assert self._leader.stdin is not None
        self._leader.stdin.close()
        self._leader.wait()
        for process in self._started:
            process.popen.wait()


def wait_until(ready: Callable[[], bool], what: str, *processes: Process, within_seconds: float = 120) -> None:
    """Wait until `ready()`. Raises `DidNotComeUp` when one of the processes ends before, or after this time."""
    end = time.monotonic() + within_seconds
    while not ready():
        ended = next((process for process in processes if not process.running), None)
        if ended is not None:
            raise DidNotComeUp(f"{ended.name} ended with {ended.popen.returncode}; {ended.tail()}")
        if time.monotonic() > end:
            tails = "\n".join(process.tail() for process in processes)
            raise DidNotComeUp(f"{what} is not ready after {within_seconds:g} s\n{tails}")
        time.sleep(0.05)
