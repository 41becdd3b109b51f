"""Users who run tests, each in a copy of the tree of its own."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ci.interpreters import ROOT

ORDINARY = "assay-ci"
"""Made by root where it is not there. Its home stays, and keeps the caches of packages."""

_OF_ROOT = ("VIRTUAL_ENV", "PYTHONPATH", "UV_CACHE_DIR", "PIP_CACHE_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR")


@dataclass(frozen=True)
class User:
    """Somebody whose commands this process can run.

    prefix: what a command begins with to be run by them.
    """

    name: str
    home: Path
    prefix: tuple[str, ...] = ()


def this_user() -> User:
    """Return the user who runs this program."""
    return User(getpass.getuser(), Path.home())


def ordinary_user() -> User:
    """Return a user without rights: the one who runs this program or, if that is root, one made for it."""
    if os.geteuid() != 0:
        return this_user()
    try:
        entry = pwd.getpwnam(ORDINARY)
    except KeyError:
        subprocess.run(["useradd", "--create-home", ORDINARY], check=True)
        entry = pwd.getpwnam(ORDINARY)
    without = [f"--unset={name}" for name in _OF_ROOT]
    named = [f"HOME={entry.pw_dir}", f"USER={ORDINARY}", f"LOGNAME={ORDINARY}", "PATH=/usr/local/bin:/usr/bin:/bin"]
    return User(ORDINARY, Path(entry.pw_dir), ("runuser", f"--user={ORDINARY}", "--", "env", *without, *named))


@contextmanager
def copy_of_tree(user: User) -> Iterator[Path]:
    """A folder that is the user's, with what git knows of this tree or would take in; removed at the end.

    It is on the same file system as the user's cache of packages, so that an environment is made of hard links.
    """
    folder = Path(tempfile.mkdtemp(prefix="assay-ci-", dir=user.home))
    try:
        listed = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).exists():  # else it is deleted, but not committed yet
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
        if user.prefix:
            subprocess.run(["chown", "--recursive", "--no-dereference", user.name, folder], check=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
