"""What Arrow's reader of JSON can't be given: it dies of values within values, and takes hours over very many keys."""

from __future__ import annotations

import re

import numpy as np

from assay_trainer.shards.errors import InvalidSource

MOST_LEVELS = 200
MOST_KEYS = 20_000
"""The most different keys of the objects that are parsed at once: each is a column for all of them."""

_SAMPLE_BYTES, _SAMPLE_KEYS = 1 << 16, 1000
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:')


def check_parseable(block: bytes) -> None:
    """Raise InvalidSource for lines of JSON that Arrow should not be given."""
    if _levels(block) > MOST_LEVELS and _levels(_STRING.sub(b"", block)) > MOST_LEVELS:
        raise InvalidSource(f"JSON of more than {MOST_LEVELS} levels of values within values; allowed: {MOST_LEVELS}")
    if _keys(block[:_SAMPLE_BYTES]) > _SAMPLE_KEYS and (keys := _keys(block)) > MOST_KEYS:
        raise InvalidSource(
            f"JSON objects with {keys:,} different keys; allowed: {MOST_KEYS:,}, since each is a column: are they "
            "values?"
        )


def _keys(text: bytes) -> int:
    """Return how many different keys there are, at whatever level."""
    return len(set(_KEY.findall(text)))


def _levels(text: bytes) -> int:
    """Return how deep brackets lie within one another, those in strings among them."""
    found = np.frombuffer(text, np.uint8) | 0x20  # so that [ and { are one, and ] and }
    steps = (found == ord("{")).astype(np.int8) - (found == ord("}")).astype(np.int8)
    depths = np.cumsum(steps, dtype=np.int32)
    return int(depths.max(initial=0) - min(0, int(depths.min(initial=0))))
