"""Where a team's modules may be, seen from its manifests and from the working directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_PROJECT = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
"""Files and folders by which the top of a project is known."""


def own_places(paths: Sequence[Path], working: Path) -> list[Path]:
    """Return the folders of the manifests and the working directory, with `src` of each."""
    bases = [*_absolute(paths), working.absolute()]
    return _there([each for base in bases for each in (base, base / "src")])


def further_places(paths: Sequence[Path], working: Path) -> list[Path]:
    """Return the folders above those of `own_places` and the tops of their projects, with `src` of each."""
    bases = [*_absolute(paths), working.absolute()]
    above = [*(base.parent for base in bases), *(top for base in bases for top in _project_of(base))]
    return _there([each for top in above for each in (top, top / "src")])


def _project_of(folder: Path) -> Iterator[Path]:
    for parent in (folder, *folder.parents):
        if any((parent / mark).exists() for mark in _PROJECT):
            yield parent
            return


def _absolute(paths: Iterable[Path]) -> list[Path]:
    return [path.absolute() for path in paths]


def _there(folders: Iterable[Path]) -> list[Path]:
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]
