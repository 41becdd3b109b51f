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

from assay_trainer.code.declared import uses_of
from assay_trainer.code.entrypoint import EntrypointNotFound, load_entrypoint
from assay_trainer.code.findable import where_it_was_looked_for
from assay_trainer.contract import CodeIngredients, CodeInspected, canonical_json, digest
from assay_trainer.nearest import did_you_mean

MOST_FILES_WRITTEN_DOWN = 1_000
_FILE_DIGITS = 16

_BEFORE = frozenset(sys.modules)
"""The modules that Python and the machine's own start-up files have imported."""

_INSTALLED = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")}


def inspect_entrypoint(entrypoint: str, withheld: Sequence[str] = ()) -> CodeInspected:
    """Import the function that `module:function` names and digest its code; never raises for the team's own faults.

    Call it in a process that may be thrown away, since an import may do anything. The sources are read before they are
    run: an edit in between makes a digest that no longer holds, never one that hides the edit. The answer says which of
    the variables `withheld` are named in the sources.
    """
    known = set(sys.modules)
    module = entrypoint.partition(":")[0]
    try:
        found = _read(module)
        missed = _named(withheld, found)
        several_devices = uses_of(load_entrypoint(entrypoint)) != "one"
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
        several_devices=several_devices,
        modules=_sharable(known),
        elsewhere=elsewhere,
        ingredients=_ingredients(found),
        missed=missed,
    )


def _sharable(known: set[str]) -> tuple[str, ...]:
    """Return the installed modules that were imported since the start; none if one of them started a thread or CUDA,
    which do not survive a fork."""
    torch = sys.modules.get("torch")
    if len(os.listdir("/proc/self/task")) > 1 or (torch is not None and torch.cuda.is_initialized()):
        return ()
    return tuple(name for name, module in sys.modules.items() if name not in known and _is_installed(module))


def _is_installed(module: object) -> bool:
    path = getattr(getattr(module, "__spec__", None), "origin", None)
    return path is not None and any(Path(path).resolve().is_relative_to(folder) for folder in _INSTALLED)


def _imported_from_elsewhere(code: _Code) -> dict[str, str]:
    """Return, by name, the files of imported modules that are neither installed, nor in the entry point's package, nor
    ours: they lie beside the package, or are installed as editable."""
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
    """Return the digest of a module's code without importing it. `elsewhere` has further files that it imports, by
    name.

    The digest covers all Python sources of the module's top-level package (for a module in no package: all Python
    sources in its folder and below, since it may import any of them), those of assay_trainer, the names and versions of
    all installed distributions, and Python's version. It does not cover data files, nor modules that are neither
    installed nor in the package, except `elsewhere`. Where the files lie does not matter. Raises ModuleNotFoundError if
    there is no such top-level package.
    """
    return _read(module).with_elsewhere(elsewhere).digest


class _Code(NamedTuple):
    """The ingredients of a module's code, as they are now."""

    package: str
    sources: list[tuple[str, Path]]
    files: list[list[str]]
    elsewhere: tuple[list[str], ...] = ()

    def with_elsewhere(self, paths: Mapping[str, str]) -> _Code:
        """Return the same code with these files, by name of their module. Raises OSError."""
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
    """Return the variables whose names stand in quotes anywhere in the sources."""
    found: set[str] = set()
    for _, path in code.sources if variables else ():
        data = path.read_bytes()
        found |= {name for name in variables if f'"{name}"'.encode() in data or f"'{name}'".encode() in data}
    return tuple(sorted(found))


@cache
def _shared_code() -> tuple[list[list[str]], list[str]]:
    """Return the code that this process and its forks share: the trainer's sources and the installed distributions."""
    installed = sorted(f"{distribution.name}=={distribution.version}" for distribution in distributions())
    return _digests(_sources("assay_trainer")), installed


def remember_shared_code() -> None:
    """Read the code that does not depend on the entry point, so that the forks of this process need not."""
    _shared_code()


def _sources(package: str) -> Iterable[tuple[str, Path]]:
    """Return (name, path) of each source; the name is relative to the folder that holds the package."""
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
