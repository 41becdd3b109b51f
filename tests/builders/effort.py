"""How hard a test tries to find a fault: as hard as it can where CI runs it, less hard where a person waits for it."""

from __future__ import annotations

import os

THOROUGH = bool(os.environ.get("CI"))


def tries(thorough: int, quick: int) -> int:
    """Return how many examples, or simulated studies, a test looks at: `thorough` in CI, `quick` elsewhere."""
    return thorough if THOROUGH else quick
