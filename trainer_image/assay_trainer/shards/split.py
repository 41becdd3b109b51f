"""Chooses which examples are held out, and the order in which examples are written."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from assay_trainer.shards.errors import InvalidSource
from assay_trainer.shards.order import interleaved


class Splittable(Protocol):
    """What is known of examples before they are split."""

    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def labels(self) -> NDArray[np.int64]: ...
    @property
    def held_out(self) -> NDArray[np.bool_] | None: ...


def split(
    source: Splittable, held_out_percent: int, seed: int, groups: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (training indices, held-out indices) of a source, each shuffled, with classes interleaved, so that a
    window of it is a random subset with each class in proportion.

    The source's own split is kept. Without one, `held_out_percent` (1 to 99) of each class is held out, rounded, at
    least one example; with `groups` (n,), whole groups are, until about that percent of all examples. Raises
    InvalidSource if a class has no example left to train on, if nothing is held out, or if a group is in both parts.
    """
    if not 0 <= seed < 2**32:
        raise InvalidSource(f"seed {seed}; allowed: 0 to {2**32 - 1}")
    # numpy promises that RandomState gives the same numbers in all its versions; of default_rng it does not.
    random = np.random.RandomState(seed)
    if source.held_out is None:
        if not 1 <= held_out_percent <= 99:
            raise InvalidSource(f"held-out percent {held_out_percent}; allowed: 1 to 99")
        held_out = np.zeros(len(source.labels), bool)
        if groups is not None:
            held_out = _whole_groups(groups, held_out_percent, random)
        for label in range(len(source.classes)) if groups is None else ():
            members = random.permutation(np.flatnonzero(source.labels == label))
            held_out[members[: max(1, round(len(members) * held_out_percent / 100))]] = True
    else:
        held_out = source.held_out
    for label, name in enumerate(source.classes):
        if not np.any(~held_out[source.labels == label]):
            raise InvalidSource(
                f"class {name}: no examples to train on; expected one or more, and one or more held out"
            )
    if not held_out.any():
        raise InvalidSource("nothing is held out; expected one example or more")
    if groups is not None and (both := np.intersect1d(groups[held_out], groups[~held_out])).size:
        raise InvalidSource(f"{len(both):,} groups are in both parts of the source's own split; expected each in one")
    order = random.permutation(len(source.labels))
    parts = order[~held_out[order]], order[held_out[order]]
    train, held = (part[interleaved(source.labels[part])] for part in parts)
    return train, held


def _whole_groups(groups: NDArray[np.int64], percent: int, random: np.random.RandomState) -> NDArray[np.bool_]:
    """Return which examples are held out: those of shuffled groups, as long as their number comes nearer to the
    percent."""
    names, members = np.unique(groups, return_counts=True)
    if len(names) < 2:
        raise InvalidSource(f"{len(names)} groups; expected two or more, of which one or more are held out")
    order = random.permutation(len(names))
    wanted = len(groups) * percent / 100
    taken = np.cumsum(members[order])
    count = int(np.clip(np.argmin(np.abs(taken - wanted)) + 1, 1, len(names) - 1))
    return np.isin(groups, names[order[:count]])
