"""What is read of a store when a reader names no limit of its own, and how names are found among very many."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator

OBJECT_BYTES = 64 << 20
"""Bytes of an object. Shards are larger, and are read with the size that their data set's manifest says."""

LISTED_NAMES = 1_000_000
"""Names in a list."""

EVERYTHING = ("",)
"""The beginnings of all names."""


class Beginnings:
    """Texts by which names are selected, none of which begins with another one."""

    def __init__(self, beginnings: Collection[str]) -> None:
        """Where one text begins with another, only the shorter one is needed."""
        self._sorted: list[str] = []
        for each in sorted(set(beginnings)):
            if not self._sorted or not each.startswith(self._sorted[-1]):
                self._sorted.append(each)

    def first(self) -> str | None:
        """The first of them; None: there are none."""
        return self._sorted[0] if self._sorted else None

    def begin(self, name: str) -> bool:
        """Whether a name begins with one of them."""
        at = bisect_right(self._sorted, name)
        return at > 0 and name.startswith(self._sorted[at - 1])

    def may_be_below(self, folder: str) -> bool:
        """Whether a name in a folder, whose name ends with a slash, may begin with one of them."""
        at = bisect_right(self._sorted, folder)
        return self.begin(folder) or (at < len(self._sorted) and self._sorted[at].startswith(folder))

    def next_after(self, name: str) -> str | None:
        """The first of them that is after a name, which none of them begins."""
        at = bisect_right(self._sorted, name)
        return self._sorted[at] if at < len(self._sorted) else None

    def of(self, names: Iterable[str]) -> Iterator[str]:
        """Those of the names that begin with one of them."""
        return filter(self.begin, names)
