"""How large a part of the training data is."""

from __future__ import annotations


def subset_size(examples: int, percent: float) -> int:
    """Return how many of so many examples this percentage is, 0 to 100: rounded, and one at the least."""
    return max(1, round(examples * percent / 100))
