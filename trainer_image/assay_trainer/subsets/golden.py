"""Where the subset of each seed begins, on a circle that all seeds share."""

from __future__ import annotations

GOLDEN = 0x9E3779B97F4A7C15
"""The golden ratio's fraction, 0.618…, in units of 2^-64: in whole numbers, every seed counts to its last digit."""


def start_of(seed: int, places: int) -> int:
    """Return where a seed of 0 or more begins among so many places: at the seed times the golden ratio, modulo 1, of
    the way round."""
    return (seed * GOLDEN % (1 << 64)) * places >> 64
