"""What the cluster needs of the machine, and what to say where it is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable


class Unavailable(Exception):
    """This machine can't run it; the message is one line that says what to install."""


def require(programs: Iterable[str]) -> None:
    """Raise `Unavailable` unless all these programs are on the PATH."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise Unavailable(f"needs {', '.join(missing)} on the PATH: `make system-deps` installs them")


def require_root() -> None:
    """Raise `Unavailable` for anyone but root."""
    if os.geteuid() != 0:
        raise Unavailable("needs root, for containers of its own: `make system-deps`, then run as root")
