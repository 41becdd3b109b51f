"""Columns are chosen here so that a table fits a terminal of any width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text


@dataclass(frozen=True, eq=False)
class Column:
    """One column with its cells, which are never cut."""

    header: str
    cells: Sequence[Text | str]
    importance: int | None = None
    """A column of higher importance gets its place sooner; one whose importance is None is always shown."""
    right: bool = False

    @property
    def width(self) -> int:
        """The characters that the widest cell or the header takes."""
        return max(len(self.header), *(len(cell) for cell in self.cells), 0)


def fitting(columns: Sequence[Column], width: int, gap: int) -> list[Column]:
    """Return the columns that fit into `width` characters, each with a gap before it, in their given order."""
    kept = [column for column in columns if column.importance is None]
    left = width - sum(column.width + gap for column in kept)
    for column in sorted(columns, key=lambda each: -(each.importance or 0)):
        if column.importance is not None and column.width + gap <= left:
            kept.append(column)
            left -= column.width + gap
    return sorted(kept, key=columns.index)
