"""Says long lists of names in a few words."""

from __future__ import annotations

from collections.abc import Sequence

from assay_trainer.described import bounded, printable

SHOWN = 20
"""The names that are shown of a list."""


def listed(names: Sequence[str], shown: int = SHOWN) -> str:
    """Return names separated by commas: the first few, and how many more there are."""
    more = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return ", ".join(bounded(printable(each), 160) for each in names[:shown]) + more if names else "none"
