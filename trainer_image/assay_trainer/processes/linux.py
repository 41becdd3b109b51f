"""What the Linux kernel says about processes and this machine, and the two things asked of it (prctl(2))."""

from __future__ import annotations

import ctypes
import math
import os
import signal
from collections.abc import Iterator
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_CGROUPS = Path("/sys/fs/cgroup")


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value})")


def adopt_orphans() -> None:
    """Make descendants that lose their parent children of this process, instead of process 1."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """Have the kernel kill this process as soon as `parent`, the process that forked it, has ended."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel was told
        os._exit(1)


# ----------------------------------------------------------------------------- processes


def children(pid: int) -> Iterator[int]:
    """Return the process ids of a process's direct children; none if it is gone."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return
    for thread in threads:
        try:
            yield from map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
        except OSError:
            continue


def family(pid: int) -> Iterator[int]:
    """Return a process and all its descendants."""
    yield pid
    for child in children(pid):
        yield from family(child)


def is_zombie(pid: int) -> bool:
    """Return whether a process has ended and waits to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def cpu_seconds_of(pid: int) -> float:
    """Return the processor time of a process and of its children that it has waited for; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Return a process's memory that belongs to no file. A page that processes share since a fork counts fully in each
    of them."""
    status = _kilobytes(f"/proc/{pid}/status")
    return status.get("RssAnon", 0) + status.get("RssShmem", 0)


def proportional_bytes(pid: int) -> int:
    """Return the same as `resident_bytes`, but a page that n processes share counts 1/n in each. It takes the kernel
    longer."""
    rollup = _kilobytes(f"/proc/{pid}/smaps_rollup")
    return rollup.get("Pss_Anon", 0) + rollup.get("Pss_Shmem", 0)


def data_bytes() -> int:
    """Return how much this process has of what RLIMIT_DATA limits."""
    return _kilobytes("/proc/self/status")["VmData"]


def _kilobytes(path: str) -> dict[str, int]:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:  # the process is gone, or another user's
        return {}
    return {line.partition(":")[0]: int(line.split()[-2]) * 1024 for line in lines if line.endswith(" kB")}


# ----------------------------------------------------------------------------- the machine


def usable_cores() -> int:
    """Return the cores that this process may use: its affinity, and its control group's quota rounded up."""
    cores = len(os.sched_getaffinity(0))
    for folder in _control_groups("cpu"):
        quota, _, period = (_text(folder / "cpu.max") or "max").partition(" ")
        if quota == "max":
            quota, period = _text(folder / "cpu.cfs_quota_us") or "-1", _text(folder / "cpu.cfs_period_us") or "100000"
        if int(quota) > 0:
            cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(1, cores)


def usable_memory_bytes() -> int:
    """Return the machine's memory, or the part of it that the control group may use."""
    total = _kilobytes("/proc/meminfo")["MemTotal"]
    for folder in _control_groups("memory"):
        for file in ("memory.max", "memory.limit_in_bytes"):
            limit = _text(folder / file)
            if limit is not None and limit.isdigit():
                total = min(total, int(limit))
    return total


def out_of_memory_kills() -> int:
    """Return how often the kernel killed a process for lack of memory, in this control group or else on this
    machine."""
    for folder in _control_groups("memory"):
        for file in ("memory.events", "memory.oom_control"):
            for line in (_text(folder / file) or "").splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
    for line in (_text(Path("/proc/vmstat")) or "").splitlines():
        if line.startswith("oom_kill "):
            return int(line.split()[1])
    return 0


def _control_groups(controller: str) -> Iterator[Path]:
    """Return the folders of this process's control group and of those around it, innermost first; versions 1 and 2."""
    for line in (_text(Path("/proc/self/cgroup")) or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root = _CGROUPS
        elif controller in controllers.split(","):
            root = _CGROUPS / controllers
        else:
            continue
        inner = root / path.lstrip("/")
        yield from (folder for folder in (inner, *inner.parents) if folder == root or root in folder.parents)


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
