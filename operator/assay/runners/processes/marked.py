"""Processes found again by a mark in their environment, whoever their parent has become."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path

MARK = "ASSAY_FORK_SERVER"
_TICKS = os.sysconf("SC_CLK_TCK")


def new_mark() -> str:
    """For the environment of a process: all its descendants have it, too."""
    return secrets.token_hex(16)


def end_marked(mark: str, seconds: float = 5.0) -> None:
    """Kill all processes with the mark, and return when none is left, or after some seconds."""
    until = time.monotonic() + seconds
    while (pids := list(_marked(mark))) and time.monotonic() < until:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and of its children that have ended; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def _marked(mark: str) -> Iterator[int]:
    wanted = f"{MARK}={mark}".encode()
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):  # it is gone, or another user's
                if wanted in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                    yield int(name)
