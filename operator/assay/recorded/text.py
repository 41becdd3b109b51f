"""Text of a table as people may see it: in errors, in sentences, as names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MANY = 12
_LONGEST = 60


def printable(text: str) -> str:
    """Return the text in one line, without what a terminal would act on."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else "\ufffd" for sign in text)


def shortened(value: Any, longest: int = _LONGEST) -> str:
    """Return a value as short printable text."""
    text = "nothing" if value is None else printable(str(value))
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"


def quoted(value: Any) -> str:
    """Return a cell as short printable text, in quotes if it is text; `nothing` for none."""
    return f"'{shortened(value)}'" if isinstance(value, str) else shortened(value)


def listed(names: Sequence[Any], joint: str = "or", most: int = MANY) -> str:
    """Return `a, b or c`; of very many names the first ones, and how many there are."""
    shown = [shortened(name) for name in names[:most]]
    if len(names) > most:
        return f"{', '.join(shown)}, … ({len(names)} in all)"
    return f" {joint} ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def counted(number: int, noun: str) -> str:
    """Return `1 row`, `2 rows`; a noun in -y gets -ies."""
    many = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number} {noun if number == 1 else many}"
