"""The Pythons of this machine that Assay promises to run on."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]

_NAME = re.compile(r"python3(\.\d+)?")

# Without ensurepip, which Debian has in a package of its own, there is no `make install`. A virtual environment's
# Python is another one's.
_ASK = (
    "import sys, ensurepip, venv; "
    "sys.prefix == sys.base_prefix or sys.exit(1); "
    "print(*sys.version_info[:3]); print(sys.executable)"
)


class Interpreter(NamedTuple):
    """A Python that can make virtual environments; the oldest sorts first."""

    version: tuple[int, ...]
    program: Path

    def __str__(self) -> str:
        return f"Python {'.'.join(map(str, self.version))} ({self.program})"


def promised() -> SpecifierSet:
    """The versions of Python that pyproject.toml promises."""
    return SpecifierSet(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"])


def candidates(environment: Mapping[str, str], home: Path) -> list[Path]:
    """List programs that may be a Python: on the PATH, where systems have theirs, and those of pyenv."""
    folders = [*map(Path, environment.get("PATH", "").split(":")), Path("/usr/local/bin"), Path("/usr/bin")]
    pyenv = Path(environment.get("PYENV_ROOT") or home / ".pyenv")
    folders += sorted(pyenv.glob("versions/*/bin"))
    return list(dict.fromkeys(file for folder in folders for file in _pythons(folder)))


def _pythons(folder: Path) -> Iterator[Path]:
    if folder.is_absolute() and folder.is_dir():
        yield from sorted(file for file in folder.iterdir() if _NAME.fullmatch(file.name))


def usable(programs: Iterable[Path], promise: SpecifierSet, run_by: Sequence[str] = ()) -> list[Interpreter]:
    """Return the programs that are a Python within the promise, the oldest first, each version once.

    `run_by` is what a command begins with to be run by the user who is to use them.
    """
    found: dict[Path, Interpreter] = {}
    for program in programs:
        asked = subprocess.run(
            [*run_by, str(program), "-I", "-c", _ASK], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/"
        )
        if asked.returncode == 0:
            numbers, executable = asked.stdout.splitlines()
            version = tuple(map(int, numbers.split()))
            if promise.contains(".".join(map(str, version))):
                found.setdefault(Path(executable).resolve(), Interpreter(version, Path(executable)))
    return sorted(found.values())
