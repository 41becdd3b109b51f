"""What is wrong with what a user wrote."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it is, what was given, what is allowed."""

    where: str
    """File with line and resource, or the resource alone: `study.yaml:12 (ProxyStudy/digits)`."""
    path: str
    """The field, such as `spec.proxies[2].subset`; empty: the whole document."""
    given: str
    allowed: str
    nearest: str | None = None
    """The valid name that was probably meant."""

    def __str__(self) -> str:
        place = f"{self.where}: {self.path}" if self.path else self.where
        meant = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{place}: given {self.given}; allowed: {self.allowed}{meant}"


class InvalidInput(Exception):
    """What the user wrote is wrong. It says every problem at once, a line each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class NotAllowed(InvalidInput):
    """What the user wrote is right in itself, and whoever installed Assay does not allow it."""


def nearest(name: object, valid: Iterable[str]) -> str | None:
    """Return the valid name that `name` looks like, whatever the case; None if it looks like none, or is one."""
    if not isinstance(name, str):
        return None
    by_lower = {word.lower(): word for word in valid}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    found = by_lower[close[0]] if close else None
    return None if found == name else found
