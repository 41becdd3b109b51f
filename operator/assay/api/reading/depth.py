"""How deeply values may be nested: a free-form object may hold anything, but not every reader can follow it."""

from __future__ import annotations

from typing import Any

from assay.api.reading.yaml_documents import Location

DEEPEST = 100
"""The most levels of a manifest. The JSON reader gives up at 200, with a message that names no field."""

TOO_DEEP = "values nested too deeply"
ALLOWED = f"at most {DEEPEST} levels of lists and objects in a manifest"

_NAMED = 4
"""How many steps of a path are shown: they lead to the free-form field; what follows is the nonsense itself."""


def too_deep(manifest: Any) -> Location | None:
    """Return where values are nested too deeply, None if nowhere. Without recursion: the nesting may be endless."""
    waiting: list[tuple[Location, int, Any]] = [((), 1, manifest)]
    while waiting:
        location, level, value = waiting.pop()
        inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
        if inner is None:
            continue
        if level > DEEPEST:
            return location
        for step, each in inner:
            waiting.append(((*location, step) if len(location) < _NAMED else location, level + 1, each))
    return None
