"""The repository's Markdown pages, read as GitHub shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

_NOT_OURS = {".venv", ".uv", ".assay", ".git", "node_modules"}
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)(\w*).*$")
_HEADING = re.compile(r"^#{1,6} +(.*?)(?: +#+)?$")
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(<?([^)\s>]+)>?(?: +\"[^\"]*\")?\)")
_CODE_SPAN = re.compile(r"`([^`]+)`")
_NO_LETTER_OF_AN_ANCHOR = re.compile(r"[^\w\- ]")


class Block(NamedTuple):
    """A fenced block of code, with the word behind its fence."""

    language: str
    lines: tuple[str, ...]


class Page(NamedTuple):
    """A page: its text without blocks of code, and these."""

    path: Path
    text: str
    blocks: tuple[Block, ...]

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    def links(self) -> Iterator[str]:
        """Return where its links lead, as written."""
        prose = _CODE_SPAN.sub("", self.text.replace("\n", " "))
        yield from _LINK.findall(prose)

    def code_spans(self) -> Iterator[str]:
        """Return what stands between backticks within sentences."""
        yield from _CODE_SPAN.findall(self.text.replace("\n", " "))

    def anchors(self) -> set[str]:
        """The anchors that GitHub gives its headings."""
        found: dict[str, int] = {}
        for line in self.text.splitlines():
            if heading := _HEADING.match(line):
                anchor = _anchor(heading.group(1))
                found[anchor] = found.get(anchor, -1) + 1
        return {
            f"{anchor}-{number}" if number else anchor for anchor, last in found.items() for number in range(last + 1)
        }


def _anchor(heading: str) -> str:
    shown = _CODE_SPAN.sub(r"\1", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading))
    return _NO_LETTER_OF_AN_ANCHOR.sub("", shown.lower().strip()).replace(" ", "-")


@cache
def page(path: Path) -> Page:
    """The page in a file."""
    text: list[str] = []
    blocks: list[Block] = []
    fence, language, inside = "", "", list[str]()
    for line in path.read_text(encoding="utf-8").splitlines():
        found = _FENCE.match(line.lstrip() if fence else line) or (None if fence else _FENCE.match(line.lstrip()))
        if fence:
            if found and found.group(1).startswith(fence) and not found.group(2):
                blocks.append(Block(language, tuple(inside)))
                fence = ""
            else:
                inside.append(line)
        elif found:
            fence, language, inside = found.group(1), found.group(2), []
        else:
            text.append(line)
    assert not fence, f"{path}: a block of code has no end"
    return Page(path, "\n".join(text), tuple(blocks))


def pages() -> list[Page]:
    """Every Markdown page of the repository."""
    files = sorted(file for file in ROOT.rglob("*.md") if not _NOT_OURS.intersection(file.relative_to(ROOT).parts))
    return [page(file) for file in files]
