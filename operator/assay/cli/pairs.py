"""Options of the form NAME=VALUE, which may be given several times."""

from __future__ import annotations

from collections.abc import Iterable

from assay.api.errors import InvalidInput, Problem


def pairs(given: Iterable[str], command: str, option: str) -> dict[str, str]:
    """Return the values by their names. Raises InvalidInput if one is no pair, or a name is there twice."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise InvalidInput([Problem(command, option, repr(text), "NAME=VALUE")])
        if name in found:
            raise InvalidInput([Problem(command, option, f"{name} twice", "each name once")])
        found[name] = value
    return found
