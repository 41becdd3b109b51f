"""Finding processes by a mark in their environment, whatever process has become their parent."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

MARK = "ASSAY_FORK_SERVER"
_TICKS = os.sysconf("SC_CLK_TCK")
_PF_EXITING = 0x4
"""The flag of a process that has begun to end (Linux, include/linux/sched.h)."""


def new_mark() -> str:
    """Return a new mark for the environment of a process. All its descendants have it, too."""
    return secrets.token_hex(16)


def end_marked(mark: str, seconds: float = 5.0) -> None:
    """Kill all processes with the mark, and return when none is left, or after some seconds."""
    until = time.monotonic() + seconds
    while _some_left(mark) and time.monotonic() < until:
        time.sleep(0.002)  # only children can be waited for


def cpu_seconds(pid: int) -> float:
    """Return the processor seconds of a process and of its children that have ended; 0 if it is gone."""
    fields = _status(pid)
    return sum(map(int, fields[11:15])) / _TICKS if fields else 0.0


def _some_left(mark: str) -> bool:
    """Kill the processes with the mark; return whether there were any, or some are still ending."""
    left = False
    for pid in _processes():
        if _has(mark, pid):
            left = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        elif _is_ending(pid):
            left = True
    return left


def _processes() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())


def _has(mark: str, pid: int) -> bool:
    try:
        return f"{MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # it is gone, or another user's
        return False


def _is_ending(pid: int) -> bool:
    """Return whether a process of this user has been killed and is still giving back its memory.

    With gigabytes that takes a moment, in which its environment can't be seen: it may have had the mark.
    """
    fields = _status(pid)
    if not fields or fields[0] in ("Z", "X") or not int(fields[6]) & _PF_EXITING:
        return False
    try:
        return Path(f"/proc/{pid}").stat().st_uid == os.geteuid()
    except OSError:
        return False


def _status(pid: int) -> Sequence[str]:
    """Return the fields of /proc/PID/stat from the third, the state, on (proc_pid_stat(5)); none if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ()
