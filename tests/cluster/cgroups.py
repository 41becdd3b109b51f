"""Control groups are what outlives the processes and namespaces of a node: they are removed by hand."""

from __future__ import annotations

import os
import time
from pathlib import Path

_MOUNTED = Path("/sys/fs/cgroup")
_PREFIX = "assay-"


def cgroup_name(cluster: str) -> str:
    """A name that says which process it belongs to, so that others can tell when it is nobody's any more."""
    return f"{_PREFIX}{os.getpid()}-{cluster}"


def make_cgroup(name: str) -> None:
    """Make it in every hierarchy."""
    for hierarchy in [_MOUNTED] if (_MOUNTED / "cgroup.controllers").exists() else _MOUNTED.iterdir():
        (hierarchy / name).mkdir(exist_ok=True)  # some hierarchies have two names


def limit_memory(name: str, process: int, most: int) -> None:
    """Let a process in the control group be killed when it takes more bytes. `OSError` without the rights to it."""
    if (_MOUNTED / "cgroup.controllers").exists():
        folder, limit = _MOUNTED / name, "memory.max"
    else:
        folder, limit = _MOUNTED / "memory" / name, "memory.limit_in_bytes"
    folder.mkdir(exist_ok=True)
    (folder / limit).write_text(str(most))
    (folder / "cgroup.procs").write_text(str(process))


def remove_cgroup(name: str, *, within_seconds: float = 10) -> None:
    """Remove it, and all in it, from every hierarchy, once its killed processes are gone; `OSError` after this time."""
    end = time.monotonic() + within_seconds
    for top in _anywhere(name):
        inner_first = [Path(folder) for folder, _, _ in os.walk(top, topdown=False)]
        for folder in inner_first:
            _remove(folder, end)


def _remove(folder: Path, end: float) -> None:
    while True:
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def remove_stale_cgroups() -> None:
    """Remove those whose owners ended without it."""
    for name in _names(f"{_PREFIX}*"):
        owner = name.removeprefix(_PREFIX).split("-")[0]
        if not Path(f"/proc/{owner}").exists():
            remove_cgroup(name)


def cgroups_of(owner: int) -> list[str]:
    """The names of those that the process with this id made."""
    return _names(f"{_PREFIX}{owner}-*")


def _names(pattern: str) -> list[str]:
    return sorted({found.name for found in _anywhere(pattern)})


def _anywhere(pattern: str) -> list[Path]:
    """In every hierarchy: in version 1 there are several, below the mount; in version 2 the mount is the only one."""
    return [*_MOUNTED.glob(f"*/{pattern}"), *_MOUNTED.glob(pattern)]
