"""Many short texts in little memory."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import overload


class Texts(Sequence[str]):
    """Texts of which more are added at the end, each in its own bytes and eight more: an object has fifty more."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("q")

    def append(self, text: str) -> None:
        """Add a text; what is no Unicode, as in odd names of files, comes back as it was."""
        self._bytes += text.encode(errors="surrogatepass")
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"text {index} of {len(self)}")
        begin = self._ends[place - 1] if place else 0
        return self._bytes[begin : self._ends[place]].decode(errors="surrogatepass")
