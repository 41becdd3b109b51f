"""Default limits on what is read from a store, and a way to find a few names among very many."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator

OBJECT_BYTES = 64 << 20
"""The most bytes of an object. Shards are larger; they are read with the size that the data set's manifest says."""

LISTED_NAMES = 1_000_000
"""The most names in a list."""

EVERYTHING = ("",)
"""The empty beginning, which all names have."""


class Beginnings:
    """Texts that select the names beginning with them; none of the texts begins with another one."""

    def __init__(self, beginnings: Collection[str]) -> None:
        """Keep the texts that are needed: where one begins with another, the shorter one suffices."""
        self._sorted: list[str] = []
        for each in sorted(set(beginnings)):
            if not self._sorted or not each.startswith(self._sorted[-1]):
                self._sorted.append(each)

    def first(self) -> str | None:
        """Return the first of the sorted texts; None if there are none."""
        return self._sorted[0] if self._sorted else None

    def begin(self, name: str) -> bool:
        """Return whether a name begins with one of the texts."""
        at = bisect_right(self._sorted, name)
        return at > 0 and name.startswith(self._sorted[at - 1])

    def may_be_below(self, folder: str) -> bool:
        """Return whether a name in this folder may begin with one of the texts. The folder's name ends with a slash."""
        at = bisect_right(self._sorted, folder)
        return self.begin(folder) or (at < len(self._sorted) and self._sorted[at].startswith(folder))

    def next_after(self, name: str) -> str | None:
        """Return the first text that sorts after a name which begins with none of them."""
        at = bisect_right(self._sorted, name)
        return self._sorted[at] if at < len(self._sorted) else None

    def of(self, names: Iterable[str]) -> Iterator[str]:
        """Return the names that begin with one of the texts."""
        return filter(self.begin, names)
