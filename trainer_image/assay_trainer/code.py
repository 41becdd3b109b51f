"""The digest of the code that an entry point runs: equal digests, equal results."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import platform
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from assay_trainer.contract import CodeIngredients, CodeInspected, canonical_json, digest
from assay_trainer.entrypoint import EntrypointNotFound, load_entrypoint
from assay_trainer.findable import where_it_was_looked_for
from assay_trainer.nearest import did_you_mean

MOST_FILES_WRITTEN_DOWN = 1_000
_FILE_DIGITS = 16

_BEFORE = frozenset(sys.modules)
"""What Python, and the machine's own start-up files, have imported."""

_INSTALLED = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}


def inspect_entrypoint(entrypoint: str, withheld: Sequence[str] = ()) -> CodeInspected:
    """Import the function that `module:function` names and digest its code; never raises for the team's own fault.

    To be called in a process that may be thrown away: an import may do anything. The sources are read before
    they are run, so that an edit in between makes a digest that no longer holds, never one that hides the edit.
    `withheld`: names of variables of which it is said whether the sources name them.
    """
    known = set(sys.modules)
    module = entrypoint.partition(":")[0]
    try:
        found = _read(module)
        missed = _named(withheld, found)
        load_entrypoint(entrypoint)
    except EntrypointNotFound as error:
        return CodeInspected(entrypoint=entrypoint, error=str(error))
    except BaseException as error:  # noqa: BLE001 - SystemExit at import is the team's fault, too
        problem = f"{type(error).__name__}: {error}"
        return CodeInspected(
            entrypoint=entrypoint, error=f"entrypoint: given {entrypoint!r}; it can't be imported: {problem}"
        )
    elsewhere = _imported_from_elsewhere(found)
    found = found.with_elsewhere(elsewhere)
    return CodeInspected(
        entrypoint=entrypoint,
        code=found.digest,
        modules=_sharable(known),
        elsewhere=elsewhere,
        ingredients=_ingredients(found),
        missed=missed,
    )


def _sharable(known: set[str]) -> tuple[str, ...]:
    """The installed modules that were imported since; none if one of them started a thread or CUDA: neither
    survives a fork."""
    torch = sys.modules.get("torch")
    if len(os.listdir("/proc/self/task")) > 1 or (torch is not None and torch.cuda.is_initialized()):
        return ()
    return tuple(name for name, module in sys.modules.items() if name not in known and _is_installed(module))


def _is_installed(module: object) -> bool:
    path = getattr(getattr(module, "__spec__", None), "origin", None)
    return path is not None and any(Path(path).resolve().is_relative_to(folder) for folder in _INSTALLED)


def _imported_from_elsewhere(code: _Code) -> dict[str, str]:
    """Files by name of the modules that are imported, neither installed, nor of the entry point's package, nor ours:
    what lies beside the package, or is installed as editable."""
    own = {path.resolve() for _, path in code.sources}
    found: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        origin = getattr(getattr(module, "__spec__", None), "origin", None)
        if name in _BEFORE or name.partition(".")[0] == "assay_trainer" or not isinstance(origin, str):
            continue
        path = Path(origin)
        if path.is_file() and path.resolve() not in own and not _lies_among_installed(path):
            found[name] = str(path)
    return found


def _lies_among_installed(path: Path) -> bool:
    if _INSTALLED.intersection(path.resolve().parents) or {"site-packages", "dist-packages"}.intersection(path.parts):
        return True
    return any(_holds_distributions(entry) for entry in sys.path if entry and path.is_relative_to(entry))


@cache
def _holds_distributions(folder: str) -> bool:
    return any(Path(folder).glob("*.dist-info"))


def code_digest(module: str, elsewhere: Mapping[str, str] = MappingProxyType({})) -> str:
    """Digest of a module's code, which is not imported. `elsewhere`: further files that it imports, by name.

    It covers all Python sources of the module's top-level package (of a module that is in no package: all Python
    sources of its folder and below, since it may import any of them), those of assay_trainer, the names and
    versions of all installed distributions, and Python's version. Not covered: data files, and what is neither
    installed nor of the package, `elsewhere` apart. Where the files lie does not matter.

    Raises ModuleNotFoundError if there is no such top-level package.
    """
    return _read(module).with_elsewhere(elsewhere).digest


class _Code(NamedTuple):
    """What a module's code is made of, as it is now."""

    package: str
    sources: list[tuple[str, Path]]
    files: list[list[str]]
    elsewhere: tuple[list[str], ...] = ()

    def with_elsewhere(self, paths: Mapping[str, str]) -> _Code:
        """The same with these files, by name of their module. Raises OSError."""
        return self._replace(elsewhere=tuple(_digests((name, Path(path)) for name, path in paths.items())))

    @property
    def digest(self) -> str:
        trainer, installed = _shared_code()
        sources = {"entrypoint": self.files, "assay_trainer": trainer}
        parts = [sources, installed, platform.python_version()]
        return digest(canonical_json([*parts, self.elsewhere] if self.elsewhere else parts))


def _read(module: str) -> _Code:
    package = module.partition(".")[0]
    if package == "assay_trainer":
        return _Code(package, [], _shared_code()[0])
    sources = list(_sources(package))
    return _Code(package, sources, _digests(sources))


def _ingredients(code: _Code) -> CodeIngredients:
    trainer, installed = _shared_code()
    files = {name: found.removeprefix("sha256:")[:_FILE_DIGITS] for name, found in (*code.files, *code.elsewhere)}
    return CodeIngredients(
        code=code.digest,
        module=code.package,
        files=files if len(files) <= MOST_FILES_WRITTEN_DOWN else None,
        trainer=digest(canonical_json(trainer)),
        packages=dict(each.split("==", 1) for each in installed),
        python=platform.python_version(),
    )


def _named(variables: Sequence[str], code: _Code) -> tuple[str, ...]:
    """Those of the variables that stand in quotes somewhere in the sources."""
    found: set[str] = set()
    for _, path in code.sources if variables else ():
        data = path.read_bytes()
        found |= {name for name in variables if f'"{name}"'.encode() in data or f"'{name}'".encode() in data}
    return tuple(sorted(found))


@cache
def _shared_code() -> tuple[list[list[str]], list[str]]:
    """What this process and its forks have imported, or will: the trainer's sources and the installed distributions."""
    installed = sorted(f"{distribution.name}=={distribution.version}" for distribution in distributions())
    return _digests(_sources("assay_trainer")), installed


def remember_shared_code() -> None:
    """Read what does not depend on the entry point, so that the forks of this process need not."""
    _shared_code()


def _sources(package: str) -> Iterable[tuple[str, Path]]:
    """(name, path) of each source, the name relative to what the package is found in."""
    importlib.invalidate_caches()  # a file that is newer than the last look
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None:
        there = (module.name for module in pkgutil.iter_modules())
        near = did_you_mean(package, there)
        raise ModuleNotFoundError(f"No module named {package!r}{near}; {where_it_was_looked_for()}")
    if spec.submodule_search_locations is not None:
        return [source for folder in spec.submodule_search_locations for source in _below(Path(folder))]
    if spec.origin is None or not spec.has_location:
        return []  # built into Python: its version says it all
    path = Path(spec.origin)
    if path.parent.resolve() in _INSTALLED:
        return [(path.name, path)]
    return _below(path.parent)


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if _may_hold_sources(Path(parent, name))]
        for file in files:
            if file.endswith(".py"):
                path = Path(parent, file)
                yield path.relative_to(folder).as_posix(), path


def _may_hold_sources(folder: Path) -> bool:
    return (
        not folder.name.startswith(".")
        and folder.name not in ("__pycache__", "node_modules", "site-packages")
        and not (folder / "pyvenv.cfg").exists()
    )


def _digests(sources: Iterable[tuple[str, Path]]) -> list[list[str]]:
    return sorted([name, digest(path.read_bytes())] for name, path in sources)
