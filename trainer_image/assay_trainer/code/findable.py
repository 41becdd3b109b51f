"""Finds a team's modules where people keep them: beside the manifests, in the working directory, under src.

A module that Python finds by itself is left to Python: imports and digests are then the same as without this.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import assay_trainer

_SHOWN = 8


class Places(NamedTuple):
    """The folders in which modules are looked for that are not on Python's path, in their order."""

    folders: tuple[Path, ...] = ()
    """Folders whose modules and packages count."""
    further: tuple[Path, ...] = ()
    """Folders of which only packages count: other files in the folder above a project are not the project's."""


_places = Places()


def look_also_in(places: Places) -> None:
    """Make `make_findable` look in these folders, too, from now on, in this process and its forks."""
    global _places
    _places = places


def make_findable(entrypoint: str) -> None:
    """Put the folder that has an entry point's module at the end of sys.path, if Python would not find it."""
    module = entrypoint.partition(":")[0]
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts) or _is_found(parts):
        return
    for folder in (*_places.folders, *_places.further):
        if _holds(folder, parts, packages_only=folder in _places.further):
            sys.path.append(str(folder))
            importlib.invalidate_caches()
            return


def where_it_was_looked_for() -> str:
    """Return, in words, where a module was looked for that was not found."""
    installed = {Path(path).resolve() for path in sysconfig.get_paths().values()}
    on_path = [Path(entry or ".").resolve() for entry in sys.path]
    own = [path for path in on_path if path.is_dir() and not any(path.is_relative_to(each) for each in installed)]
    ours = Path(assay_trainer.__path__[0]).parent.resolve()
    places = [*(path for path in own if path != ours), *_places.folders, *_places.further]
    places = list(dict.fromkeys(places))
    shown = [*map(str, places[:_SHOWN]), *([f"{len(places) - _SHOWN} more folders"] if len(places) > _SHOWN else [])]
    return f"looked in {', '.join([*shown, 'what is installed'])}"


def _is_found(parts: Sequence[str]) -> bool:
    importlib.invalidate_caches()  # a file that is newer than the last look
    try:
        spec = importlib.util.find_spec(parts[0])
    except (ImportError, ValueError):
        return False
    if spec is None:
        return False
    if spec.origin is None and spec.submodule_search_locations is not None:
        # any folder of that name is a package of a kind: it counts if it has the module
        return any(_has(Path(place), parts[1:]) for place in spec.submodule_search_locations)
    return True


def _holds(folder: Path, parts: Sequence[str], *, packages_only: bool) -> bool:
    top = folder / parts[0]
    if len(parts) > 1:
        return _has(top, parts[1:])
    return (top / "__init__.py").is_file() or (not packages_only and top.with_name(f"{parts[0]}.py").is_file())


def _has(package: Path, rest: Sequence[str]) -> bool:
    if not rest:
        return False
    inner = package.joinpath(*rest)
    return inner.with_name(f"{rest[-1]}.py").is_file() or (inner / "__init__.py").is_file()
