"""What is made once and kept for later runs, outside the repository: programs, images."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path


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
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(target)
    return target
