"""The order in which a stream of batches goes through blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BLOCKS, _WITHIN = 0xB10C, 0x3170  # two streams of numbers that have nothing to do with each other


def pools_of(
    rows: NDArray[np.int64], firsts: NDArray[np.int64], blocks_at_once: int, seed: int, epoch: int
) -> list[NDArray[np.int64]]:
    """Return the examples `rows`, ascending, in pools, each ascending: those of some blocks, drawn at random.

    `firsts` has the number of examples before each block, and in the end that of all. A stream reads a pool, shuffles
    it (`shuffled`) and goes on to the next: so its memory is bounded, and each block is read once.
    """
    bounds = np.searchsorted(rows, firsts)
    chunks = [(begin, end) for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True) if begin < end]
    order = np.random.default_rng([_BLOCKS, seed, epoch]).permutation(len(chunks))
    return [
        np.concatenate([rows[slice(*chunks[chunk])] for chunk in sorted(order[at : at + blocks_at_once].tolist())])
        for at in range(0, len(chunks), blocks_at_once)
    ]


def shuffled(examples: int, pool: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the places 0 to `examples` - 1 in the random order of a pool."""
    return np.random.default_rng([_WITHIN, seed, epoch, pool]).permutation(examples)
