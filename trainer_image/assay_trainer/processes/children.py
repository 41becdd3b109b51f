"""Forked children that leave nothing behind: each with a time limit, a memory limit and a log of its own."""

from __future__ import annotations

import atexit
import contextlib
import gc
import mmap
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

from assay_trainer.processes.linux import (
    adopt_orphans,
    children,
    data_bytes,
    die_with,
    family,
    is_zombie,
    out_of_memory_kills,
    proportional_bytes,
    resident_bytes,
)

MEMORY_CHECK_SECONDS = 0.25
_GROUP_END_SECONDS = 2.0

RECORD_SECONDS = 600.0
"""The extra time that a child has once it has begun to record its result."""

_records: mmap.mmap | None = None
"""In a child, the flag that it shares with its parent: whether it records."""

Cause = Literal["time", "memory", "stopped"]


@dataclass(frozen=True)
class Limits:
    """The limits of one child with all its descendants; None means no limit."""

    seconds: float | None = None
    memory_bytes: int | None = None
    address_space: bool = False
    """Whether allocations fail at `memory_bytes`, in addition to the child being killed above it. Not for CUDA, which
    reserves far more addresses than it uses."""


@dataclass
class Child:
    """A child that runs."""

    pid: int
    limits: Limits
    output: int
    out_of_memory_kills: int
    records: mmap.mmap
    started_at: float = field(default_factory=time.time)
    started: float = field(default_factory=time.monotonic)
    killed_for: Cause | None = None
    stops_by: float | None = None
    """When it is killed that was told to end, in monotonic seconds."""

    @property
    def ends(self) -> float | None:
        """The moment when its time is up, in monotonic seconds."""
        if self.stops_by is not None or self.limits.seconds is None:
            return self.stops_by
        return self.started + self.limits.seconds + (RECORD_SECONDS if self.records[0] else 0.0)


_BUS_ERROR = (
    ": memory that it had mapped was taken away. Either a file was cut short while it was read, of the data set (assay "
    "shards verify tells) or of the machine's cache (it may be removed at any time between trials, as a whole); or "
    "/dev/shm is too small for the workers of a DataLoader"
)


@dataclass(frozen=True)
class Exit:
    """A child that has ended, with all its descendants."""

    pid: int
    output: bytes
    status: int
    """The exit status, or minus the number of the signal that killed it."""
    killed_for: Cause | None
    started_at: float
    wall_seconds: float
    cpu_seconds: float

    @property
    def how(self) -> str:
        """How the child ended, in words."""
        if self.status < 0:
            return f"was killed by {signal.Signals(-self.status).name}"
        return f"exited with status {self.status}"

    @property
    def hint(self) -> str:
        """What may have led to it and what to do, where the way it ended tells; else nothing."""
        return _BUS_ERROR if self.status == -signal.SIGBUS else ""


def begin_to_record() -> None:
    """Tell the parent that the child's work is done, so that the time limit for the work no longer applies. Outside of
    a child this does nothing."""
    if _records is not None:
        _records[0] = 1


class Children:
    """Forks, watches, kills and reaps children. For one thread of a process that has no other thread.

    Each child leads a session of its own and dies with this process; when it ends, all that is left of its session is
    killed. A descendant that left the session becomes a child of this process once its own parent has ended, and is
    killed then.
    """

    def __init__(self, close_in_child: Collection[int] = (), *, own_sessions: bool = True) -> None:
        """Make an empty set of children, which close the descriptors `close_in_child` after a fork.

        Without `own_sessions` they stay in the session of this process, and so do the processes that they leave behind:
        for one that is itself such a child, whose parent ends all of them with it.
        """
        self._own_sessions = own_sessions
        if own_sessions:
            adopt_orphans()
        self._close_in_child = tuple(close_in_child)
        self._running: dict[int, Child] = {}
        self._pid = os.getpid()
        self._memory_checked = 0.0

    def fork(self, body: Callable[[], bytes], limits: Limits, log: Path | None = None) -> Child:
        """Run `body` in a child; what it returns is the output of the child's Exit. Its prints go to `log`, or to
        stderr."""
        output = os.memfd_create("output")  # a pipe might be full, or held open by a grandchild
        kills, records = out_of_memory_kills(), mmap.mmap(-1, 1)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        # what handles SIGTERM here would swallow one that is meant for the child
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        try:
            pid = os.fork()
        except OSError:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            raise
        if pid == 0:
            self._be_child(body, limits, log, output, records)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        child = Child(pid, limits, output, kills, records)
        self._running[pid] = child
        return child

    def kill(self, child: Child, cause: Cause) -> None:
        """Kill a child with its session; `poll` reports it when it has ended."""
        if child.pid in self._running:
            child.killed_for = child.killed_for or cause
            self._signal(child.pid)

    def tell_to_end(self, child: Child, seconds: float) -> None:
        """Tell a child to end (SIGTERM), and kill it with its session if it has not ended after so many seconds."""
        if child.pid in self._running and child.stops_by is None:
            child.killed_for = child.killed_for or "stopped"
            child.stops_by = time.monotonic() + seconds
            os.kill(child.pid, signal.SIGTERM)  # it is not reaped yet, so the number is its own

    def poll(self) -> Sequence[Exit]:
        """Enforce the limits, reap, and return the children that have ended. Never waits for a child that runs."""
        exits = [self._reap(child) for child in list(self._running.values()) if _has_ended(child.pid)]
        now = time.monotonic()
        check_memory = now - self._memory_checked >= MEMORY_CHECK_SECONDS
        if check_memory:
            self._memory_checked = now
        for child in list(self._running.values()):
            if child.ends is not None and now >= child.ends:
                self.kill(child, "time")
            elif check_memory and self._exceeds_memory(child):
                self.kill(child, "memory")
        self._end_adopted()
        return exits

    def next_check_seconds(self) -> float | None:
        """Return in how many seconds `poll` should be called even without SIGCHLD; None if there is no need."""
        if any(child.limits.memory_bytes is not None for child in self._running.values()):
            return MEMORY_CHECK_SECONDS
        ends = [child.ends for child in self._running.values() if child.ends is not None]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def close(self, seconds: float = 0.0) -> None:
        """End all children, and return when none is left. They are told to end, and killed after so many seconds."""
        if seconds > 0:
            for child in self._running.values():
                self.tell_to_end(child, seconds)
            while self._running:
                self.poll()
                time.sleep(0.002)
        for child in self._running.values():
            self.kill(child, "stopped")
        until = time.monotonic() + _GROUP_END_SECONDS
        while (self._running or any(children(self._pid))) and time.monotonic() < until:
            self.poll()
            time.sleep(0.002)

    # ------------------------------------------------------------------------- in this process

    def _exceeds_memory(self, child: Child) -> bool:
        allowed = child.limits.memory_bytes
        if allowed is None:
            return False
        pids = list(family(child.pid))
        if sum(map(resident_bytes, pids)) <= allowed:
            return False  # the cheap look counts shared pages too often, never too seldom
        return sum(map(proportional_bytes, pids)) > allowed

    def _reap(self, child: Child) -> Exit:
        """Reap a leader that has ended. Its session is killed first: until the leader is reaped, no other process can
        take over its process group's number."""
        wall_seconds = time.monotonic() - child.started
        status, cpu_seconds = 0, 0.0
        until = time.monotonic() + _GROUP_END_SECONDS
        whom = -child.pid if _leads_a_group(child.pid) else child.pid  # killed before it had begun its session
        while True:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            try:
                pid, wait_status, usage = os.wait4(whom, os.WNOHANG)
            except ChildProcessError:
                break  # none of the group is left
            if pid == 0:
                if time.monotonic() > until:
                    break  # one that the kernel can't end at once; `_end_adopted` reaps it
                time.sleep(0.001)
                continue
            cpu_seconds += usage.ru_utime + usage.ru_stime
            if pid == child.pid:
                status = os.waitstatus_to_exitcode(wait_status)
        del self._running[child.pid]
        with os.fdopen(child.output, "rb") as file:
            file.seek(0)
            output = file.read()
        killed_for = child.killed_for
        if killed_for is None and status == -signal.SIGKILL and out_of_memory_kills() > child.out_of_memory_kills:
            killed_for = "memory"
        return Exit(child.pid, output, status, killed_for, child.started_at, wall_seconds, cpu_seconds)

    def _end_adopted(self) -> None:
        for pid in list(children(self._pid)):
            if pid in self._running:
                continue
            with contextlib.suppress(ProcessLookupError, ChildProcessError, PermissionError):
                if is_zombie(pid):
                    os.waitpid(pid, os.WNOHANG)
                elif os.getsid(pid) not in self._running:
                    os.kill(pid, signal.SIGKILL)

    def _signal(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)  # it may not have got as far as setsid
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)

    # ------------------------------------------------------------------------- in the child

    def _be_child(
        self, body: Callable[[], bytes], limits: Limits, log: Path | None, output: int, records: mmap.mmap
    ) -> NoReturn:
        global _records
        status, _records = 1, records
        try:
            if self._own_sessions:
                os.setsid()
            die_with(self._pid)
            self._forget_parents_business(log)
            if limits.memory_bytes is not None and limits.address_space:
                most = data_bytes() + limits.memory_bytes
                resource.setrlimit(resource.RLIMIT_DATA, (most, most))
            view = memoryview(body())
            # The output is memory: a limit on the size of files, as of a shell's `ulimit -f`, is not meant for it.
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            while view:
                view = view[os.write(output, view) :]
            atexit._run_exitfuncs()  # a tracker's last upload
            status = 0
        except BaseException:  # noqa: BLE001 - nothing may unwind into the parent's frames
            traceback.print_exc()
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):
                    stream.flush()
            os._exit(status)

    def _forget_parents_business(self, log: Path | None) -> None:
        atexit._clear()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        for descriptor in (*self._close_in_child, *(child.output for child in self._running.values())):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        _redirect(os.open(os.devnull, os.O_RDONLY), 0)
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.dup2(descriptor, 1)
            _redirect(descriptor, 2)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
        gc.enable()


def _redirect(descriptor: int, to: int) -> None:
    os.dup2(descriptor, to)
    if descriptor != to:
        os.close(descriptor)


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _leads_a_group(pid: int) -> bool:
    return os.getpgid(pid) == pid
