"""What is made once and kept for later runs, outside the repository: programs, images."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO


def cache_folder() -> Path:
    """`assay` in the user's cache folder, whether or not it is there yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "assay"


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name` of the cache, after `make(folder)` has filled it where it was not there.

    It is complete or absent, whoever is killed while making it, and made once, however many want it at the same time.
    The name should hold a digest of all that the content depends on. Raises what `make` raises.
    """
    target = cache_folder() / name
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    with target.with_name(f".{target.name}.lock").open("w") as lock:
        wait_for(lock, name)
        if not target.exists():
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(target)
    return target


def wait_for(lock: TextIO, what: str) -> None:
    """Have this file locked for as long as it is open. If somebody else has it, say so: it can take minutes."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"\nAnother run makes {what}, which can take minutes: waiting for it.", file=sys.stderr, flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
