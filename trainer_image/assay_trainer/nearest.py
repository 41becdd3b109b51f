"""The nearest valid name, for messages about likely typing errors."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` with the allowed name nearest to `given`, or nothing if none is near."""
    by_folded = {name.casefold(): name for name in allowed}
    near = difflib.get_close_matches(given.casefold(), by_folded, n=1, cutoff=0.6)
    return f"; did you mean {by_folded[near[0]]!r}?" if near else ""
