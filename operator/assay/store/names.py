"""Lists of the objects in a store, as far as a study asks for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal

from assay_trainer.objects import Objects, TooManyObjects

LISTS_REST = 10.0
"""Lists are kept for at least this many times the seconds that listing took, so that a large store is not listed all
the time."""

Names = dict[str, None]
"""Names in their order, each once."""


class Listed:
    """Remembers lists until told to forget them. In folders that all studies share, only names that begin with a key
    that was asked for are looked for and kept."""

    def __init__(self, objects: Objects, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Make an empty memory of lists. No more than `limit` names are taken of a folder."""
        self._objects = objects
        self._limit = limit
        self._clock = clock
        self._whole: dict[str, Names] = {}
        self._by_key: dict[tuple[str, str], dict[str, Names]] = {}
        self.took = 0.0
        """How many seconds listing has taken since it last began anew."""

    def forget(self) -> None:
        """Forget all lists, so that they are taken anew when next asked for."""
        self._whole.clear()
        self._by_key.clear()
        self.took = 0.0

    def within(self, folder: str) -> Collection[str]:
        """Return all names in a folder, sorted but for those that were added. Raises TooManyObjects."""
        if folder not in self._whole:
            self._whole[folder] = dict.fromkeys(self._list(folder, ("",)))
        return self._whole[folder]

    def of_keys(self, folder: str, keys: Iterable[str], then: Literal["/", "."]) -> Mapping[str, Collection[str]]:
        """Return, by key, the names in a folder that begin with the key and `then`. Raises TooManyObjects."""
        known = self._by_key.setdefault((folder, then), {})
        if missing := [key for key in keys if key not in known]:
            found: dict[str, Names] = {}
            for name in self._list(folder, [f"{key}{then}" for key in missing]):
                found.setdefault(_key_within(name, folder, then), {})[name] = None
            if sum(map(len, known.values())) + sum(map(len, found.values())) > self._limit:
                raise TooManyObjects(f"{self._objects.uri}/{folder}", self._limit)
            nothing: Names = {}
            known.update({key: found.get(key, nothing) for key in missing})
        return known

    def has(self, name: str) -> bool:
        """Return whether a name is in a list that was taken."""
        return any(name in names for names in self._lists_of(name))

    def add(self, name: str) -> None:
        """Add the name of an object that was written or found to the lists that were taken."""
        for folder, names in self._whole.items():
            if name.startswith(folder):
                names[name] = None
        for (folder, then), by_key in self._by_key.items():
            key = _key_within(name, folder, then) if name.startswith(folder) else None
            if key in by_key:
                by_key[key] = {**by_key[key], name: None}

    def _lists_of(self, name: str) -> Iterable[Names]:
        yield from self._whole.values()
        for (folder, then), by_key in self._by_key.items():
            if name.startswith(folder):
                yield by_key.get(_key_within(name, folder, then), {})

    def _list(self, folder: str, beginnings: Collection[str]) -> Sequence[str]:
        started = self._clock()
        try:
            return self._objects.list(folder, beginnings, self._limit)
        finally:
            self.took += self._clock() - started


def _key_within(name: str, folder: str, then: str) -> str:
    return name.removeprefix(folder).partition(then)[0]
