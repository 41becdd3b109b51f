"""Names of hypotheses and arms: those that people see, and those of resources."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable

_LONGEST = 63


def resource_name(text: str) -> str:
    """Return `text` as a DNS label: in lower case, without accents, with dashes for all else. It may be empty."""
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_LONGEST].strip("-")


def resource_names(texts: Collection[str], otherwise: str) -> dict[str, str]:
    """Return a DNS label for each text; where several would have the same, all but one get a number.

    A text that is a DNS label itself keeps it. What has no letter a to z and no digit is called `otherwise`.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    wanted = {text: resource_name(text) or otherwise for text in sorted(texts)}
    for text in sorted(wanted, key=lambda text: (text != wanted[text], text)):
        if wanted[text] not in taken:
            names[text] = wanted[text]
            taken.add(wanted[text])
    numbers: Counter[str] = Counter()
    for text, base in wanted.items():
        if text not in names:
            names[text] = _numbered(base, numbers, taken)
            taken.add(names[text])
    return names


def told_apart(texts: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what to show for each text, given as (text, how it may be shown): others are shown for other texts."""
    shown: dict[str, str] = {}
    taken: set[str] = set()
    numbers: Counter[str] = Counter()
    for text, wanted in texts:
        name = wanted
        while name in taken:
            numbers[wanted] += 1
            name = f"{wanted} ({numbers[wanted] + 1})"
        shown[text] = name
        taken.add(name)
    return shown


def _numbered(base: str, numbers: Counter[str], taken: Collection[str]) -> str:
    while True:
        numbers[base] += 1
        end = f"-{numbers[base] + 1}"
        name = base[: _LONGEST - len(end)].strip("-") + end
        if name not in taken:
            return name
