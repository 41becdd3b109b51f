"""Chooses which examples are held out, and the order in which examples are written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.order import interleaved
from assay_trainer.shards.sources import Source


def split(source: Source, held_out_percent: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (training indices, held-out indices) of a source, each shuffled, with classes interleaved, so that a
    window of it is a random subset with each class in proportion.

    The source's own split is kept. Without one, `held_out_percent` (1 to 99) of each class is held out, rounded, at
    least one example. Raises InvalidSource if a class has no example left to train on.
    """
    if not 0 <= seed < 2**32:
        raise InvalidSource(f"seed {seed}; allowed: 0 to {2**32 - 1}")
    # numpy promises that RandomState gives the same numbers in all its versions; of default_rng it does not.
    random = np.random.RandomState(seed)
    if source.held_out is None:
        if not 1 <= held_out_percent <= 99:
            raise InvalidSource(f"held-out percent {held_out_percent}; allowed: 1 to 99")
        held_out = np.zeros(len(source.labels), bool)
        for label in range(len(source.classes)):
            members = random.permutation(np.flatnonzero(source.labels == label))
            held_out[members[: max(1, round(len(members) * held_out_percent / 100))]] = True
    else:
        held_out = source.held_out
    for label, name in enumerate(source.classes):
        if not np.any(~held_out[source.labels == label]):
            raise InvalidSource(
                f"class {name}: no examples to train on; expected one or more, and one or more held out"
            )
    order = random.permutation(len(source.labels))
    parts = order[~held_out[order]], order[held_out[order]]
    train, held = (part[interleaved(source.labels[part])] for part in parts)
    return train, held
